import { toBytes } from '../../../common/byte-string.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { sha256 } from '../digest.js';
import { isObject } from '../json-body.js';
import { type Retention, sameJson } from './kept-text.js';
import type { ReleaseQueue } from './release-queue.js';
import { Channel, CUSTOM_INPUT, FUNCTION_ARGS, partIndex, RAW, rankOf, REFUSAL, SUMMARY, TEXT } from './text-family.js';
import type { TurnItem } from './turn-item.js';
import type { JsonText } from './turn-listener.js';

/** Raw reasoning counts only as long as there is no summary. */
const isSummedUp = (item: TurnItem, channel: Channel): boolean => channel === RAW && item.rank >= SUMMARY.base;

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const FORMAT = /^[a-z0-9]{1,8}$/;

const never = (): boolean => false;
const listOf = (value: unknown): JsonObject[] =>
  Array.isArray(value) ? (value as unknown[]).map((one) => (isObject(one) ? one : {})) : [];
const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What makes two annotations the same, in whatever order their members come. */
const annotationKey = (part: number, one: JsonObject): string =>
  [part, one.type, one.url, one.start_index, one.end_index, one.file_id, one.filename, one.container_id, one.index].map(scalar).join(' ');
const scalar = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** The content of items: pieces as they come, and what upstream says in the end, reconciled with them. */
export class ItemContent {
  /** Pieces and parts that could not be told any more. */
  dropped = 0;
  /** Whole texts that say something else than what was told. */
  contradictions = 0;
  readonly #images = new Set<string>();

  constructor(
    private readonly queue: ReleaseQueue,
    private readonly retention: Retention,
  ) {}

  clear(): void {
    this.dropped = 0;
    this.contradictions = 0;
    this.#images.clear();
  }

  /** A piece of text. False: it repeats what was told, or its part is over. */
  piece(item: TurnItem, channel: Channel, part: number, piece: JsonText): boolean {
    if (isSummedUp(item, channel)) return false;
    const text = item.text(channel, part);
    const rank = rankOf(channel, part);
    if (text.settled || rank < item.rank) {
      this.dropped++;
      return false;
    }
    text.add(piece, this.retention);
    if (piece !== '') this.queue.speak(item, channel.voice, rank, piece);
    return true;
  }

  /** A text as upstream says it in the end: tells what is missing of it. */
  whole(item: TurnItem, channel: Channel, part: number, whole: string): void {
    if (whole === '' || isSummedUp(item, channel)) return;
    const text = item.text(channel, part);
    const rank = rankOf(channel, part);
    const missing = text.missing(whole, channel === FUNCTION_ARGS ? sameJson : never);
    if (missing === null || (missing !== '' && rank < item.rank)) {
      this.contradictions++;
      return;
    }
    text.settle(whole, this.retention);
    if (missing !== '') this.queue.speak(item, channel.voice, rank, toBytes(JSON.stringify(missing)).slice(1, -1));
  }

  /** A finished part of a message, or of raw reasoning. */
  part(item: TurnItem, index: number, part: JsonObject): void {
    if (item.kind === 'reasoning') return this.#raw(item, index, part);
    if (item.kind !== 'message') return;
    if (part.type === 'refusal') return this.whole(item, REFUSAL, index, stringOf(part.refusal));
    this.whole(item, TEXT, index, stringOf(part.text));
    for (const annotation of listOf(part.annotations)) this.annotation(item, index, annotation);
  }

  annotation(item: TurnItem, part: number, annotation: JsonObject): void {
    if (item.note(annotationKey(part, annotation), this.retention)) this.queue.annotate(item, part, annotation);
  }

  /** Everything that an item says at its end and was not told yet. */
  item(item: TurnItem, last: JsonObject): void {
    switch (item.kind) {
      case 'message':
        return listOf(last.content).forEach((part, i) => this.part(item, partIndex(i), part));
      case 'reasoning':
        return this.#reasoning(item, last);
      case 'function':
        return this.whole(item, FUNCTION_ARGS, 0, stringOf(last.arguments));
      case 'custom':
        return this.whole(item, CUSTOM_INPUT, 0, stringOf(last.input));
      case 'image':
        return this.#image(item, last);
      case 'web_search':
      case 'other':
    }
  }

  #reasoning(item: TurnItem, last: JsonObject): void {
    const summary = listOf(last.summary);
    summary.forEach((part, i) => this.whole(item, SUMMARY, partIndex(i), stringOf(part.text)));
    // A summary that was announced and turned out to be empty does not stand for the reasoning.
    item.rank = item.spoke;
    listOf(last.content).forEach((part, i) => this.#raw(item, i, part));
  }

  #raw(item: TurnItem, index: number, part: JsonObject): void {
    if (part.type === 'reasoning_text' || part.type === 'text') this.whole(item, RAW, partIndex(index), stringOf(part.text));
  }

  #image(item: TurnItem, { result, output_format: format }: JsonObject): void {
    const base64 = stringOf(result);
    if (base64 === '') return;
    const digest = sha256(base64);
    if (this.#images.has(digest)) return;
    // It is copied into JSON as it is.
    if (!BASE64.test(base64)) return void this.dropped++;
    this.#images.add(digest);
    this.queue.show(item, base64, FORMAT.test(stringOf(format)) ? stringOf(format) : 'png');
  }
}
