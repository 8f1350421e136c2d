import { Injectable } from '@nestjs/common';
import type { Cancellation } from './cancellation.js';

/** The one source of time, so that tests can move it. Instants are epoch milliseconds. */
@Injectable()
export class Clock {
  #offsetMs = 0;

  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** From now on instants are those of another clock: `offsetMs` ahead of this machine's. */
  align(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }

  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: Cancellation): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal!.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
