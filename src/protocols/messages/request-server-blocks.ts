import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';

/**
 * What the vendor's own tools did, told in a line: their results are opaque, and were made where we cannot look. Each line is a
 * statement, so that nothing in a transcript reads like an instruction.
 */
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const members = (value: unknown): JsonObject => (isObject(value) ? value : {});

const USES = new Set(['server_tool_use', 'mcp_tool_use']);
const RESULT = /_tool_result$/;

export const isServerBlock = (type: string): boolean => USES.has(type) || (RESULT.test(type) && type !== 'tool_result');

const listed = (entries: readonly string[]): string => (entries.length > 0 ? entries.join('; ') : 'none');

function failureOf(block: JsonObject): string | null {
  const code = members(block.content).error_code;
  return typeof code === 'string' ? code : null;
}

function found(block: JsonObject): string {
  const failure = failureOf(block);
  if (failure !== null) return `Error: ${failure}.`;
  const results = Array.isArray(block.content) ? block.content.filter(isObject) : [];
  return `Results: ${listed(results.map(({ title, url }) => (text(title) ? `${text(title)} (${text(url)})` : text(url))))}.`;
}

function searchLine(use: JsonObject | undefined, result: JsonObject | undefined): string {
  const query = use === undefined ? '' : ` for "${text(members(use.input).query)}"`;
  return `Web search${query}.${result === undefined ? '' : ` ${found(result)}`}`;
}

function toolsFound(block: JsonObject): string {
  const references = members(block.content).tool_references;
  const names = Array.isArray(references) ? references.map((reference) => text(members(reference).tool_name)) : [];
  return `Tools found: ${listed(names)}.`;
}

function resultLine(block: JsonObject, use: JsonObject | undefined): string {
  const type = text(block.type);
  if (type === 'web_search_tool_result') return searchLine(use, block);
  const failure = failureOf(block);
  const outcome = failure === null ? '' : ` Error: ${failure}.`;
  if (type === 'web_fetch_tool_result') {
    const url = text(members(block.content).url) || text(members(use?.input).url);
    return `Web page read${url ? `: ${url}` : ''}.${outcome}`;
  }
  if (type === 'tool_search_tool_result' && failure === null) return toolsFound(block);
  const name = text(use?.name) || type.replace(RESULT, '');
  return `Server tool used: ${name}.${outcome}`;
}

/** The blocks of server tools in one message. Use and result, which stand apart, are told together. */
export class ServerBlocks {
  readonly #uses = new Map<unknown, JsonObject>();
  readonly #answered = new Set<unknown>();

  /** `content`: all blocks of the message. */
  constructor(content: readonly unknown[]) {
    for (const block of content) {
      if (!isObject(block)) continue;
      if (USES.has(text(block.type))) this.#uses.set(block.id, block);
      else if (RESULT.test(text(block.type))) this.#answered.add(block.tool_use_id);
    }
  }

  /** The line of a block; null for a use that is told with its result. */
  line(block: JsonObject): string | null {
    if (!USES.has(text(block.type))) return resultLine(block, this.#uses.get(block.tool_use_id));
    if (this.#answered.has(block.id)) return null;
    return block.name === 'web_search' ? searchLine(block, undefined) : `Server tool used: ${text(block.name)}.`;
  }
}
