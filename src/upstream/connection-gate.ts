import type { Cancellation } from '../common/cancellation.js';
import { UpstreamFailure } from './upstream-failure.js';

/** More calls than this never wait for connections of one origin: they would only time out together. */
const MAX_WAITING = 4096;

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (failure: UpstreamFailure) => void;
}

/**
 * Lets at most `limit` calls of one origin be on their way; further ones wait their turn, for a bounded time. Without it
 * undici's own queue would hold them without an end.
 */
export class ConnectionGate {
  /** Calls that gave up waiting, for a metric. */
  timeouts = 0;
  #active = 0;
  readonly #waiting = new Set<Waiter>();

  constructor(
    private limit: number,
    readonly timeoutMs: number,
  ) {}

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a place if one is free now. Whoever got a place must `leave` once. */
  tryEnter(): boolean {
    if (this.#active >= this.limit || this.#waiting.size > 0) return false;
    this.#active++;
    return true;
  }

  /** Resolves with a place; rejects with `queue` after the limit, with `aborted` when the signal says so. */
  enter(signal?: Cancellation): Promise<void> {
    if (this.#waiting.size >= MAX_WAITING) {
      this.timeouts++;
      return Promise.reject(new UpstreamFailure('queue', `${MAX_WAITING} calls are waiting for a connection to the backend`));
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        admit: () => (settle(), resolve()),
        refuse: (failure) => (settle(), reject(failure)),
      };
      const onAbort = (): void => waiter.refuse(new UpstreamFailure('aborted', 'the call was aborted while it waited for a connection'));
      const timer = setTimeout(() => waiter.refuse(this.giveUp()), this.timeoutMs).unref();
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  leave(): void {
    this.#active--;
    this.#admit();
  }

  /** HTTP/2 carries many calls on one connection: once it has been negotiated the limit is higher. */
  setLimit(limit: number): void {
    this.limit = limit;
    this.#admit();
  }

  refuseAll(failure: UpstreamFailure): void {
    for (const waiter of [...this.#waiting]) waiter.refuse(failure);
  }

  /** Counts a call that waited too long; what it fails with. */
  giveUp(): UpstreamFailure {
    this.timeouts++;
    return new UpstreamFailure('queue', `no connection to the backend became free in ${this.timeoutMs / 1000} s`);
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#active >= this.limit) return;
      this.#active++;
      waiter.admit();
    }
  }
}
