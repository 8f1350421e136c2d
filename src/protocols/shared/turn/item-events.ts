import { detached, toBytes } from '../../../common/byte-string.js';
import type { JsonObject, UpstreamEvent } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import type { ItemContent } from './item-content.js';
import { ItemIndex } from './item-index.js';
import type { KeptText, Retention } from './kept-text.js';
import { placeItems } from './place-items.js';
import type { ReleaseQueue } from './release-queue.js';
import { type Channel, kindOf, partIndex, rankOf, SUMMARY, TEXT_FAMILIES, type TextFamily } from './text-family.js';
import type { TurnItem } from './turn-item.js';
import type { SlotKind } from './turn-listener.js';

/** The stretch of text that a delta belongs to; the next delta usually belongs to the same. */
export interface Run {
  readonly type: string;
  readonly outputIndex: number;
  readonly part: number;
  readonly item: TurnItem;
  readonly channel: Channel;
  readonly rank: number;
  /** Null: the dialect does not show it. */
  readonly text: KeptText | null;
}

const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Which item an event is about, and what it says of it. */
export class ItemEvents {
  /** Events of no item, or of an item of another kind. */
  dropped = 0;
  readonly #items = new ItemIndex();

  constructor(
    private readonly queue: ReleaseQueue,
    private readonly content: ItemContent,
    private readonly retention: Retention,
    private readonly shows: ReadonlySet<SlotKind>,
  ) {}

  clear(): void {
    this.dropped = 0;
    this.#items.clear();
  }

  /** Whether this is an event about an item that says anything that may be told. The others are not parsed. */
  concerns(type: string): boolean {
    return TEXT_FAMILIES.has(type) || STRUCTURE.has(type);
  }

  /** Takes an event about an item. If the next one may continue it, the run of both. */
  accept(event: UpstreamEvent): Run | null {
    const family = TEXT_FAMILIES.get(event.type);
    if (family && !family.whole) return this.#piece(event, family);
    const { json } = event;
    if (family) this.#whole(json, family);
    else STRUCTURE.get(event.type)?.(this, json);
    return null;
  }

