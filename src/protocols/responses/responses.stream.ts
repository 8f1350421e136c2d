import type { ByteString } from '../../common/byte-string.js';
import type { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject, UpstreamEvent } from '../../upstream/upstream-event.js';
import { FrameBuffer } from '../shared/frame-buffer.js';
import type { EncodedChunk, StreamEncoder } from '../shared/stream-encoder.js';
import type { EventOutput } from './event-output.js';
import { inBandError } from './responses.errors.js';
import type { ResponsesReply } from './responses-reply.js';
import { ResponsesTranscript } from './responses-transcript.js';
import { SequenceNumbers } from './sequence-numbers.js';

/** Comments do not reset the idle timer of official Codex clients; events of a type they do not know do. */
const CODEX_KEEP_ALIVE = 'event: codex.keepalive\ndata: {"type":"codex.keepalive"}\n\n';
const KEEP_ALIVE = ': keep-alive\n\n';

/** The Responses dialect as a stream. Frames that need no change are copied as they came. */
export class ResponsesStreamEncoder implements StreamEncoder, EventOutput {
  readonly #numbers = new SequenceNumbers();
  readonly #transcript: ResponsesTranscript;
  readonly #preamble = new FrameBuffer();
  readonly #output = new FrameBuffer();
  #hasOutput = false;

  constructor(
    private readonly reply: ResponsesReply,
    retainBytes?: number,
  ) {
    this.#transcript = new ResponsesTranscript(reply, this, retainBytes);
  }

  restart(preambleSent: boolean): void {
    this.#transcript.restart(preambleSent);
    this.#hasOutput = false;
    if (preambleSent) this.#numbers.takeOver();
    else this.#numbers.reset();
  }

  encode(events: readonly UpstreamEvent[]): EncodedChunk {
    for (const event of events) this.#transcript.accept(event);
    return this.#flush();
  }

  keepAlive(): ByteString {
    return this.reply.codexClient ? CODEX_KEEP_ALIVE : KEEP_ALIVE;
  }

  hold(): ByteString {
    return this.keepAlive();
  }

  readonly satisfied = false;

  finish(): ByteString {
    return '';
  }

  fail(error: GatewayError): ByteString {
    this.#transcript.fail(inBandError(error, this.reply.codexClient));
    const { preamble, output } = this.#flush();
    return preamble + output;
  }

  pass(event: UpstreamEvent, preamble: boolean): void {
    const frame = this.#numbers.pass(event);
    const buffer = this.#buffer(preamble);
    if (frame === null) buffer.appendPiece(event.text, event.start, event.end);
    else buffer.append(frame);
  }

  rewrite(json: JsonObject, preamble: boolean): void {
    this.#buffer(preamble).append(this.#numbers.rewrite(json));
  }

  insert(json: JsonObject, preamble: boolean): void {
    this.#buffer(preamble).append(this.#numbers.insert(json));
  }

  #buffer(preamble: boolean): FrameBuffer {
    if (preamble && !this.#hasOutput) return this.#preamble;
    this.#hasOutput = true;
    return this.#output;
  }

  #flush(): EncodedChunk {
    return { preamble: this.#preamble.take(), output: this.#output.take(), ended: this.#transcript.final !== null };
  }
}
