import { SlotHeap } from './slot-heap.js';

/** A shelf is a remaining quota (0-100), or one of these. */
export const NOWHERE = -1;
export const RESTING = 101;

type Accept = (slot: number) => boolean;

/** Ordering keys of all accounts, by slot; shared by all rotations. */
export interface RotationKeys {
  /** Grows with every pick: the smallest was picked longest ago. */
  readonly picked: number[];
  /** End of the cooldown that makes the account rest. */
  readonly restUntil: number[];
}

/**
 * The accounts that can be chosen, on one shelf per percent of remaining quota, each shelf in the order of the last pick; beside
 * them the resting ones, which are taken only when nobody else is left. A choice costs O(log n).
 */
export class AccountRotation {
  readonly #shelves: SlotHeap[];
  readonly #shelfOf: number[] = [];

  constructor(keys: RotationKeys) {
    const positions: number[] = [];
    this.#shelves = Array.from(
      { length: RESTING + 1 },
      (_, shelf) => new SlotHeap(shelf === RESTING ? keys.restUntil : keys.picked, positions),
    );
  }

  shelfOf(slot: number): number {
    return this.#shelfOf[slot] ?? NOWHERE;
  }

  /** Puts the account on a shelf, or takes it out (`NOWHERE`); also after one of its keys has changed. */
  place(slot: number, shelf: number): void {
    const current = this.shelfOf(slot);
    if (current === shelf) {
      if (shelf !== NOWHERE) this.#shelves[shelf]!.moved(slot);
      return;
    }
    if (current !== NOWHERE) this.#shelves[current]!.remove(slot);
    this.#shelfOf[slot] = shelf;
    if (shelf !== NOWHERE) this.#shelves[shelf]!.add(slot);
  }

  /** To be called after the pick key of the account has grown. */
  touched(slot: number): void {
    this.place(slot, this.shelfOf(slot));
  }

  /** The best remaining quota that an accepted account has; -1 if there is none. */
  best(accept: Accept): number {
    for (let shelf = 100; shelf >= 0; shelf--) {
      const heap = this.#shelves[shelf]!;
      if (heap.size > 0 && heap.first(accept) >= 0) return shelf;
    }
    return -1;
  }

  /** Of the accepted accounts within `span` points of the best one, the one picked longest ago; -1 if there is none. */
  pick(span: number, accept: Accept): number {
    const best = this.best(accept);
    let chosen = -1;
    let pickedAt = Infinity;
    for (let shelf = best; shelf >= 0 && shelf >= best - span; shelf--) {
      const heap = this.#shelves[shelf]!;
      const slot = heap.size > 0 ? heap.first(accept, pickedAt) : -1;
      if (slot < 0) continue;
      chosen = slot;
      pickedAt = heap.keyOf(slot);
    }
    return chosen;
  }

  /** The accepted resting account whose cooldown ends soonest; -1 if there is none. */
  soonest(accept: Accept): number {
    return this.#shelves[RESTING]!.first(accept);
  }
}
