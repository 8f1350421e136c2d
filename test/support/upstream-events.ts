import type { JsonObject } from '../../src/upstream/upstream-event.js';

/** Events as a backend sends them, one function a type; `null` leaves a member out. */
export const CREATED: JsonObject = { type: 'response.created', response: { id: 'resp_1', created_at: 1, service_tier: 'default' } };
export const COMPLETED: JsonObject = { type: 'response.completed', response: { status: 'completed', output: [] } };

export const terminal = (response: JsonObject, type = 'response.completed', rest: JsonObject = {}): JsonObject => ({
  type,
  ...rest,
  response,
});
export const added = (index: number | null, item: JsonObject): JsonObject => ({
  type: 'response.output_item.added',
  ...(index !== null && { output_index: index }),
  item,
});
export const done = (index: number | null, item: JsonObject): JsonObject => ({ ...added(index, item), type: 'response.output_item.done' });
export const at = (index: number | null, id: string | null): JsonObject => ({
  ...(id !== null && { item_id: id }),
  ...(index !== null && { output_index: index }),
});
export const text = (index: number | null, id: string | null, delta: string, part = 0): JsonObject => ({
  type: 'response.output_text.delta',
  ...at(index, id),
  content_index: part,
  delta,
});
export const textDone = (index: number, whole: unknown, part = 0): JsonObject => ({
  type: 'response.output_text.done',
  ...at(index, null),
  content_index: part,
  text: whole,
});
export const args = (index: number | null, id: string | null, delta: string): JsonObject => ({
  type: 'response.function_call_arguments.delta',
  ...at(index, id),
  delta,
});
export const argsDone = (index: number, whole: string, more: JsonObject = {}): JsonObject => ({
  type: 'response.function_call_arguments.done',
  ...at(index, null),
  arguments: whole,
  ...more,
});
export const summary = (index: number, delta: string, part = 0): JsonObject => ({
  type: 'response.reasoning_summary_text.delta',
  ...at(index, null),
  summary_index: part,
  delta,
});
export const summaryPart = (index: number, part: number): JsonObject => ({
  type: 'response.reasoning_summary_part.added',
  ...at(index, null),
  summary_index: part,
  part: { type: 'summary_text', text: '' },
});
export const raw = (index: number, delta: string, part = 0): JsonObject => ({
  type: 'response.reasoning_text.delta',
  ...at(index, null),
  content_index: part,
  delta,
});

export const message = (id: string, ...texts: string[]): JsonObject => ({
  id,
  type: 'message',
  content: texts.map((one) => ({ type: 'output_text', text: one, annotations: [] })),
});
export const call = (id: string, name: string | null, whole = ''): JsonObject => ({
  id,
  type: 'function_call',
  call_id: `call_${id}`,
  ...(name !== null && { name }),
  arguments: whole,
});
export const reasoning = (...texts: string[]): JsonObject => ({
  id: 'rs_1',
  type: 'reasoning',
  summary: texts.map((one) => ({ type: 'summary_text', text: one })),
});
export const image = (id: string, result: unknown, format = 'png'): JsonObject => ({
  id,
  type: 'image_generation_call',
  result,
  output_format: format,
});
