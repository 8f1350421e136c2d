import { type ByteString, detached } from '../../common/byte-string.js';
import type { DeltaLiteral } from '../../upstream/upstream-event.js';
import { OutputSlot, TextPart } from './output-slot.js';

/** What is kept of a turn for rebuilding its output. */
const RETAIN_BYTES = 64 * 1024 * 1024;
/** An item index beyond this is damage, not output. */
const MAX_INDEX = 100_000;

/** The output items of one attempt, addressed as upstream's events address them. */
export class OutputSlots {
  readonly #byIndex = new Map<number, OutputSlot>();
  readonly #byItemId = new Map<string, OutputSlot>();
  #bytes = 0;
  #lastType = '';
  #lastPlace: Pick<DeltaLiteral, 'outputIndex' | 'part' | 'itemId'> | null = null;
  #lastPart: TextPart | null = null;
  #lastSlot: OutputSlot | null = null;

  constructor(private readonly retainBytes = RETAIN_BYTES) {}

  clear(): void {
    this.#byIndex.clear();
    this.#byItemId.clear();
    this.#bytes = 0;
    this.forgetLast();
  }

  sorted(): OutputSlot[] {
    return [...this.#byIndex.values()].sort((a, b) => a.index - b.index);
  }

  get(index: number): OutputSlot | undefined {
    return this.#byIndex.get(index);
  }

  byItemId(id: string): OutputSlot | undefined {
    return this.#byItemId.get(id);
  }

  /**
   * The slot that an event means: by `output_index`, else by the item's id, else the only open slot of its type. `create`
   * opens a new one behind the others where none is meant. Undefined: nobody can tell.
   */
  find(index: unknown, itemId: string, type: string, create: boolean): OutputSlot | undefined {
    if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index <= MAX_INDEX) return this.#at(index, itemId);
    const owner = itemId === '' ? undefined : this.#byItemId.get(itemId);
    if (owner) return owner;
    const open = itemId === '' ? this.sorted().filter((slot) => !slot.closed && slot.type === type) : [];
    if (open.length === 1) return open[0];
    return create ? this.#at(Math.max(-1, ...this.#byIndex.keys()) + 1, itemId) : undefined;
  }

  #at(index: number, itemId: string): OutputSlot {
    let slot = this.#byIndex.get(index);
    if (!slot) this.#byIndex.set(index, (slot = new OutputSlot(index)));
    if (itemId !== '') this.own(slot, itemId);
    return slot;
  }

  /** Ties an item's id to its slot. The first one stays. */
  own(slot: OutputSlot, itemId: string): void {
    if (!this.#byItemId.has(itemId)) this.#byItemId.set(itemId, slot);
    if (slot.id === '') slot.item = { id: itemId, ...slot.item };
  }

  /** Keeps a piece of text for rebuilding, as long as there is room. */
  keep(slot: OutputSlot, part: TextPart, piece: ByteString, bytes: number): void {
    if (!this.room(slot, bytes)) return;
    part.add(piece);
  }

  /** Accounts for bytes that a slot keeps; false when there is no room left: then the slot keeps nothing any more. */
  room(slot: OutputSlot, bytes: number): boolean {
    if (slot.lost) return false;
    if (this.#bytes + bytes > this.retainBytes) {
      slot.lost = true;
      this.release(slot);
      slot.parts.forEach((part) => part.forget());
      return false;
    }
    slot.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  release(slot: OutputSlot): void {
    this.#bytes -= slot.bytes;
    slot.bytes = 0;
  }

  /** Notes where the last delta went, so that the next one of the same run needs no look-up. */
  remember(type: string, delta: DeltaLiteral, slot: OutputSlot, part: TextPart): void {
    this.#lastType = type;
    this.#lastPlace = { outputIndex: delta.outputIndex, part: delta.part, itemId: detached(delta.itemId) };
    this.#lastSlot = slot;
    this.#lastPart = part;
  }

  forgetLast(): void {
    this.#lastPlace = this.#lastPart = this.#lastSlot = null;
  }

  /** Takes a delta of the same part as the last one; false if it is of another, and everything must be looked at. */
  continueRun(type: string, delta: DeltaLiteral, bytes: number): boolean {
    const last = this.#lastPlace;
    if (last === null || delta.outputIndex !== last.outputIndex || delta.part !== last.part) return false;
    if (type !== this.#lastType || delta.itemId !== last.itemId) return false;
    this.keep(this.#lastSlot!, this.#lastPart!, delta.literal, bytes);
    return true;
  }
}