  #piece(event: UpstreamEvent, { channel, index }: TextFamily): Run | null {
    const { type, delta } = event;
    const place = delta ?? placeOf(event.json, index);
    if (place === null) return null;
    const item = this.#find(place.outputIndex, place.itemId, channel.kind);
    if (item === null) return null;
    const part = partIndex(place.part);
    if (item.shown && !this.content.piece(item, channel, part, detached(place.literal.slice(1, -1)))) return null;
    if (delta === null || item.index !== delta.outputIndex) return null;
    const text = item.shown ? item.text(channel, part) : null;
    return { type, outputIndex: delta.outputIndex, part: delta.part, item, channel, rank: rankOf(channel, part), text };
  }

  #whole(json: JsonObject, { channel, index, member }: TextFamily): void {
    const item = this.#find(json.output_index, stringOf(json.item_id), channel.kind);
    if (item === null) return;
    if (item.nameless) this.#learn(item, { name: json.name });
    const part = partIndex(index === null ? 0 : json[index]);
    if (item.shown) this.content.whole(item, channel, part, stringOf(json[member]));
  }

  added({ item: given, output_index: index }: JsonObject): void {
    if (!isObject(given)) return;
    const kind = kindOf(given.type);
    const id = stringOf(given.id);
    const item = this.#items.find(index, id, kind) ?? this.#items.make(kind, id);
    if (!item || item.finished) return;
    item.announced = given;
    this.#learn(item, given);
  }

  done({ item: given, output_index: index }: JsonObject): void {
    const last = isObject(given) ? given : {};
    const item = this.#items.find(index, stringOf(last.id), kindOf(last.type));
    if (!item) this.dropped++;
    else if (!item.finished) this.#finish(item, last);
  }

  partDone(json: JsonObject): void {
    const part = isObject(json.part) ? json.part : {};
    const kind = part.type === 'reasoning_text' ? 'reasoning' : 'message';
    const item = this.#find(json.output_index, stringOf(json.item_id), kind);
    if (item?.shown) this.content.part(item, partIndex(json.content_index), part);
  }

  summaryAdded(json: JsonObject): void {
    const item = this.#find(json.output_index, stringOf(json.item_id), 'reasoning');
    if (item) item.rank = Math.max(item.rank, SUMMARY.base);
  }

  summaryDone(json: JsonObject): void {
    const item = this.#find(json.output_index, stringOf(json.item_id), 'reasoning');
    const text = isObject(json.part) ? stringOf(json.part.text) : '';
    if (item?.shown) this.content.whole(item, SUMMARY, partIndex(json.summary_index), text);
  }

  annotation(json: JsonObject): void {
    if (!isObject(json.annotation)) return;
    const item = this.#find(json.output_index, stringOf(json.item_id), 'message');
    if (item?.shown) this.content.annotation(item, partIndex(json.content_index), json.annotation);
  }

  /**
   * The turn has ended well, with this output. Tells items that only it names, and whatever waits; items without an end of their own
   * end with what it says of them, or with what they were announced with if nothing else was said. Returns why the turn cannot be told as a whole; null if it was.
   */
  close(output: unknown): string | null {
    this.#closeListed(Array.isArray(output) ? (output as unknown[]) : []);
    if (this.queue.nameless) return 'upstream called a tool without a name';
    if (this.queue.overflowed) return 'upstream sent too much at once to be told in order';
    for (const item of this.queue.untold) if (!item.finished) this.#finishUnended(item);
    this.queue.advance();
    return null;
  }

  #closeListed(output: readonly unknown[]): void {
    const placed = placeItems(output, this.#items);
    output.forEach((entry, i) => {
      if (!isObject(entry)) return;
      const kind = kindOf(entry.type);
      const item = placed.get(i) ?? this.#items.make(kind, stringOf(entry.id), this.#items.at(i) ? null : i);
      if (item?.finished) this.#learn(item, entry);
      else if (item) this.#finish(item, entry);
    });
  }

  /** The open item an event belongs to. */
  #find(index: unknown, id: string, kind: SlotKind): TurnItem | null {
    const item = this.#items.find(index, id, kind);
    if (item && item.kind === 'other' && item.slot === null) item.kind = kind;
    if (!item || item.kind !== kind) {
      this.dropped++;
      return null;
    }
    if (item.finished) return null;
    if (id !== '' && item.id === '') this.#items.own(item, id);
    this.#show(item);
    return item;
  }

  #learn(item: TurnItem, given: JsonObject): void {
    item.learn(given);
    this.#items.own(item, item.id);
    this.#show(item);
    this.queue.advance();
  }

  #finish(item: TurnItem, last: JsonObject): void {
    this.#learn(item, last);
    if (item.shown) this.content.item(item, last);
    item.finish(last, this.retention);
    this.queue.advance();
  }

  #finishUnended(item: TurnItem): void {
    if (item.announced && item.spoke < 0) this.content.item(item, item.announced);
    item.finish(null, this.retention);
  }

  #show(item: TurnItem): void {
    if (item.shown || !this.shows.has(item.kind)) return;
    item.shown = true;
    this.queue.enter(item);
    this.queue.advance();
  }
}

const STRUCTURE: ReadonlyMap<string, (events: ItemEvents, json: JsonObject) => void> = new Map([
  ['response.output_item.added', (events: ItemEvents, json: JsonObject) => events.added(json)],
  ['response.output_item.done', (events: ItemEvents, json: JsonObject) => events.done(json)],
  ['response.content_part.done', (events: ItemEvents, json: JsonObject) => events.partDone(json)],
  ['response.reasoning_summary_part.added', (events: ItemEvents, json: JsonObject) => events.summaryAdded(json)],
  ['response.reasoning_summary_part.done', (events: ItemEvents, json: JsonObject) => events.summaryDone(json)],
  ['response.output_text.annotation.added', (events: ItemEvents, json: JsonObject) => events.annotation(json)],
]);

interface Place {
  readonly literal: string;
  readonly outputIndex: unknown;
  readonly itemId: string;
  readonly part: unknown;
}

/** What a delta says that had to be parsed; null if it says nothing. */
function placeOf(json: JsonObject, index: TextFamily['index']): Place | null {
  if (typeof json.delta !== 'string') return null;
  const part = index === null ? 0 : json[index];
  return { literal: toBytes(JSON.stringify(json.delta)), outputIndex: json.output_index, itemId: stringOf(json.item_id), part };
}
