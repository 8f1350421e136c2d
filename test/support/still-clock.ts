import { Clock } from '../../src/common/clock.js';

/** A clock that stands still until a test moves it; sleeping takes no time and is written down. */
export class StillClock extends Clock {
  readonly slept: number[] = [];

  constructor(public nowMs = Date.UTC(2026, 9, 1)) {
    super();
  }

  override now(): number {
    return this.nowMs;
  }

  override async sleep(ms: number): Promise<void> {
    this.slept.push(ms);
  }
}
