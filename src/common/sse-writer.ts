import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { breakOff, forgiveStall, limitStall } from './answer-stall.js';
import type { ByteString } from './byte-string.js';
import type { KeepAliveTarget, KeepAliveTicker } from './keep-alive-ticker.js';

declare module 'fastify' {
  interface FastifyReply {
    /** Whether the answer is an event stream. */
    streamed: boolean;
  }
}

const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would hold the stream back otherwise.
  'x-accel-buffering': 'no',
} as const;

const ignore = (): void => undefined;

/**
 * Writes one event stream to a client, over HTTP/1.1 or HTTP/2. Until `open` the reply is untouched and may still become
 * an error with a real status. After the client has left every call is harmless.
 */
export class SseWriter implements KeepAliveTarget {
  place = 0;
  lastTick = 0;
  readonly #raw: ServerResponse;
  #opened = false;
  #closed = false;
  #blocked = false;
  #drained: Promise<void> | null = null;
  #resume: (() => void) | null = null;

  constructor(
    private readonly reply: FastifyReply,
    private readonly ticker: KeepAliveTicker,
    private readonly keepAliveFrame: () => ByteString,
    private readonly shutdown: { readonly draining: boolean },
    private readonly stallMs = 0,
  ) {
    this.#raw = reply.raw;
  }

  /** Whether a status and headers are decided: from now on a failure can only be told inside the stream. */
  get opened(): boolean {
    return this.#opened;
  }

  /** Ended, destroyed, or the client has left. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Decides status 200 and the headers; they leave with the first write. Headers that hooks put on the reply are kept. */
  open(headers?: Readonly<Record<string, string>>): void {
    if (this.#opened) return;
    this.#opened = true;
    const { reply } = this;
    reply.hijack();
    reply.streamed = true;
    if (this.#raw.destroyed || this.#raw.writableEnded) {
      this.#closed = true;
      return;
    }
    const closing = this.shutdown.draining && reply.request.raw.httpVersionMajor === 1 ? { connection: 'close' } : undefined;
    this.#raw.on('error', ignore).once('close', this.#onClose);
    this.#raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...SSE_HEADERS, ...headers, ...closing });
    this.ticker.add(this);
  }

  /** Whole frames, in one write. */
  write(bytes: ByteString | Buffer): void {
    if (this.#closed || bytes.length === 0) return;
    this.lastTick = this.ticker.tick;
    const free = typeof bytes === 'string' ? this.#raw.write(bytes, 'latin1') : this.#raw.write(bytes);
    if (!free && !this.#blocked) {
      this.#blocked = true;
      limitStall(this.#raw, this.stallMs);
      this.#raw.once('drain', this.#onFree);
    }
  }

  /** Resolves when the client has taken enough of what was written, or has left; null when more may be written now. */
  drain(): Promise<void> | null {
    if (!this.#blocked || this.#closed) return null;
    return (this.#drained ??= new Promise((resolve) => (this.#resume = resolve)));
  }

  end(): void {
    if (this.#closed || !this.#opened) return;
    this.#close();
    limitStall(this.#raw, this.stallMs);
    this.#raw.end();
  }

  /** Breaks the connection (HTTP/2: the stream) off, so that the client cannot take what it has for the whole. */
  destroy(): void {
    if (!this.#opened) return;
    this.#close();
    breakOff(this.#raw);
  }

  /** Called by the ticker. A client that does not read gets no more to read. */
  keepAlive(): void {
    if (!this.#blocked) this.write(this.keepAliveFrame());
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.ticker.delete(this);
    this.#release();
  }

  readonly #onClose = (): void => this.#close();

  readonly #onFree = (): void => {
    // After the end the rest still has to be taken.
    if (!this.#closed) forgiveStall(this.#raw);
    this.#release();
  };

  #release(): void {
    this.#blocked = false;
    this.#resume?.();
    this.#resume = null;
    this.#drained = null;
  }
}
