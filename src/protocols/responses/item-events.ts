import { toBytes } from '../../common/byte-string.js';
import { type JsonObject, UpstreamEvent } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';
import type { EventOutput } from './event-output.js';
import { announcedItem, completeItem, completePart, emptyPart } from './output-items.js';
import type { OutputSlot, TextPart } from './output-slot.js';
import type { OutputSlots } from './output-slots.js';
import { hostedItemType } from './event-kinds.js';
import { PartKind, TEXT_EVENTS, TextEvent } from './text-events.js';
import { tellingEvents, untoldTexts } from './untold-text.js';

/** A content index beyond this is damage. */
const MAX_PARTS = 1000;

const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const indexOf = (value: unknown): number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_PARTS ? value : 0;
const isPartKind = (type: unknown): type is PartKind => type === 'output_text' || type === 'refusal' || type === 'reasoning_text';

/** Upstream sometimes says a text, or its end, only with the whole; many clients show nothing but deltas. Null where there is nothing to show. */
function untoldDelta(
  { type, json }: UpstreamEvent,
  text: TextEvent,
  slot: OutputSlot,
  part: TextPart,
): (JsonObject & { type: string }) | null {
  if (slot.type !== text.item) return null;
  const untold = part.untoldOf(stringOf(json[text.member]));
  if (untold === '') return null;
  const at = { item_id: slot.id, output_index: slot.index, ...(text.index !== null && { [text.index]: part.index }) };
  return { type: type.replace(/done$/, 'delta'), ...at, delta: untold, ...(text.part === 'output_text' && { logprobs: [] }) };
}

/** Events about output items: told in the order of their arrival, each after the structure it needs. */
export class ItemEvents {
  constructor(
    private readonly slots: OutputSlots,
    private readonly out: EventOutput,
  ) {}

  accept(event: UpstreamEvent): void {
    this.slots.forgetLast();
    const text = TEXT_EVENTS.get(event.type);
    if (text) return this.#text(event, text);
    switch (event.type) {
      case 'response.output_item.added':
        return this.#added(event);
      case 'response.output_item.done':
        return this.#done(event);
      case 'response.content_part.added':
      case 'response.content_part.done':
        return this.#contentPart(event);
      case 'response.reasoning_summary_part.added':
      case 'response.reasoning_summary_part.done':
        return this.#summaryPart(event);
      case 'response.output_text.annotation.added':
        return this.#annotation(event);
      default:
        return this.#hosted(event);
    }
  }

  /** Tells a whole item, or what is missing of it. */
  tellWhole(slot: OutputSlot, item: JsonObject): void {
    slot.learn(item);
    this.#announce(slot, true);
    this.#tellUntold(slot, item);
    this.out.insert({ type: 'response.output_item.done', output_index: slot.index, item: completeItem(item) }, false);
  }

  /** Ends a slot that upstream left open. */
  close(slot: OutputSlot, item: JsonObject): void {
    this.tellWhole(slot, item);
    this.slots.release(slot);
    slot.close(this.slots.room(slot, 0) ? item : null);
  }

