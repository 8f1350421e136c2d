import { describe, expect, it } from '@jest/globals';
import { CHAT_REPLY } from '../../../test/support/chat-answers.js';
import { HEAD, MESSAGES_REPLY } from '../../../test/support/messages-answers.js';
import { encoder as responsesEncoder, REPLY } from '../../../test/support/responses-run.js';
import { collectGarbage } from '../../common/collect-garbage.js';
import { SseDecoder } from '../../upstream/sse-decoder.js';
import type { JsonObject, UpstreamEvent } from '../../upstream/upstream-event.js';
import { ChatCompletionsFold } from '../chat-completions/chat-completions.response.js';
import { ChatCompletionsStreamEncoder } from '../chat-completions/chat-completions.stream.js';
import { MessagesFold } from '../messages/messages.response.js';
import { MessagesStreamEncoder } from '../messages/messages.stream.js';
import { ResponsesFold } from '../responses/responses.response.js';
import type { StreamEncoder } from './stream-encoder.js';
import type { TurnFold } from './turn-fold.js';

const CHUNKS = 60;
const CHUNK_BYTES = 64 * 1024;
/** What two chunks take, with room for what else happens on the heap. */
const ENOUGH_BYTES = 1024 * 1024;

type Take = (events: readonly UpstreamEvent[]) => unknown;

const encoding = (encoder: StreamEncoder): Take => {
  encoder.restart(false, HEAD);
  return (events) => encoder.encode(events);
};
const accepting = (fold: TurnFold): Take => {
  fold.restart(HEAD);
  return (events) => fold.accept(events);
};
const DIALECTS: Record<string, () => Take> = {
  'a Chat Completions stream': () => encoding(new ChatCompletionsStreamEncoder(CHAT_REPLY)),
  'a Messages stream': () => encoding(new MessagesStreamEncoder(MESSAGES_REPLY)),
  'a Responses stream': () => encoding(responsesEncoder()),
  'a completion': () => accepting(new ChatCompletionsFold(CHAT_REPLY)),
  'a message': () => accepting(new MessagesFold(MESSAGES_REPLY)),
  'a Response': () => accepting(new ResponsesFold(REPLY)),
};

const chunk = (i: number, ...events: JsonObject[]): Buffer => {
  const frames = events.map((json) => `event: ${String(json.type)}\ndata: ${JSON.stringify({ ...json, sequence_number: i })}\n\n`);
  return Buffer.from(`: ${'x'.repeat(CHUNK_BYTES)}\n${frames.join('')}`);
};

const AT = { item_id: 'item_1', output_index: 0 };
const KINDS = {
  text: { item: { type: 'message', role: 'assistant', content: [] }, piece: { type: 'response.output_text.delta', content_index: 0 } },
  arguments: {
    item: { type: 'function_call', call_id: 'call_1', name: 'one', arguments: '' },
    piece: { type: 'response.function_call_arguments.delta' },
  },
};
const CASES = (['text', 'arguments'] as const).flatMap((kind) => [4, 12, 13, 40].map((length) => ({ kind, length })));

describe.each(Object.entries(DIALECTS))('%s on its way', (_, open) => {
  it.each(CASES)('does not keep the network chunks of $kind in pieces of $length characters', async ({ kind, length }) => {
    const { item, piece } = KINDS[kind];
    const decoder = new SseDecoder();
    const take = open();
    take(decoder.push(chunk(0, { type: 'response.created', response: { id: 'resp_1', output: [] } })));
    take(decoder.push(chunk(1, { type: 'response.output_item.added', output_index: 0, item: { ...item, id: AT.item_id } })));
    await collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 2; i < CHUNKS; i++) take(decoder.push(chunk(i, { ...piece, ...AT, delta: String(i).padEnd(length, '.') })));
    await collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(ENOUGH_BYTES);
    // Both are alive until here.
    take(decoder.end());
  });
});
