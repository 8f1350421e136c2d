import { stringifyJson } from '../../common/stringify-json.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { codeCallId } from '../shared/call-id.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { decodeSignature } from '../shared/reasoning-signature.js';
import type { ToolNames } from '../shared/tool-names.js';
import { HistoryWriter } from './history-writer.js';
import { definesTool } from './added-tools.js';
import { isAttribution } from './request-fields.js';
import { documentParts, imagePart, inputText, searchResultPart } from './request-media.js';
import { objectIn, refused, requiredString, stringIn, unknownTag } from './request-readers.js';
import { isServerBlock, ServerBlocks } from './request-server-blocks.js';
import { toolResultItem } from './request-tool-result.js';

/** What the blocks of a history are written into. */
export interface History {
  readonly writer: HistoryWriter;
  readonly names: ToolNames;
  /** Replayed reasoning that only accounts of one scope can read. */
  readonly scoped: Map<JsonObject, string>;
  readonly ignored: IgnoredFields;
}

/** A block with its place, and what is known of the blocks around it. */
export interface PlacedBlock {
  readonly block: JsonObject;
  readonly type: string;
  /** `messages.0.content.1` */
  readonly at: string;
  readonly server: () => ServerBlocks;
}

type Rule = (placed: PlacedBlock, history: History) => void;

const outputText = (text: string): JsonObject => ({ type: 'output_text', text });

const textOf = ({ block, at }: PlacedBlock): string => requiredString(block.text, `${at}.text`);

/**
 * Changes of the tools in the middle of a conversation, as all tools are there from the beginning; and what the vendor notes of itself: that
 * another model took over, which tools one of its servers has.
 */
const leftOut: Rule = ({ type, block }, { ignored }) => {
  if (type !== 'tool_addition' || !definesTool(block)) ignored.add(`messages.${type}`);
};

const userRules: Readonly<Record<string, Rule>> = {
  text: (placed, { writer }) => writer.part('user', inputText(textOf(placed))),
  image: ({ block, at }, { writer }) => writer.part('user', imagePart(block, at)),
  document: ({ block, at }, { writer }) => {
    for (const part of documentParts(block, at)) writer.part('user', part);
  },
  search_result: ({ block, at }, { writer }) => writer.part('user', searchResultPart(block, at)),
  tool_result: ({ block, at }, { writer }) => writer.item(toolResultItem(block, at)),
  tool_addition: leftOut,
  tool_removal: leftOut,
};

function toolUse({ block, at }: PlacedBlock, { writer, names }: History): void {
  const id = requiredString(block.id, `${at}.id`);
  const name = requiredString(block.name, `${at}.name`);
  if (id === '') throw refused(`${at}.id`, 'String should have at least 1 character');
  if (name === '') throw refused(`${at}.name`, 'String should have at least 1 character');
  const input = objectIn(block.input, `${at}.input`);
  writer.item({
    type: 'function_call',
    call_id: codeCallId(id),
    name: names.code(name),
    arguments: input === undefined ? '{}' : stringifyJson(input),
  });
}

/** Thinking is replayed as the ciphertext in its signature; its text is for people. A signature that is not ours cannot be read by the backend. */
const replay =
  (member: 'signature' | 'data'): Rule =>
  ({ block, at, type }, { writer, scoped, ignored }) => {
    const sealed = decodeSignature(stringIn(block[member], `${at}.${member}`));
    if (sealed === null) return ignored.add(`messages.${type}`);
    const item: JsonObject = { type: 'reasoning', summary: [], encrypted_content: sealed.encryptedContent };
    if (sealed.scope !== null) scoped.set(item, sealed.scope);
    writer.item(item);
  };

const assistantRules: Readonly<Record<string, Rule>> = {
  text: (placed, { writer }) => writer.part('assistant', outputText(textOf(placed))),
  tool_use: toolUse,
  thinking: replay('signature'),
  redacted_thinking: replay('data'),
  compaction: ({ block, at }, { writer, ignored }) => {
    const summary = stringIn(block.content, `${at}.content`) ?? '';
    if (summary === '') return ignored.add('messages.compaction');
    writer.part('developer', inputText(summary));
    writer.flush();
  },
  tool_addition: leftOut,
  tool_removal: leftOut,
  fallback: leftOut,
  mcp_tool_listing: leftOut,
};

const serverBlock: Rule = ({ block, server }, { writer }) => {
  const line = server().line(block);
  if (line !== null) writer.part('assistant', outputText(line));
};

const systemRules: Readonly<Record<string, Rule>> = {
  text: (placed, { writer }) => {
    const text = textOf(placed);
    if (!isAttribution(text)) writer.part('developer', inputText(text));
  },
  tool_addition: leftOut,
  tool_removal: leftOut,
};

const RULES = { user: userRules, assistant: assistantRules, system: systemRules } as const;

export type MessageRole = keyof typeof RULES;

const ROLES: readonly MessageRole[] = ['user', 'assistant', 'system'];

function ruleOf(role: MessageRole, { type, at }: PlacedBlock): Rule {
  const rules = RULES[role];
  if (Object.hasOwn(rules, type)) return rules[type]!;
  const server = isServerBlock(type);
  if (server && role === 'assistant') return serverBlock;
  const path = `${at}.type`;
  if (type === 'container_upload') throw refused(path, 'Container uploads are not supported here');
  const other = server ? 'assistant' : ROLES.find((candidate) => Object.hasOwn(RULES[candidate], type));
  if (other === undefined) throw unknownTag(path, type, Object.keys(rules));
  throw refused(path, `\`${type}\` blocks can only be in \`${other}\` messages`);
}

export const writeBlock = (role: MessageRole, placed: PlacedBlock, history: History): void => ruleOf(role, placed)(placed, history);
