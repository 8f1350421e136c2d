import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Clock } from '../common/clock.js';
import { Framing, encodeEvent } from './framing.js';
import { uuidOf } from './made-up.js';
import { RecordedRequest, RequestLog } from './recorded-request.js';
import { Refusal } from './refusal.js';
import { Step } from './step.js';

export interface PlayOptions {
  /** Headers of every answer of this endpoint (models tag, rate limits …). */
  readonly headers?: Readonly<Record<string, string>>;
  readonly framing?: Framing;
  /** Cuts the body into writes of this many bytes; 0: one write an event. */
  readonly chunkBytes?: number;
}

/** One request and its answer: plays steps onto the socket, with backpressure, and records when the client leaves. */
export class Exchange {
  readonly #left = new AbortController();
  #options: PlayOptions = {};
  #pending = Buffer.alloc(0);
  #ownEnd = false;

  constructor(
    readonly req: IncomingMessage,
    private readonly res: ServerResponse,
    readonly record: RecordedRequest,
    private readonly log: RequestLog,
    private readonly clock: Clock,
    private readonly closing: () => boolean,
  ) {
    res.on('close', () => this.#closed());
  }

  get signal(): AbortSignal {
    return this.#left.signal;
  }

  async play(steps: Iterable<Step>, options: PlayOptions = {}): Promise<void> {
    this.#options = options;
    this.log.changed();
    for (const step of steps) {
      if (this.signal.aborted) return;
      if (step.do !== 'event' && step.do !== 'raw') await this.#flush();
      if (await this.#perform(step)) return;
    }
    await this.#flush();
    this.#finish();
  }

  /** A whole answer at once. */
  async refuse(refusal: Refusal, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.play([{ do: 'reply', refusal }], { headers });
  }

  /** Breaks the connection off, for faults of the backend's own. */
  destroy(): void {
    this.#ownEnd = true;
    this.req.socket.destroy();
  }

  get headersSent(): boolean {
    return this.res.headersSent;
  }

  /** Plays one step; true: it was the last one. */
  async #perform(step: Step): Promise<boolean> {
    switch (step.do) {
      case 'headers':
        this.#sendHeaders();
        return false;
      case 'event':
        await this.#send(encodeEvent(step.json, this.#options.framing ?? 'lf'));
        return false;
      case 'raw':
        await this.#send(step.bytes);
        await nextTurn(); // so that chunks arrive as separate reads
        return false;
      case 'socket':
        this.#ownEnd = true;
        this.req.socket.write(step.bytes);
        await nextTurn();
        return false;
      case 'wait':
        await this.clock.sleep(step.ms, this.signal);
        return false;
      case 'hang':
        await this.#untilClosed();
        return true;
      case 'reset':
        this.#ownEnd = true;
        this.req.socket.resetAndDestroy();
        return true;
      case 'reply':
        this.#reply(step.refusal);
        return true;
    }
  }

  #untilClosed(): Promise<void> {
    this.log.changed();
    return new Promise((resolve) => {
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #sendHeaders(): void {
    if (this.res.headersSent) return;
    const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...this.#common() };
    this.record.status = 200;
    this.res.writeHead(200, headers);
    this.res.flushHeaders();
    this.log.changed();
  }

  #common(): Record<string, string> {
    return {
      'x-request-id': uuidOf('request', this.record.number),
      'openai-version': '2020-10-01',
      'openai-processing-ms': '212',
      'cf-ray': '8f0c2f2e6c4d4c93-AMS',
      server: 'cloudflare',
      ...this.#options.headers,
    };
  }

  #reply({ status, headers, body }: Refusal): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const type: Record<string, string> = typeof body === 'string' ? {} : { 'content-type': 'application/json' };
    this.record.status = status;
    this.res.writeHead(status, { ...this.#common(), ...type, 'content-length': String(Buffer.byteLength(text)), ...headers });
    this.res.end(text);
  }

  async #send(bytes: string | Buffer): Promise<void> {
    this.#sendHeaders();
    const size = this.#options.chunkBytes ?? 0;
    if (size < 1) return this.#write(bytes);
    this.#pending = Buffer.concat([this.#pending, Buffer.from(bytes as string)]);
    while (this.#pending.length >= size) {
      await this.#write(this.#pending.subarray(0, size));
      this.#pending = this.#pending.subarray(size);
      await nextTurn();
    }
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const rest = this.#pending;
    this.#pending = Buffer.alloc(0);
    await this.#write(rest);
  }

  async #write(bytes: string | Buffer): Promise<void> {
    if (!this.res.write(bytes)) await once(this.res, 'drain', { signal: this.signal });
  }

  #finish(): void {
    if (this.#ownEnd) this.req.socket.end();
    else if (!this.res.writableEnded) {
      this.#sendHeaders();
      this.res.end();
    }
  }

  #closed(): void {
    this.record.endedAt = this.clock.now();
    if (!this.#ownEnd && !this.res.writableFinished && !this.closing()) {
      this.record.aborted = true;
      this.record.abortedAt = this.record.endedAt;
    }
    this.#left.abort();
    this.log.changed();
  }
}
