import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';
import type { PartKind } from './text-events.js';

const ID_PREFIX: Readonly<Record<string, string>> = {
  message: 'msg_',
  reasoning: 'rs_',
  function_call: 'fc_',
  custom_tool_call: 'ctc_',
  web_search_call: 'ws_',
  image_generation_call: 'ig_',
};

/** An id for an item that upstream left without one; the same whenever it is asked for. */
export const madeUpItemId = (type: string, responseId: string, index: number): string =>
  `${ID_PREFIX[type] ?? 'item_'}${responseId.replace(/^resp_/, '')}_${index}`;

/** A content part as clients expect it: typed clients choke on text parts without their lists. The same object if complete. */
export function completePart(part: unknown): unknown {
  if (!isObject(part) || part.type !== 'output_text') return part;
  if (Array.isArray(part.annotations) && Array.isArray(part.logprobs)) return part;
  return { ...part, annotations: part.annotations ?? [], logprobs: part.logprobs ?? [] };
}

/** An item whose text parts are complete. The same object if they are. */
export function completeItem(item: JsonObject): JsonObject {
  if (item.type !== 'message' || !Array.isArray(item.content)) return item;
  const content = item.content.map(completePart);
  return content.every((part, i) => part === (item.content as unknown[])[i]) ? item : { ...item, content };
}

/** A part before its text has come. */
export function emptyPart(kind: PartKind): JsonObject {
  if (kind === 'output_text') return { type: kind, text: '', annotations: [], logprobs: [] };
  return kind === 'refusal' ? { type: kind, refusal: '' } : { type: kind, text: '' };
}

/** An item as it is announced, before any of its content has come. `item`: what is known of it. */
export function announcedItem(item: JsonObject): JsonObject {
  switch (item.type) {
    case 'message':
      return { ...item, status: 'in_progress', role: 'assistant', content: [] };
    case 'reasoning':
      return { ...item, summary: [] };
    case 'function_call':
      return { ...item, status: 'in_progress', arguments: '' };
    case 'custom_tool_call':
      return { ...item, input: '' };
    case 'image_generation_call':
      return { ...item, status: 'in_progress', result: null };
    default:
      return { ...item, status: 'in_progress' };
  }
}
