import type { JsonObject } from '../../../upstream/upstream-event.js';
import { KeptText, Retention } from './kept-text.js';
import { Channel, kindOf } from './text-family.js';
import { TextPieces } from '../text-pieces.js';
import type { JsonText, SlotKind, TurnSlot } from './turn-listener.js';

/** Something that waits until the items before it have been told. */
export type Held =
  | { readonly what: 'text' | 'refusal' | 'think' | 'args'; readonly part: number; readonly text: TextPieces }
  | { readonly what: 'break' }
  | { readonly what: 'annotation'; readonly part: number; readonly annotation: JsonObject }
  | { readonly what: 'image'; readonly base64: JsonText; readonly format: string };

const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** One output item on its way from upstream to the listener. */
export class TurnItem {
  id = '';
  callId = '';
  name = '';
  /** Whether the dialect shows items of this kind. */
  shown = false;
  /** What the listener knows it as, once it was opened. */
  slot: TurnSlot | null = null;
  /** Upstream has said its last word on it: nothing may be added. */
  finished = false;
  /** What it was announced with; upstream may say nothing else of it. */
  announced: JsonObject | null = null;
  /** That last word. */
  last: JsonObject | null = null;
  /** It is a call that was told already, as another item: nothing is told of it. */
  muted = false;
  readonly held: Held[] = [];
  /** Parts of a lower rank are over. */
  rank = -1;
  /** Rank of the part that was told last; -1: nothing was told yet. */
  spoke = -1;
  readonly #texts = new Map<number, KeptText>();
  readonly #annotations = new Set<string>();

  constructor(
    public kind: SlotKind,
    /** Upstream's `output_index`; null where it did not say. */
    public index: number | null,
    /** Items are told in ascending order of this. */
    public key: number,
  ) {}

  get isCall(): boolean {
    return this.kind === 'function' || this.kind === 'custom';
  }

  /** A call cannot be told before the name of its tool is known. */
  get nameless(): boolean {
    return this.isCall && this.name === '';
  }

  /** Learns what an item says of itself; what is known stays. */
  learn(item: JsonObject): void {
    if (this.kind === 'other' && this.slot === null) this.kind = kindOf(item.type);
    this.id ||= stringOf(item.id);
    this.name ||= stringOf(item.name);
    this.callId ||= stringOf(item.call_id);
  }

  text({ base }: Channel, part: number): KeptText {
    const key = base + part;
    let text = this.#texts.get(key);
    if (!text) this.#texts.set(key, (text = new KeptText()));
    return text;
  }

  /** Notes an annotation; false if it has been noted before, or cannot be. */
  note(key: string, retention: Retention): boolean {
    if (this.#annotations.has(key) || !retention.take(key.length)) return false;
    this.#annotations.add(key);
    return true;
  }

  finish(last: JsonObject | null, retention: Retention): void {
    this.finished = true;
    this.announced = null;
    this.last = last;
    for (const text of this.#texts.values()) retention.give(text.bytes);
    for (const key of this.#annotations) retention.give(key.length);
    this.#texts.clear();
    this.#annotations.clear();
  }
}
