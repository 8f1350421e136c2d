import type { Cancellation } from '../../src/common/cancellation.js';
import { Clock } from '../../src/common/clock.js';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Time that stands still until the test moves it. */
export class FakeClock extends Clock {
  readonly #sleepers = new Set<Sleeper>();

  constructor(private instant = 1_800_000_000_000) {
    super();
  }

  override now(): number {
    return this.instant;
  }

  /** Moves time on and wakes who has slept long enough. */
  advance(ms: number): void {
    this.instant += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > this.instant) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }

  override sleep(ms: number, signal?: Cancellation): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal!.reason);
      };
      const sleeper: Sleeper = {
        until: this.instant + ms,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
