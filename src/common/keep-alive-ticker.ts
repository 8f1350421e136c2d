import { InFlight, type Placed } from './in-flight.js';

/** A stream that must not fall silent. */
export interface KeepAliveTarget extends Placed {
  /** Tick of its last write. */
  lastTick: number;
  /** It has been silent for the interval. */
  keepAlive(): void;
}

const TICKS_PER_INTERVAL = 15;

/**
 * One timer for all streams of the process. It counts ticks instead of reading a clock, so that a stream notes its
 * activity by copying a number; silence is told with an error of one tick.
 */
export class KeepAliveTicker {
  readonly #targets = new InFlight<KeepAliveTarget>();
  #timer: NodeJS.Timeout | undefined;
  #tick = 0;

  /** @param intervalMs 0: no keep-alives. */
  constructor(private readonly intervalMs: number) {}

  get enabled(): boolean {
    return this.intervalMs > 0;
  }

  get tick(): number {
    return this.#tick;
  }

  add(target: KeepAliveTarget): void {
    if (!this.enabled) return;
    target.lastTick = this.#tick;
    this.#targets.add(target);
    this.#timer ??= setInterval(() => this.#advance(), this.intervalMs / TICKS_PER_INTERVAL).unref();
  }

  delete(target: KeepAliveTarget): void {
    if (!this.#targets.delete(target) || this.#targets.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #advance(): void {
    this.#tick++;
    for (const target of this.#targets) {
      if (this.#tick - target.lastTick >= TICKS_PER_INTERVAL) target.keepAlive();
    }
  }
}
