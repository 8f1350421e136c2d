/** What knows its own place among its like. */
export interface Placed {
  /** Only for the `InFlight` that holds it; any number before. */
  place: number;
}

/**
 * The objects of requests that are under way; each belongs to one such collection at most.
 *
 * Not a `Set`: with an addition and a removal for every request it builds a new table again and again, and V8 links each old one to
 * its successor, so that a table which outlived its young days keeps every later one, and what was in it, until a full collection.
 */
export class InFlight<T extends Placed> {
  readonly #items: (T | null)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  add(item: T): void {
    if (this.#items[item.place] === item) return;
    item.place = this.#free.pop() ?? this.#items.length;
    this.#items[item.place] = item;
  }

  /** False: it was not there. */
  delete(item: T): boolean {
    if (this.#items[item.place] !== item) return false;
    this.#items[item.place] = null;
    this.#free.push(item.place);
    return true;
  }

  /** In no order. What is added or removed meanwhile may be met or not. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const item of this.#items) if (item !== null) yield item;
  }
}
