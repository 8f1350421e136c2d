import type { SlotKind } from './turn-listener.js';
import { TurnItem } from './turn-item.js';

/** An index beyond this is damage, not output. */
const MAX_INDEX = 100_000;
/** So is a turn with more items. */
const MAX_ITEMS = 10_000;

/** The items of one attempt, addressed as upstream's events address them. */
export class ItemIndex {
  readonly #all: TurnItem[] = [];
  readonly #byIndex = new Map<number, TurnItem>();
  readonly #byId = new Map<string, TurnItem>();
  #lastKey = -1;

  clear(): void {
    this.#all.length = 0;
    this.#byIndex.clear();
    this.#byId.clear();
    this.#lastKey = -1;
  }

  /** In the order in which they became known. */
  get all(): readonly TurnItem[] {
    return this.#all;
  }

  at(index: number): TurnItem | undefined {
    return this.#byIndex.get(index);
  }

  byId(id: unknown): TurnItem | undefined {
    return typeof id === 'string' && id !== '' ? this.#byId.get(id) : undefined;
  }

  /**
   * The item that an event means: by `output_index`, else by the item's id, else the only open one of its kind. An index or id that was
   * never seen makes a new item. Undefined: nobody can tell which one is meant.
   */
  find(index: unknown, id: string, kind: SlotKind): TurnItem | undefined {
    if (isIndex(index)) return this.#byIndex.get(index) ?? this.#adopted(index, id) ?? this.make(kind, id, index);
    const known = this.byId(id) ?? this.#onlyOpen(kind, id);
    if (known) return known;
    return id === '' ? undefined : this.make(kind, id);
  }

  /** A new item; without an index it comes after all that are known. */
  make(kind: SlotKind, id: string, index: number | null = null): TurnItem | undefined {
    if (this.#all.length >= MAX_ITEMS) return undefined;
    const item = new TurnItem(kind, index, index ?? this.#lastKey + 1);
    this.#lastKey = Math.max(this.#lastKey, item.key);
    this.#all.push(item);
    if (index !== null) this.#byIndex.set(index, item);
    this.own(item, id);
    return item;
  }

  /** Ties an id to its item. The first one stays. */
  own(item: TurnItem, id: string): void {
    if (id === '') return;
    item.id ||= id;
    if (!this.#byId.has(id)) this.#byId.set(id, item);
  }

  /** An item that came without its index and is named with it now. */
  #adopted(index: number, id: string): TurnItem | undefined {
    const item = this.byId(id);
    if (item?.index !== null) return undefined;
    item.index = index;
    this.#byIndex.set(index, item);
    return item;
  }

  #onlyOpen(kind: SlotKind, id: string): TurnItem | undefined {
    const open = this.#all.filter((item) => !item.finished && item.kind === kind && (id === '' || item.id === ''));
    return open.length === 1 ? open[0] : undefined;
  }
}

const isIndex = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_INDEX;