  #added(event: UpstreamEvent): void {
    const { item } = event.json;
    if (!isObject(item)) return;
    const slot = this.slots.find(event.json.output_index, stringOf(item.id), stringOf(item.type), true)!;
    if (slot.announced || slot.closed) return;
    slot.learn(item);
    if (slot.nameless) return;
    slot.announced = true;
    this.#pass(event, slot, item, 'item');
    this.#releaseHeld(slot);
  }

  #done(event: UpstreamEvent): void {
    const item = isObject(event.json.item) ? event.json.item : {};
    const slot = this.slots.find(event.json.output_index, stringOf(item.id), stringOf(item.type), true)!;
    if (slot.closed) return;
    slot.learn(item);
    this.#announce(slot, true);
    this.#tellUntold(slot, item);
    this.#pass(event, slot, item, 'item');
    this.slots.release(slot);
    slot.close(this.slots.room(slot, event.size) ? item : null);
  }

  #text(event: UpstreamEvent, text: TextEvent): void {
    const slot = this.#slotOf(event, text.item);
    if (!slot) return;
    const { delta } = event;
    if (!delta && text.part === 'arguments' && typeof event.json.name === 'string') slot.learn({ name: event.json.name });
    const index = delta ? indexOf(delta.part) : text.index === null ? 0 : indexOf(event.json[text.index]);
    const part = slot.part(text.part, index);
    const untold = text.whole && !slot.lost ? untoldDelta(event, text, slot, part) : null;
    this.#keep(event, text, slot, part);
    if (!this.#announce(slot)) return void slot.held.push(...(untold ? [UpstreamEvent.of(untold)] : []), event);
    if (slot.type === text.item) this.#announcePart(slot, part);
    if (untold) this.out.insert(untold, false);
    this.#pass(event, slot);
    if (delta && slot.type === text.item) this.slots.remember(event.type, delta, slot, part);
  }

  #keep(event: UpstreamEvent, text: TextEvent, slot: OutputSlot, part: TextPart): void {
    const value = event.delta ? '' : stringOf(event.json[text.member]);
    if (event.delta) this.slots.keep(slot, part, event.delta.literal, event.size);
    else if (!text.whole) this.slots.keep(slot, part, toBytes(JSON.stringify(value)), event.size);
    else if (this.slots.room(slot, event.size)) part.whole = value;
  }

  #contentPart(event: UpstreamEvent): void {
    const given = isObject(event.json.part) ? event.json.part : {};
    const kind = isPartKind(given.type) ? given.type : 'output_text';
    const slot = this.#slotOf(event, kind === 'reasoning_text' ? 'reasoning' : 'message');
    if (!slot || !this.#announce(slot)) return;
    const part = slot.part(kind, indexOf(event.json.content_index));
    const begins = event.type === 'response.content_part.added';
    if (begins && part.announced) return;
    if (begins) part.announced = true;
    else this.#endPart(slot, part, given);
    this.#pass(event, slot, given, 'part');
  }

  #summaryPart(event: UpstreamEvent): void {
    const slot = this.#slotOf(event, 'reasoning');
    if (!slot || !this.#announce(slot)) return;
    const part = slot.part('summary_text', indexOf(event.json.summary_index));
    const begins = event.type === 'response.reasoning_summary_part.added';
    if (begins && part.announced) return;
    if (begins) part.announced = true;
    else this.#endPart(slot, part, isObject(event.json.part) ? event.json.part : {});
    this.#pass(event, slot);
  }

  /** What a part that ends needs before its end. */
  #endPart(slot: OutputSlot, part: TextPart, given: JsonObject): void {
    this.#announcePart(slot, part);
    const text = given.text ?? given.refusal;
    if (typeof text !== 'string' || text === '' || slot.lost || part.whole !== null) return;
    const untold = part.untoldOf(text);
    if (this.slots.room(slot, text.length)) part.whole = text;
    if (untold === '') return;
    for (const event of tellingEvents(slot, { kind: part.kind, index: part.index, text, untold, part: null }))
      this.out.insert(event, false);
  }

  #annotation(event: UpstreamEvent): void {
    const slot = this.#slotOf(event, 'message');
    if (!slot || !this.#announce(slot)) return;
    const part = slot.part('output_text', indexOf(event.json.content_index));
    this.#announcePart(slot, part);
    if (this.slots.room(slot, event.size)) part.annotations.push(event.json.annotation);
    this.#pass(event, slot);
  }

  /** Progress of a hosted tool, or a public event of a kind that has no structure of its own. */
  #hosted(event: UpstreamEvent): void {
    const type = hostedItemType(event.type);
    if (type === null) return this.out.pass(event, false);
    const slot = this.#slotOf(event, type);
    if (!slot) return;
    this.#announce(slot);
    this.#pass(event, slot);
  }

  /** The open slot an event belongs to; its type is what the event implies, until its item says it. */
  #slotOf(event: UpstreamEvent, type: string): OutputSlot | undefined {
    const { delta } = event;
    const id = delta ? delta.itemId : stringOf(event.json.item_id);
    const slot = this.slots.find(delta ? delta.outputIndex : event.json.output_index, id, type, id !== '');
    if (!slot || slot.closed) return undefined;
    if (slot.type === '') slot.learn({ type });
    return slot;
  }

  /** Tells that a slot's item begins, if it has not been told. False while that cannot be told, unless the item is at its end (`now`). */
  #announce(slot: OutputSlot, now = false): boolean {
    if (slot.announced) return true;
    if (slot.nameless && !now) return false;
    slot.announced = true;
    this.out.insert({ type: 'response.output_item.added', output_index: slot.index, item: announcedItem(this.#shown(slot)) }, false);
    this.#releaseHeld(slot);
    return true;
  }

  /** The members of a slot's item that belong into its announcement. */
  #shown({ item }: OutputSlot): JsonObject {
    const { encrypted_content: _end, content: _content, summary: _summary, ...rest } = item;
    return rest;
  }

  #releaseHeld(slot: OutputSlot): void {
    for (const event of slot.held.splice(0)) this.#pass(event, slot);
  }

  #tellUntold(slot: OutputSlot, item: JsonObject): void {
    for (const untold of untoldTexts(slot, item)) {
      this.#announcePart(slot, slot.part(untold.kind, untold.index));
      for (const event of tellingEvents(slot, untold)) this.out.insert(event, false);
    }
  }

  #announcePart(slot: OutputSlot, part: TextPart): void {
    if (part.announced || part.kind === 'arguments' || part.kind === 'input') return;
    part.announced = true;
    const summary = part.kind === 'summary_text';
    this.out.insert(
      {
        type: summary ? 'response.reasoning_summary_part.added' : 'response.content_part.added',
        item_id: slot.id,
        output_index: slot.index,
        [summary ? 'summary_index' : 'content_index']: part.index,
        part: emptyPart(part.kind),
      },
      false,
    );
  }

  /** Passes an event on as it came, unless its place is missing or `value`, its item or part, is not complete. */
  #pass(event: UpstreamEvent, slot: OutputSlot, value?: JsonObject, member?: 'item' | 'part'): void {
    if (event.delta) return this.out.pass(event, false);
    const { json } = event;
    const changes: JsonObject = {};
    if (json.output_index !== slot.index) changes.output_index = slot.index;
    const complete = value && (member === 'item' ? completeItem(value) : completePart(value));
    if (member && complete !== json[member]) changes[member] = complete;
    if (json.type !== event.type) changes.type = event.type;
    if (Object.keys(changes).length === 0) this.out.pass(event, false);
    else this.out.rewrite({ ...json, ...changes }, false);
  }
}
