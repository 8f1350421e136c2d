import { Injectable } from '@nestjs/common';
import { InFlight, type Placed } from '../common/in-flight.js';
import type { UpstreamFailure } from './upstream-failure.js';

/** A call that has no answer yet. */
export interface UnansweredCall extends Placed {
  /** By `performance.now()`. */
  readonly startedAt: number;
  stop(failure: UpstreamFailure): void;
}

/** The turns that wait for the headers of their answer. */
@Injectable()
export class UnansweredCalls {
  readonly #calls = new InFlight<UnansweredCall>();
  #answeredAt = -Infinity;

  get size(): number {
    return this.#calls.size;
  }

  /** When the last answer that came from the backend itself (no 5xx) was there, by `performance.now()`. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  add(call: UnansweredCall): void {
    this.#calls.add(call);
  }

  answered(call: UnansweredCall): void {
    this.#calls.delete(call);
    this.#answeredAt = performance.now();
  }

  delete(call: UnansweredCall): void {
    this.#calls.delete(call);
  }

  begunBefore(at: number): UnansweredCall[] {
    return [...this.#calls].filter(({ startedAt }) => startedAt < at);
  }
}
