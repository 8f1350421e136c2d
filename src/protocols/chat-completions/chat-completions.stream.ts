import type { ByteString } from '../../common/byte-string.js';
import type { GatewayError } from '../../common/gateway-error.js';
import type { UpstreamEvent } from '../../upstream/upstream-event.js';
import type { EncodedChunk, StreamEncoder } from '../shared/stream-encoder.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';
import { CompletionTurn } from './completion-turn.js';
import { DeltaFrames } from './delta-frames.js';

/** A comment: SDKs take every event for JSON, an empty one, too. */
const KEEP_ALIVE = ': keep-alive\n\n';
const NOTHING: EncodedChunk = { preamble: '', output: '', ended: true };

/** Chat Completions as a stream. The chunk with the role commits nothing. */
export class ChatCompletionsStreamEncoder implements StreamEncoder {
  readonly #frames: DeltaFrames;
  readonly #turn: CompletionTurn;

  /** `callId`: makes the id of a call for which upstream has none. */
  constructor(reply: ChatCompletionsReply, callId?: () => string) {
    this.#frames = new DeltaFrames(reply);
    this.#turn = new CompletionTurn(reply, this.#frames, callId);
  }

  restart(preambleSent: boolean): void {
    this.#frames.restart(preambleSent);
    this.#turn.restart();
  }

  encode(events: readonly UpstreamEvent[]): EncodedChunk {
    if (this.#frames.ended) return NOTHING;
    this.#turn.accept(events);
    return this.#frames.take();
  }

  keepAlive(): ByteString {
    return KEEP_ALIVE;
  }

  /** What a chunk says of the turn is not known before upstream has said it, and a comment is enough for every client. */
  hold(): ByteString {
    return KEEP_ALIVE;
  }

  get satisfied(): boolean {
    return this.#turn.satisfied;
  }

  finish(): ByteString {
    if (this.#frames.ended) return '';
    this.#turn.finish();
    return this.#frames.take().output;
  }

  fail(error: GatewayError): ByteString {
    if (this.#frames.ended) return '';
    this.#frames.fail(error);
    return this.#frames.take().output;
  }
}
