import { type ByteString, fromBytes, toBytes } from '../../../common/byte-string.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { type StopMatch, StopMatcher } from './stop-matcher.js';
import type { JsonText, TurnBegin, TurnEnd, TurnListener, TurnSlot } from './turn-listener.js';

/** Text that may be the beginning of a stop sequence, and annotations behind it. */
type Waiting =
  | { readonly what: 'text'; readonly part: number; readonly text: string }
  | { readonly what: 'annotation'; readonly part: number; readonly annotation: JsonObject };

const decode = (text: JsonText): string => {
  const json = fromBytes(text);
  return json.includes('\\') ? (JSON.parse(`"${json}"`) as string) : json;
};
const encode = (text: string): JsonText => toBytes(JSON.stringify(text)).slice(1, -1);

/**
 * Stop sequences, which the backend does not know: ends the visible text of an answer before the first of them, whatever pieces and parts of
 * a message it is spread over. At most the longest one less a character is held back. After a match everything is left out but the end,
 * which is a normal one however upstream's turn goes on, with upstream's usage.
 */
export class StopFilter implements TurnListener {
  readonly #matcher: StopMatcher;
  #waiting: Waiting[] = [];
  /** Where in the text of the message `#waiting` begins. */
  #start = 0;
  /** The open message. */
  #message: TurnSlot | null = null;
  #stopped: string | null = null;
  #ended = false;
  #serviceTier: string | null = null;

  constructor(
    private readonly inner: TurnListener,
    stops: readonly string[],
  ) {
    this.#matcher = new StopMatcher(stops);
  }

  /** Whether a stop sequence was met and the end has not been told yet. */
  get satisfied(): boolean {
    return this.#stopped !== null && !this.#ended;
  }

  /** Tells the end without upstream's; only when `satisfied`. */
  finish(): void {
    if (!this.satisfied) return;
    this.#end({
      status: 'completed',
      incompleteReason: null,
      usage: null,
      failure: null,
      stopped: this.#stopped,
      serviceTier: this.#serviceTier,
    });
  }

  /** Another attempt begins: everything is forgotten. */
  restart(): void {
    this.#forget();
    this.#message = null;
    this.#stopped = null;
    this.#ended = false;
    this.#serviceTier = null;
  }

  begin(head: TurnBegin): void {
    this.#serviceTier = head.serviceTier;
    this.inner.begin(head);
  }

  open(slot: TurnSlot): void {
    if (this.#stopped !== null) return;
    if (slot.kind === 'message') this.#message = slot;
    this.inner.open(slot);
  }

  text(slot: TurnSlot, part: number, text: JsonText): void {
    if (this.#stopped !== null) return;
    const read = decode(text);
    const nothingWaits = this.#waiting.length === 0;
    const match = this.#matcher.push(read);
    if (match === null && nothingWaits && this.#matcher.safe === this.#start + read.length) {
      this.#start += read.length;
      return this.inner.text(slot, part, text);
    }
    this.#waiting.push({ what: 'text', part, text: read });
    if (match) this.#stop(slot, match);
    else this.#tell(slot, this.#matcher.safe);
  }

  refusal(slot: TurnSlot, part: number, text: JsonText): void {
    if (!this.#letGo(slot)) this.inner.refusal(slot, part, text);
  }

  annotation(slot: TurnSlot, part: number, annotation: JsonObject): void {
    if (this.#stopped !== null) return;
    if (this.#waiting.length === 0) this.inner.annotation(slot, part, annotation);
    else this.#waiting.push({ what: 'annotation', part, annotation });
  }

  think(slot: TurnSlot, text: JsonText): void {
    if (this.#stopped === null) this.inner.think(slot, text);
  }

  thinkBreak(slot: TurnSlot): void {
    if (this.#stopped === null) this.inner.thinkBreak(slot);
  }

  args(slot: TurnSlot, text: JsonText): void {
    if (this.#stopped === null) this.inner.args(slot, text);
  }

  image(slot: TurnSlot, base64: ByteString, format: string): void {
    if (this.#stopped === null) this.inner.image(slot, base64, format);
  }

  close(slot: TurnSlot, item: JsonObject | null): void {
    if (this.#letGo(slot)) return;
    this.#message = null;
    this.inner.close(slot, item);
  }

  end(end: TurnEnd): void {
    if (this.#ended) return;
    if (this.#message) this.#letGo(this.#message);
    const stopped = this.#stopped;
    if (stopped === null) this.#end(end);
    else this.#end({ ...end, status: 'completed', incompleteReason: null, failure: null, stopped });
  }

  #end(end: TurnEnd): void {
    this.#ended = true;
    this.inner.end(end);
  }

  /** No text will follow what waits: it ends with a match, or is told. Returns whether the answer has been stopped. */
  #letGo(slot: TurnSlot): boolean {
    if (this.#stopped !== null) return true;
    const match = this.#matcher.found;
    if (match) this.#stop(slot, match);
    else this.#tell(slot, Infinity);
    this.#forget();
    return match !== null;
  }

  #stop(slot: TurnSlot, { start, stop }: StopMatch): void {
    this.#tell(slot, start);
    this.#forget();
    this.#stopped = stop;
    this.#message = null;
    this.inner.close(slot, null);
  }

  /** Tells what stands before a place in the text, with its annotations. */
  #tell(slot: TurnSlot, before: number): void {
    let next = this.#waiting[0];
    while (next && (next.what === 'annotation' || this.#start + next.text.length <= before)) {
      this.#waiting.shift();
      if (next.what === 'annotation') this.inner.annotation(slot, next.part, next.annotation);
      else this.#tellText(slot, next.part, next.text);
      next = this.#waiting[0];
    }
    if (next?.what !== 'text' || this.#start >= before) return;
    const length = before - this.#start;
    this.#waiting[0] = { ...next, text: next.text.slice(length) };
    this.#tellText(slot, next.part, next.text.slice(0, length));
  }

  #tellText(slot: TurnSlot, part: number, text: string): void {
    this.#start += text.length;
    if (text !== '') this.inner.text(slot, part, encode(text));
  }

  #forget(): void {
    this.#waiting = [];
    this.#start = 0;
    this.#matcher.reset();
  }
}
