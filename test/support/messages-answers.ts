import { fromBytes } from '../../src/common/byte-string.js';
import { GatewayError } from '../../src/common/gateway-error.js';
import { MessagesFold } from '../../src/protocols/messages/messages.response.js';
import { MessagesStreamEncoder } from '../../src/protocols/messages/messages.stream.js';
import type { MessagesReply } from '../../src/protocols/messages/messages-reply.js';
import type { ToolNames } from '../../src/protocols/shared/tool-names.js';
import type { JsonObject } from '../../src/upstream/upstream-event.js';
import type { Json } from './sse-frames.js';
import { decodeEvents } from './upstream-fixtures.js';

export const MESSAGES_REPLY: MessagesReply = {
  model: 'claude-opus-4-8',
  slug: 'gpt-5.4',
  thinking: 'shown',
  webSearch: true,
  names: { original: (name: string) => name } as ToolNames,
  stops: [],
  dropEmptyArguments: new Map([['Read', new Set(['pages'])]]),
  inputEstimate: () => 77,
  fallbackId: 'msg_fallback',
  requestId: 'req_1',
};
export const HEAD = { upstreamHeaders: {}, ignored: [], scope: 'scope-1' };
const CUT = new GatewayError('truncated', 'upstream closed the stream before it finished');

/** Ids for calls without one, the same in each answer. */
const callIds = (): (() => string) => {
  let n = 0;
  return () => `call_made_${n++}`;
};

export interface Reading {
  /** With the literals of deltas, or with every event parsed. */
  readonly hot?: boolean;
  /** How many events arrive at a time. */
  readonly chunk?: number;
}

/** The whole stream that a client sees, as text; a script without an end is a stream that upstream cut. */
export function messagesStream(script: readonly JsonObject[], reply: Partial<MessagesReply> = {}, reading: Reading = {}): string {
  const encoder = new MessagesStreamEncoder({ ...MESSAGES_REPLY, ...reply }, callIds());
  encoder.restart(false, HEAD);
  const events = decodeEvents(script, reading.hot ?? true);
  const size = reading.chunk ?? events.length + 1;
  let bytes = '';
  for (let i = 0; i < events.length; i += size) {
    const { preamble, output } = encoder.encode(events.slice(i, i + size));
    bytes += preamble + output;
  }
  return fromBytes(bytes + (encoder.satisfied ? encoder.finish() : encoder.fail(CUT)));
}

/** The JSON answer, or the `GatewayError` it is refused with. */
export function messagesAnswer(script: readonly JsonObject[], reply: Partial<MessagesReply> = {}): Json {
  const fold = new MessagesFold({ ...MESSAGES_REPLY, ...reply }, callIds());
  fold.restart(HEAD);
  fold.accept(decodeEvents(script));
  try {
    return JSON.parse(fold.json());
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}
