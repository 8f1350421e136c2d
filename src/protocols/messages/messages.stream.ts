import type { ByteString } from '../../common/byte-string.js';
import type { GatewayError } from '../../common/gateway-error.js';
import type { TurnHead } from '../../executor/turn-sink.js';
import type { UpstreamEvent } from '../../upstream/upstream-event.js';
import type { EncodedChunk, StreamEncoder } from '../shared/stream-encoder.js';
import { BlockFrames, PING } from './block-frames.js';
import { MessageTurn } from './message-turn.js';
import type { MessagesReply } from './messages-reply.js';

const NOTHING: EncodedChunk = { preamble: '', output: '', ended: true };

/** The Messages dialect as a stream. `message_start` and the ping behind it commit nothing. */
export class MessagesStreamEncoder implements StreamEncoder {
  readonly #frames: BlockFrames;
  readonly #turn: MessageTurn;
  /** `message_start` went out with the header hold. */
  #held = false;

  /** `callId`: makes the id of a call for which upstream has none. */
  constructor(
    private readonly reply: MessagesReply,
    callId?: () => string,
  ) {
    this.#frames = new BlockFrames(reply);
    this.#turn = new MessageTurn(reply, this.#frames, callId);
  }

  restart(preambleSent: boolean, head: TurnHead): void {
    this.#frames.restart(preambleSent || this.#held);
    this.#turn.restart(head);
  }

  encode(events: readonly UpstreamEvent[]): EncodedChunk {
    if (this.#frames.ended) return NOTHING;
    this.#turn.accept(events);
    return this.#frames.take();
  }

  keepAlive(): ByteString {
    return PING;
  }

  hold(): ByteString {
    if (this.#frames.begun) return PING;
    this.#held = true;
    this.#frames.begin(this.reply.fallbackId, 'standard');
    return this.#frames.take().preamble;
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
