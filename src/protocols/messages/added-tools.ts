import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';

/** A tool with its place in the body (`messages.2.content.0.tool.definition`). */
export interface PlacedTool {
  readonly tool: unknown;
  readonly at: string;
}

/** Whether a `tool_addition` block carries the tool itself, and not only its name. */
export const definesTool = ({ tool }: JsonObject): boolean => isObject(tool) && tool.type === 'tool_definition';

const namesOf = (tools: unknown): unknown[] => (Array.isArray(tools) ? tools.map((tool: unknown) => isObject(tool) && tool.name) : []);

function* additionsOf(block: unknown, at: string): Generator<[addition: JsonObject, at: string]> {
  if (!isObject(block)) return;
  if (block.type === 'tool_addition') yield [block, at];
  if (block.type !== 'compaction' || !Array.isArray(block.tool_changes)) return;
  for (const [i, change] of (block.tool_changes as unknown[]).entries()) {
    if (isObject(change) && change.type === 'tool_addition') yield [change, `${at}.tool_changes.${i}`];
  }
}

/**
 * Tools that are defined in the middle of the conversation. The backend is told of tools at the beginning only, so they are there from it,
 * each name once: as it was defined last, unless it is among `declared`, the tools at the top of the body.
 */
export function addedTools(messages: readonly unknown[], declared: unknown): PlacedTool[] {
  const added = new Map<unknown, PlacedTool>();
  for (const [i, message] of messages.entries()) {
    if (!isObject(message) || !Array.isArray(message.content)) continue;
    for (const [j, block] of (message.content as unknown[]).entries()) {
      for (const [addition, at] of additionsOf(block, `messages.${i}.content.${j}`)) {
        if (!definesTool(addition)) continue;
        const tool = (addition.tool as JsonObject).definition;
        added.set(isObject(tool) ? tool.name : at, { tool, at: `${at}.tool.definition` });
      }
    }
  }
  if (added.size > 0) for (const name of namesOf(declared)) added.delete(name);
  return [...added.values()];
}
