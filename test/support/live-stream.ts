import { framesOf, ResponsesAnswer, SseFrame } from './sse-frames.js';

/** A stream that is read while it comes. */
export class LiveStream {
  text = '';
  /** True when the server has ended it, well or badly. */
  ended = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();

  constructor(private readonly response: Response) {
    this.#reader = response.body!.getReader();
  }

  /** Resolves when the headers are there. */
  static async of(pending: Promise<Response>): Promise<LiveStream> {
    return new LiveStream(await pending);
  }

  get status(): number {
    return this.response.status;
  }

  /** Whole frames so far. */
  get frames(): SseFrame[] {
    return framesOf(this.text.slice(0, this.text.lastIndexOf('\n\n') + 2));
  }

  /** Reads on until the text matches; rejects when it ends before. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      if (this.ended) throw new Error(`the stream ended without ${pattern}: ${JSON.stringify(this.text.slice(-2000))}`);
      await this.#read();
    }
  }

  /** Reads the rest. Rejects if the connection breaks. */
  async rest(): Promise<ResponsesAnswer> {
    while (!this.ended) await this.#read();
    return new ResponsesAnswer(this.status, this.response.headers, this.text);
  }

  async #read(): Promise<void> {
    const { done, value } = await this.#reader.read();
    this.ended = done;
    if (value) this.text += this.#decoder.decode(value, { stream: true });
  }
}
