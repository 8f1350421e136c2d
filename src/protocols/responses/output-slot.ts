import { ByteString, detached, fromBytes } from '../../common/byte-string.js';
import type { JsonObject, UpstreamEvent } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';
import { TextPieces } from '../shared/text-pieces.js';
import { completeItem, madeUpItemId } from './output-items.js';
import type { PartKind } from './text-events.js';

/** One stretch of text of an item, as its pieces came. */
export class TextPart {
  /** Whether the client has been told that the part begins. */
  announced = false;
  /** The insides of JSON string literals, in order. */
  readonly #pieces = new TextPieces();
  /** The whole text as upstream says it in the end; it wins over the pieces. */
  whole: string | null = null;
  readonly annotations: unknown[] = [];

  constructor(
    readonly kind: PartKind,
    readonly index: number,
  ) {}

  /** Nothing of it has come yet. */
  get empty(): boolean {
    return this.whole === null && this.#pieces.empty;
  }

  get text(): string {
    return this.whole ?? (JSON.parse(fromBytes(`"${this.#pieces.text}"`)) as string);
  }

  /**
   * What of `full`, the text as upstream says it in the end, no delta has told. Empty where all has been told, or where what was told
   * is no beginning of it: that cannot be taken back.
   */
  untoldOf(full: string): string {
    if (this.whole !== null) return '';
    if (this.empty) return full;
    const inside = this.#pieces.text;
    if (!inside.includes('\\') && inside.length === Buffer.byteLength(full)) return '';
    const { text } = this;
    return full.length > text.length && full.startsWith(text) ? full.slice(text.length) : '';
  }

  /** Adds a piece, a JSON string literal. */
  add(literal: ByteString): void {
    this.#pieces.add(detached(literal.slice(1, -1)));
  }

  forget(): void {
    this.#pieces.clear();
  }
}

/** One output item on its way: what has been announced, what came of it, and how it ended. */
export class OutputSlot {
  /** Known parts of the item: from its announcement, or from the events that named it. */
  item: JsonObject = {};
  announced = false;
  /** Events that wait for the name of the tool that is called. */
  readonly held: UpstreamEvent[] = [];
  closed = false;
  /** The item's own end; null if it has not come, or could not be kept. */
  done: JsonObject | null = null;
  readonly parts = new Map<string, TextPart>();
  /** Bytes that are kept for this slot. */
  bytes = 0;
  /** Its content has outgrown what is kept; it cannot be rebuilt. */
  lost = false;

  constructor(readonly index: number) {}

  get id(): string {
    return typeof this.item.id === 'string' ? this.item.id : '';
  }

  get type(): string {
    return typeof this.item.type === 'string' ? this.item.type : '';
  }

  /** A call cannot be shown before the name of its tool is known. */
  get nameless(): boolean {
    return (this.type === 'function_call' || this.type === 'custom_tool_call') && typeof this.item.name !== 'string';
  }

  part(kind: PartKind, index: number): TextPart {
    const key = `${kind}:${index}`;
    let part = this.parts.get(key);
    if (!part) this.parts.set(key, (part = new TextPart(kind, index)));
    return part;
  }

  /** Learns what `item` says; known members stay unless it names them. */
  learn(item: JsonObject): void {
    this.item = { ...this.item, ...item };
  }

  /** Lets go of the text once the authoritative item is there. */
  close(item: JsonObject | null): void {
    this.closed = true;
    this.done = item;
    this.parts.clear();
  }

  /** The finished item, rebuilt from its pieces where upstream never ended it. Null if it cannot be shown. */
  finished(status: 'completed' | 'incomplete', responseId: string): JsonObject | null {
    if (this.done) return completeItem(this.done);
    if (this.closed || this.lost || this.type === '' || this.nameless) return null;
    const item: JsonObject = { ...this.item, id: this.id || madeUpItemId(this.type, responseId, this.index) };
    switch (this.type) {
      case 'message':
        return { ...item, status, role: 'assistant', content: this.#content(item.content) };
      case 'reasoning':
        return this.#reasoning(item, status);
      case 'function_call':
        return { ...item, call_id: item.call_id ?? item.id, status, arguments: this.#only('arguments', item.arguments) };
      case 'custom_tool_call':
        return { ...item, call_id: item.call_id ?? item.id, status, input: this.#only('input', item.input) };
      default:
        return { ...item, status };
    }
  }

  #sorted(kinds: readonly PartKind[]): TextPart[] {
    return [...this.parts.values()].filter((part) => kinds.includes(part.kind)).sort((a, b) => a.index - b.index);
  }

  #only(kind: PartKind, announced: unknown): string {
    return this.parts.get(`${kind}:0`)?.text ?? (typeof announced === 'string' ? announced : '');
  }

  #content(announced: unknown): unknown[] {
    const parts = this.#sorted(['output_text', 'refusal']);
    if (parts.length === 0 && Array.isArray(announced)) return announced;
    return parts.map((part) =>
      part.kind === 'refusal'
        ? { type: 'refusal', refusal: part.text }
        : { type: 'output_text', text: part.text, annotations: part.annotations, logprobs: [] },
    );
  }

  #reasoning(item: JsonObject, status: string): JsonObject {
    // The ciphertext of the announcement is provisional; only the one of the end can be sent back.
    const { encrypted_content: _provisional, ...rest } = item;
    const summary = this.#sorted(['summary_text']).map((part) => ({ type: 'summary_text', text: part.text }));
    const content = this.#sorted(['reasoning_text']).map((part) => ({ type: 'reasoning_text', text: part.text }));
    const given = Array.isArray(item.summary) ? (item.summary as unknown[]).filter(isObject) : [];
    return { ...rest, summary: summary.length > 0 ? summary : given, ...(content.length > 0 && { content }), status };
  }
}
