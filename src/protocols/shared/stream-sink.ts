import type { ByteString } from '../../common/byte-string.js';
import type { GatewayError } from '../../common/gateway-error.js';
import type { SseWriter } from '../../common/sse-writer.js';
import type { TurnHead, TurnSink } from '../../executor/turn-sink.js';
import type { UpstreamEvent } from '../../upstream/upstream-event.js';
import type { StreamEncoder } from './stream-encoder.js';

/** Response headers a dialect adds to its stream. */
export type StreamHeaders = (head: TurnHead) => Record<string, string>;

/** A turn that is streamed: a dialect's encoder in front of the connection. Headers leave with the first output, or at the hold. */
export class StreamSink implements TurnSink {
  #head: TurnHead = { upstreamHeaders: {}, ignored: [], scope: '' };
  #preamble: ByteString = '';
  #preambleSent = false;
  #committed = false;
  #opened = false;

  constructor(
    private readonly encoder: StreamEncoder,
    private readonly writer: SseWriter,
    private readonly headers: StreamHeaders,
  ) {}

  get committed(): boolean {
    return this.#committed;
  }

  begin(head: TurnHead): void {
    this.#head = head;
    this.#preamble = '';
    this.encoder.restart(this.#preambleSent, head);
  }

  accept(events: readonly UpstreamEvent[]): void {
    const { preamble, output } = this.encoder.encode(events);
    if (preamble !== '') this.#preamble += preamble;
    if (output !== '') this.#committed = true;
    if (output !== '' || (this.#opened && preamble !== '')) this.#send(output);
  }

  hold(): void {
    if (!this.#opened) this.#send(this.encoder.hold());
  }

  get satisfied(): boolean {
    return this.encoder.satisfied;
  }

  drain(): Promise<void> | null {
    return this.writer.drain();
  }

  end(): void {
    const rest = this.encoder.satisfied ? this.encoder.finish() : '';
    if (rest !== '' || !this.#opened) this.#send(rest);
    this.writer.end();
  }

  fail(error: GatewayError): boolean {
    if (!this.#opened) return false;
    if (error.kind === 'client_closed') this.writer.destroy();
    else {
      this.#send(this.encoder.fail(error));
      this.writer.end();
    }
    return true;
  }

  /** One write: whatever preamble waits goes in front. */
  #send(frames: ByteString): void {
    if (!this.#opened) {
      this.#opened = true;
      this.writer.open(this.headers(this.#head));
    }
    let bytes = frames;
    if (this.#preamble !== '') {
      bytes = this.#preamble + frames;
      this.#preamble = '';
      this.#preambleSent = true;
    }
    if (bytes !== '') this.writer.write(bytes);
  }
}
