import { DEFAULT_TEXT_BYTES, textOf } from './body-text.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { ByteStream } from './upstream-types.js';

/** With nobody reading, the socket is paused above this. A network read brings up to 64 KiB, so about twice this is held at most. */
const HIGH_WATER_BYTES = 64 * 1024;
/** How long and how much the close of a body may take before its connection is given up instead. */
const FINISH_MS = 1000;
const FINISH_BYTES = 64 * 1024;

const END: Promise<null> = Promise.resolve(null);

/** What the reader asks of its call. */
export interface ByteSource {
  resume(): void;
  stop(failure: UpstreamFailure): void;
}

/**
 * A response body between undici's callbacks and one reader. undici calls once per HTTP chunk, which is once per event;
 * the chunks of one network read are handed over together, with one promise.
 */
export class ByteReader implements ByteStream {
  #parts: Buffer[] = [];
  #size = 0;
  #paused = false;
  #flushing = false;
  #finishing = false;
  #closed = false;
  #failure: UpstreamFailure | null = null;
  #resolve: ((bytes: Buffer | null) => void) | null = null;
  #reject: ((failure: UpstreamFailure) => void) | null = null;
  #finishTimer: NodeJS.Timeout | undefined;

  constructor(private readonly source: ByteSource) {}

  /** Takes a chunk; true asks the source to pause. */
  push(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#finishing) {
      if (this.#size > FINISH_BYTES) this.cancel();
      return false;
    }
    this.#parts.push(chunk);
    if (this.#resolve !== null) {
      this.#scheduleFlush();
      return false;
    }
    return (this.#paused = this.#size > HIGH_WATER_BYTES);
  }

  /** The body is over. What has been received is still read, unless we gave up ourselves. */
  close(failure: UpstreamFailure | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure = failure;
    clearTimeout(this.#finishTimer);
    if (failure?.kind === 'aborted') this.#drop();
    if (this.#resolve !== null) this.#scheduleFlush();
  }

  read(): Promise<Buffer | null> {
    if (this.#parts.length > 0) return Promise.resolve(this.#take());
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#closed) return END;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  text(limit: number = DEFAULT_TEXT_BYTES): Promise<string> {
    return textOf(this, limit);
  }

  cancel(): void {
    if (this.#closed) this.#drop();
    else this.source.stop(new UpstreamFailure('aborted', 'the answer was not wanted any more'));
  }

  finish(): void {
    if (this.#closed || this.#finishing) return;
    this.#finishing = true;
    this.#drop();
    this.#finishTimer = setTimeout(() => this.cancel(), FINISH_MS).unref();
    this.#resumeIfPaused();
  }

  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(flush, this);
  }

  /** Runs when undici has handed over everything of one network read. */
  flush(): void {
    this.#flushing = false;
    const resolve = this.#resolve;
    if (resolve === null) return;
    const reject = this.#reject!;
    this.#resolve = this.#reject = null;
    if (this.#parts.length > 0) resolve(this.#take());
    else if (this.#failure !== null) reject(this.#failure);
    else resolve(null);
  }

  #take(): Buffer {
    const parts = this.#parts;
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts, this.#size);
    this.#drop();
    this.#resumeIfPaused();
    return bytes;
  }

  #drop(): void {
    this.#parts = [];
    this.#size = 0;
  }

  /** May bring further chunks, or the end, before it returns. */
  #resumeIfPaused(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.source.resume();
  }
}

const flush = (reader: ByteReader): void => reader.flush();
