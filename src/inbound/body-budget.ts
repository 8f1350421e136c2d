import { GatewayError } from '../common/gateway-error.js';
import { InFlight, type Placed } from '../common/in-flight.js';

/** Bodies up to this size are not counted: a connection costs about as much. */
export const UNCOUNTED_BYTES = 32_768;
/** Larger bodies leave an eighth of the room to the smaller ones, so that giants keep only each other waiting. */
const SMALL_BYTES = 1_048_576;
/** While somebody waits, a body has to bring so much in each period, or makes room. */
const HURRY_MS = 2_000;
const HURRY_BYTES = 65_536;
const RETRY_AFTER_SECONDS = 5;

const noRoom = (): GatewayError =>
  new GatewayError('overloaded', 'The gateway is receiving too many large requests at the moment.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    shouldRetry: true,
  });

const ignore = (): void => undefined;

interface Waiter {
  readonly share: BodyShare;
  readonly bytes: number;
  readonly enter: () => void;
}

/** The memory for the bodies of all requests together. */
export class BodyBudget {
  #used = 0;
  readonly #waiters = new Set<Waiter>();
  readonly #shares = new InFlight<BodyShare>();
  #hurry: NodeJS.Timeout | undefined;

  /** @param patienceMs how long a body waits for room. */
  constructor(
    private readonly capacity: number,
    private readonly patienceMs = 10_000,
  ) {}

  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** @param tooSlow called when the body has to make room for others. */
  share(tooSlow: () => void = ignore): BodyShare {
    return new BodyShare(this, tooSlow);
  }

  /** Only for shares. */
  take(share: BodyShare, bytes: number): Promise<void> | null {
    this.#shares.add(share);
    if (this.#enter(share, bytes)) return null;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { share, bytes, enter: () => end(resolve) };
      const end = (then: () => void): void => {
        clearTimeout(patience);
        this.#waiters.delete(waiter);
        share.leave = null;
        then();
      };
      const refuse = (): void => end(() => reject(noRoom()));
      const patience = setTimeout(refuse, this.patienceMs);
      share.leave = refuse;
      this.#waiters.add(waiter);
      this.#hurry ??= setInterval(() => this.#hurryUp(), HURRY_MS).unref();
    });
  }

  /** Only for shares. */
  give(share: BodyShare, bytes: number): void {
    this.#used -= bytes;
    share.held -= bytes;
    if (share.held === 0) this.#shares.delete(share);
    for (const waiter of this.#waiters) if (this.#enter(waiter.share, waiter.bytes)) waiter.enter();
    this.#calm();
  }

  #enter(share: BodyShare, bytes: number): boolean {
    const held = share.held + bytes;
    const room = held <= SMALL_BYTES ? this.capacity : this.capacity * 0.875;
    // What is larger than the whole may come when it is alone.
    if (this.#used + bytes > room && this.#used > share.held) return false;
    this.#used += bytes;
    share.held = held;
    return true;
  }

  #hurryUp(): void {
    this.#calm();
    if (this.#waiters.size > 0) for (const share of this.#shares) share.hurryUp();
  }

  #calm(): void {
    if (this.#waiters.size > 0 || this.#hurry === undefined) return;
    clearInterval(this.#hurry);
    this.#hurry = undefined;
    for (const share of this.#shares) share.calmDown();
  }
}

/** What one request holds of the budget, from its first large piece to the end of its answer. */
export class BodyShare implements Placed {
  place = 0;
  held = 0;
  /** Ends the wait for room; null while it does not wait. */
  leave: (() => void) | null = null;
  #received = 0;
  #receivedBefore = -1;
  #receiving = true;
  #over = false;

  constructor(
    private readonly budget: BodyBudget,
    private readonly tooSlow: () => void,
  ) {}

  /** Null: it is there. Otherwise resolves when it is, and rejects with `overloaded` when it takes too long. */
  take(bytes: number): Promise<void> | null {
    if (this.#over) return Promise.reject(new GatewayError('client_closed', 'the answer was over before the request was read'));
    return bytes <= 0 ? null : this.budget.take(this, bytes);
  }

  give(bytes: number): void {
    const own = Math.min(bytes, this.held);
    if (own > 0) this.budget.give(this, own);
  }

  /** Everything, for good. */
  release(): void {
    this.#receiving = false;
    this.#over = true;
    this.leave?.();
    this.give(this.held);
  }

  arrived(bytes: number): void {
    this.#received += bytes;
  }

  complete(): void {
    this.#receiving = false;
  }

  hurryUp(): void {
    if (!this.#receiving || this.leave !== null) return;
    const slow = this.#receivedBefore >= 0 && this.#received - this.#receivedBefore < HURRY_BYTES;
    this.#receivedBefore = this.#received;
    if (slow) this.tooSlow();
  }

  calmDown(): void {
    this.#receivedBefore = -1;
  }
}
