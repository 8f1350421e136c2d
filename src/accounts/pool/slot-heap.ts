/**
 * A binary heap of small integers ("slots"), ordered by a key that is kept outside, in which a slot can be moved or taken out from
 * anywhere. Heaps that never hold the same slot at the same time may share `positions`.
 */
export class SlotHeap {
  readonly #slots: number[] = [];

  constructor(
    private readonly keys: readonly number[],
    private readonly positions: number[],
  ) {}

  get size(): number {
    return this.#slots.length;
  }

  /** The slot with the smallest key; -1 if there is none. */
  get min(): number {
    return this.#slots[0] ?? -1;
  }

  keyOf(slot: number): number {
    return this.keys[slot]!;
  }

  add(slot: number): void {
    this.#slots.push(slot);
    this.positions[slot] = this.#slots.length - 1;
    this.#rise(slot);
  }

  remove(slot: number): void {
    const at = this.positions[slot]!;
    const last = this.#slots.pop()!;
    if (last === slot) return;
    this.#put(last, at);
    this.moved(last);
  }

  /** To be called after the slot's key has changed. */
  moved(slot: number): void {
    this.#rise(slot);
    this.#sink(slot);
  }

  /**
   * The accepted slot with the smallest key below `below`; -1 if there is none. Looks at refused slots and their children only, so
   * the cost is bounded by the number of refusals.
   */
  first(accept: (slot: number) => boolean, below = Infinity): number {
    return this.#search(0, accept, -1, below);
  }

  #search(at: number, accept: (slot: number) => boolean, found: number, below: number): number {
    const slot = this.#slots[at];
    if (slot === undefined || this.keys[slot]! >= (found < 0 ? below : this.keys[found]!)) return found;
    if (accept(slot)) return slot;
    return this.#search(2 * at + 2, accept, this.#search(2 * at + 1, accept, found, below), below);
  }

  #put(slot: number, at: number): void {
    this.#slots[at] = slot;
    this.positions[slot] = at;
  }

  #rise(slot: number): void {
    const key = this.keys[slot]!;
    let at = this.positions[slot]!;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#slots[above]!;
      if (this.keys[parent]! <= key) break;
      this.#put(parent, at);
      at = above;
    }
    this.#put(slot, at);
  }

  #sink(slot: number): void {
    const key = this.keys[slot]!;
    const size = this.#slots.length;
    let at = this.positions[slot]!;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.keys[this.#slots[child + 1]!]! < this.keys[this.#slots[child]!]!) child++;
      if (this.keys[this.#slots[child]!]! >= key) break;
      this.#put(this.#slots[child]!, at);
      at = child;
    }
    this.#put(slot, at);
  }
}
