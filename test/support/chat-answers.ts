import { fromBytes } from '../../src/common/byte-string.js';
import { GatewayError } from '../../src/common/gateway-error.js';
import { ChatCompletionsFold } from '../../src/protocols/chat-completions/chat-completions.response.js';
import { ChatCompletionsStreamEncoder } from '../../src/protocols/chat-completions/chat-completions.stream.js';
import type { ChatCompletionsReply } from '../../src/protocols/chat-completions/chat-completions-reply.js';
import type { ToolNames } from '../../src/protocols/shared/tool-names.js';
import type { JsonObject } from '../../src/upstream/upstream-event.js';
import type { Json } from './sse-frames.js';
import { decodeEvents } from './upstream-fixtures.js';

export const CHAT_REPLY: ChatCompletionsReply = {
  model: 'my-alias',
  includeUsage: false,
  legacyFunctions: false,
  names: { original: (name: string) => name } as ToolNames,
  stops: [],
  fallbackId: 'chatcmpl-fallback',
  createdAt: 1_787_000_001,
  inputEstimate: () => 40,
};
const CUT = new GatewayError('truncated', 'upstream closed the stream before it finished');

/** Ids for calls without one, the same in each answer. */
const callIds = (): (() => string) => {
  let n = 0;
  return () => `call_made_${n++}`;
};

export interface ChatPacing {
  /** With the literals of deltas, or with every event parsed. */
  readonly hot?: boolean;
  /** How many events arrive at a time. */
  readonly chunk?: number;
}

/** The whole stream that a client sees, as text; a script without an end is a stream that upstream cut. */
export function chatStream(script: readonly JsonObject[], reply: Partial<ChatCompletionsReply> = {}, pacing: ChatPacing = {}): string {
  const encoder = new ChatCompletionsStreamEncoder({ ...CHAT_REPLY, ...reply }, callIds());
  encoder.restart(false);
  const events = decodeEvents(script, pacing.hot ?? true);
  const size = pacing.chunk ?? events.length + 1;
  let bytes = '';
  for (let i = 0; i < events.length; i += size) {
    const { preamble, output } = encoder.encode(events.slice(i, i + size));
    bytes += preamble + output;
  }
  return fromBytes(bytes + (encoder.satisfied ? encoder.finish() : encoder.fail(CUT)));
}

/** The JSON answer, or the error it is refused with. */
export function chatAnswer(script: readonly JsonObject[], reply: Partial<ChatCompletionsReply> = {}): Json {
  const fold = new ChatCompletionsFold({ ...CHAT_REPLY, ...reply }, callIds());
  fold.restart();
  fold.accept(decodeEvents(script));
  try {
    return JSON.parse(fold.json());
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}
