import type { JsonObject } from '../../../upstream/upstream-event.js';
import type { Voice } from './text-family.js';
import { TextPieces } from '../text-pieces.js';
import type { Held, TurnItem } from './turn-item.js';
import type { JsonText, TurnListener, TurnSlot } from './turn-listener.js';

/** What may wait behind an item that is not finished. More is a fault of the turn, since nothing that waits may be left out. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * Tells items one after another: the first one that is not told live, the others when those before them are finished. Items come in the
 * order of their keys; one that turns up late comes next, but never into the middle of another.
 */
export class ReleaseQueue {
  /** More had to wait than may be held. */
  overflowed = false;
  #live: TurnItem | null = null;
  /** Not told yet, in ascending order of key. */
  #waiting: TurnItem[] = [];
  #order = 0;
  #heldBytes = 0;
  readonly #callIds = new Set<string>();

  constructor(
    private readonly listener: TurnListener,
    private readonly newCallId: () => string,
    private readonly maxHeldBytes = MAX_HELD_BYTES,
  ) {}

  clear(): void {
    this.overflowed = false;
    this.#live = null;
    this.#waiting = [];
    this.#order = 0;
    this.#heldBytes = 0;
    this.#callIds.clear();
  }

  /** Whether an item waits for the name of its tool. */
  get nameless(): boolean {
    return this.#waiting.some((item) => item.nameless);
  }

  /** Items that were not told as a whole, in order. */
  get untold(): readonly TurnItem[] {
    return this.#live ? [this.#live, ...this.#waiting] : [...this.#waiting];
  }

  enter(item: TurnItem): void {
    const at = this.#waiting.findLastIndex(({ key }) => key <= item.key) + 1;
    this.#waiting.splice(at, 0, item);
  }

  /** Tells whatever can be told now: an item got its name, or was finished. */
  advance(): void {
    for (;;) {
      if (this.#live) {
        if (!this.#live.finished) return;
        this.listener.close(this.#live.slot!, this.#live.last);
        this.#live = null;
      }
      const next = this.#waiting[0];
      if (!next || next.nameless) return;
      this.#waiting.shift();
      // Where upstream leaves places out, one call may look like two items; its client would execute it twice.
      if (next.isCall && this.#callIds.has(next.callId)) this.#mute(next);
      else this.#open(next);
    }
  }

  /** A piece of an item's text; `rank` says of which part. */
  speak(item: TurnItem, voice: Voice, rank: number, piece: JsonText): void {
    if (item.spoke !== rank) {
      if (voice === 'think' && item.spoke >= 0) this.#break(item);
      item.spoke = item.rank = rank;
    }
    if (item === this.#live) tell(this.listener, item.slot!, voice, rank, piece);
    else this.#holdText(item, voice, rank, piece);
  }

  annotate(item: TurnItem, part: number, annotation: JsonObject): void {
    if (item === this.#live) this.listener.annotation(item.slot!, part, annotation);
    else this.#hold(item, { what: 'annotation', part, annotation });
  }

  show(item: TurnItem, base64: JsonText, format: string): void {
    if (item === this.#live) this.listener.image(item.slot!, base64, format);
    else if (this.#room(base64.length)) this.#hold(item, { what: 'image', base64, format });
  }

  #break(item: TurnItem): void {
    if (item === this.#live) this.listener.thinkBreak(item.slot!);
    else this.#hold(item, { what: 'break' });
  }

  #mute(item: TurnItem): void {
    item.muted = true;
    for (const held of item.held.splice(0)) if ('text' in held) this.#heldBytes -= held.text.text.length;
  }

  #hold(item: TurnItem, held: Held): void {
    item.held.push(held);
  }

  #holdText(item: TurnItem, voice: Voice, part: number, piece: JsonText): void {
    if (item.muted || !this.#room(piece.length)) return;
    let last = item.held.at(-1);
    if (!last || last.what !== voice || last.part !== part) item.held.push((last = { what: voice, part, text: new TextPieces() }));
    last.text.add(piece);
  }

  #room(bytes: number): boolean {
    this.#heldBytes += bytes;
    if (this.#heldBytes > this.maxHeldBytes) this.overflowed = true;
    return !this.overflowed;
  }

  #open(item: TurnItem): void {
    const { kind, id, name } = item;
    const callId = item.isCall ? (item.callId ||= id || this.newCallId()) : '';
    if (item.isCall) this.#callIds.add(callId);
    const slot: TurnSlot = { kind, order: this.#order++, itemId: id, callId, name: item.isCall ? name : '' };
    item.slot = slot;
    this.#live = item;
    this.listener.open(slot);
    for (const held of item.held.splice(0)) this.#release(slot, held);
  }

  #release(slot: TurnSlot, held: Held): void {
    switch (held.what) {
      case 'break':
        return this.listener.thinkBreak(slot);
      case 'annotation':
        return this.listener.annotation(slot, held.part, held.annotation);
      case 'image':
        this.#heldBytes -= held.base64.length;
        return this.listener.image(slot, held.base64, held.format);
      default: {
        const { text } = held.text;
        this.#heldBytes -= text.length;
        tell(this.listener, slot, held.what, held.part, text);
      }
    }
  }
}

function tell(listener: TurnListener, slot: TurnSlot, voice: Voice, part: number, text: JsonText): void {
  switch (voice) {
    case 'text':
      return listener.text(slot, part, text);
    case 'args':
      return listener.args(slot, text);
    case 'think':
      return listener.think(slot, text);
    case 'refusal':
      return listener.refusal(slot, part, text);
  }
}
