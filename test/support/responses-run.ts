import { ResponsesStreamEncoder } from '../../src/protocols/responses/responses.stream.js';
import type { ResponsesReply } from '../../src/protocols/responses/responses-reply.js';
import { type JsonObject, UpstreamEvent } from '../../src/upstream/upstream-event.js';
import { readFrames } from './upstream-fixtures.js';

export const REPLY: ResponsesReply = {
  model: 'gpt-5.4',
  slug: 'gpt-5.4',
  codexClient: false,
  echo: {},
  asked: { instructions: 'Be short.', tools: [], tool_choice: 'auto', parallel_tool_calls: true, reasoning: null, text: {} },
  fallbackId: 'resp_fallback',
  createdAt: 1_787_000_001,
};
export const encoder = (change: Partial<ResponsesReply> = {}, retainBytes?: number): ResponsesStreamEncoder =>
  new ResponsesStreamEncoder({ ...REPLY, ...change }, retainBytes);
export const of = (...script: JsonObject[]): UpstreamEvent[] =>
  script.map((json) => UpstreamEvent.of(json as JsonObject & { type: string }));
export const run = (script: JsonObject[], change: Partial<ResponsesReply> = {}): JsonObject[] => {
  const { preamble, output } = encoder(change).encode(of(...script));
  return readFrames(preamble + output);
};
export const types = (events: readonly JsonObject[]): unknown[] => events.map(({ type }) => type);
export const responseOf = (event: JsonObject | undefined): JsonObject => event!.response as JsonObject;
export const CREATED = {
  type: 'response.created',
  response: { id: 'resp_1', model: 'gpt-5.4', status: 'in_progress', output: [] },
  sequence_number: 0,
};
export const COMPLETED = { type: 'response.completed', response: { id: 'resp_1', model: 'gpt-5.4', status: 'completed', output: [] } };
export const ITEM = { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content: [] };
