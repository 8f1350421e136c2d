import type { FastifyReply } from 'fastify';
import type { KeepAliveTarget, KeepAliveTicker } from './keep-alive-ticker.js';
import type { SseWriter } from './sse-writer.js';

const JSON_TYPE = 'application/json; charset=utf-8';
/** White space in front of a JSON text is part of no value; a line break also gets through what buffers by lines. */
export const BLANK = '\n';

/**
 * One JSON body for a client whose connection must not fall silent. From `watch` on every silent interval puts a blank in front of the
 * body; the first one decides status 200 and the headers. Until then the reply is untouched and may still become an error with a
 * real status. After the client has left every call is harmless.
 */
export class JsonAnswer implements KeepAliveTarget {
  place = 0;
  lastTick = 0;
  #watching = false;
  #headers: () => Readonly<Record<string, string>> = () => ({});

  /** @param writer keeps the connection alive once it is open; its frame is `BLANK`. */
  constructor(
    private readonly reply: FastifyReply,
    private readonly ticker: KeepAliveTicker,
    private readonly writer: SseWriter,
  ) {}

  /** Whether status 200 is out: from now on a failure can only be told as the body. */
  get begun(): boolean {
    return this.writer.opened;
  }

  /** Upstream is at work. `headers`: read when they leave; the last ones count. */
  watch(headers: () => Readonly<Record<string, string>>): void {
    this.#headers = headers;
    if (this.#watching || this.begun || !this.ticker.enabled) return;
    this.#watching = true;
    this.ticker.add(this);
    this.reply.raw.once('close', this.#stop);
  }

  /** Called by the ticker: the first blank. The ones after it are the writer's. */
  keepAlive(): void {
    if (this.reply.sent) return this.#stop();
    this.writer.open({ ...this.#headers(), 'content-type': JSON_TYPE });
    this.reply.streamed = false;
    this.#stop();
    this.writer.write(BLANK);
  }

  /** The answer's body. */
  end(json: string): void {
    this.#stop();
    if (this.begun) return this.endBegun(json);
    void this.reply.headers(this.#headers()).type(JSON_TYPE).send(json);
  }

  /** The body after blanks; ignored where none went out. */
  endBegun(json: string): void {
    this.writer.write(Buffer.from(json, 'utf8'));
    this.writer.end();
  }

  /** No blank any more: somebody else answers. */
  giveUp(): void {
    this.#stop();
  }

  /** Breaks the connection off, if an answer has begun. */
  destroy(): void {
    this.#stop();
    this.writer.destroy();
  }

  readonly #stop = (): void => {
    if (!this.#watching) return;
    this.#watching = false;
    this.ticker.delete(this);
    this.reply.raw.off('close', this.#stop);
  };
}
