import type { IncomingMessage } from 'node:http';

/** The size of pieces is judged by so many of them. */
const JUDGED_CHUNKS = 512;
/** Honest bodies come by the packet; what sends less at a time is either very odd or wants to keep us busy. */
const FINE_BYTES_A_CHUNK = 256;
/** Each piece costs about 2 µs, whatever is in it: all bodies of fine pieces together get a fifth of a processor. */
const CHUNKS_PER_MS = 100;

const ignore = (): void => undefined;

/**
 * Nothing more is read from the client. Pausing the request alone would let 64 KiB of it in, every piece of that an object: 20 MiB for a
 * body of single bytes. Pausing the socket alone does not last: a request that is read (`_read`) resumes it.
 */
export const holdBack = (source: IncomingMessage): void => {
  if (source.httpVersionMajor === 2) return void source.pause();
  source._read = ignore;
  source.socket.pause();
};

export const letCome = (source: IncomingMessage): void => {
  if (source.httpVersionMajor === 2) return void source.resume();
  delete (source as Partial<IncomingMessage>)._read;
  source.socket.resume();
};

/** One event loop, one queue. */
let nextTurnAt = 0;

/**
 * Notices bodies that are cut into fine pieces (`1\r\nx\r\n`) and lets them in by turns. Node takes 2 MiB of a connection at a time, which
 * is half a second in which nobody else is served; 20 such clients held everybody up for seconds.
 */
export class FinePieces {
  #chunks = 0;
  #bytes = 0;
  #turnAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param pause called with true when nothing should be read for a while, and with false when that is over. */
  constructor(private readonly pause: (on: boolean) => void) {}

  arrived(bytes: number): void {
    this.#bytes += bytes;
    if (++this.#chunks < JUDGED_CHUNKS) return;
    if (this.#bytes < this.#chunks * FINE_BYTES_A_CHUNK) this.#rest();
    this.#chunks = 0;
    this.#bytes = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Pieces that had been read go on arriving meanwhile, and make it longer. */
  #rest(): void {
    const now = performance.now();
    this.#turnAt = nextTurnAt = Math.max(now, nextTurnAt) + JUDGED_CHUNKS / CHUNKS_PER_MS;
    if (this.#timer) return;
    this.pause(true);
    this.#wait(now);
  }

  #wait(now: number): void {
    this.#timer = setTimeout(() => {
      const then = performance.now();
      if (then < this.#turnAt) return this.#wait(then);
      this.#timer = undefined;
      this.pause(false);
    }, this.#turnAt - now).unref();
  }
}
