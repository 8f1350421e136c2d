import { fromBytes } from '../../src/common/byte-string.js';
import type { JsonObject } from '../../src/upstream/upstream-event.js';
import type { JsonText, TurnBegin, TurnEnd, TurnListener, TurnSlot } from '../../src/protocols/shared/turn/turn-listener.js';

/** What the listener was told, one entry a call; text decoded. */
export type Told =
  | { readonly what: 'begin'; readonly head: TurnBegin }
  | { readonly what: 'open' | 'break'; readonly slot: TurnSlot }
  | { readonly what: 'text' | 'refusal'; readonly slot: TurnSlot; readonly part: number; readonly text: string }
  | { readonly what: 'think' | 'args'; readonly slot: TurnSlot; readonly text: string }
  | { readonly what: 'annotation'; readonly slot: TurnSlot; readonly part: number; readonly annotation: JsonObject }
  | { readonly what: 'image'; readonly slot: TurnSlot; readonly base64: string; readonly format: string }
  | { readonly what: 'close'; readonly slot: TurnSlot; readonly item: JsonObject | null }
  | { readonly what: 'end'; readonly end: TurnEnd };

const WRITES: Readonly<Record<string, readonly string[]>> = {
  message: ['text', 'refusal', 'annotation'],
  reasoning: ['think', 'break'],
  function: ['args'],
  custom: ['args'],
  image: ['image'],
};

/** Records a turn, and throws where it breaks the grammar of the alphabet. */
export class TurnRecord implements TurnListener {
  readonly told: Told[] = [];
  /** Every piece of text as it came. */
  readonly pieces: JsonText[] = [];
  #open: TurnSlot | null = null;
  #orders = 0;
  #part = -1;
  #broken = false;

  /** The calls as lines (`text 0.0 Hi`); pieces that follow each other in one part are one line. */
  get lines(): string[] {
    const lines: string[] = [];
    let last = '';
    for (const told of this.told) {
      const { head, text } = lineOf(told);
      if (text !== null && head === last) lines[lines.length - 1] += text;
      else lines.push(`${head}${text === null ? '' : ` ${text}`}`);
      last = text === null ? '' : head;
    }
    return lines;
  }

  /** All text of a kind, of one item or of all. */
  textOf(what: 'text' | 'refusal' | 'think' | 'args', order?: number): string {
    return this.told.map((told) => (told.what === what && (order ?? told.slot.order) === told.slot.order ? told.text : '')).join('');
  }

  get finalEnd(): TurnEnd | null {
    const last = this.told.at(-1);
    return last?.what === 'end' ? last.end : null;
  }

  get slots(): TurnSlot[] {
    return this.told.flatMap((told) => (told.what === 'open' ? [told.slot] : []));
  }

  begin(head: TurnBegin): void {
    if (this.told.length > 0) throw new Error('begin is not the first');
    this.told.push({ what: 'begin', head });
  }

  open(slot: TurnSlot): void {
    this.#ongoing();
    if (this.#open) throw new Error(`slot ${slot.order} opened inside slot ${this.#open.order}`);
    if (slot.order !== this.#orders++) throw new Error(`slot ${slot.order} is out of order`);
    if ((slot.kind === 'function' || slot.kind === 'custom') === (slot.name === '' || slot.callId === ''))
      throw new Error('name or call id');
    this.#open = slot;
    this.#part = -1;
    this.#broken = false;
    this.told.push({ what: 'open', slot });
  }

  text(slot: TurnSlot, part: number, text: JsonText): void {
    this.#inPart(slot, part);
    this.#within(slot, 'text');
    this.told.push({ what: 'text', slot, part, text: this.#read(text) });
  }

  refusal(slot: TurnSlot, part: number, text: JsonText): void {
    this.#inPart(slot, part);
    this.#within(slot, 'refusal');
    this.told.push({ what: 'refusal', slot, part, text: this.#read(text) });
  }

  annotation(slot: TurnSlot, part: number, annotation: JsonObject): void {
    this.#within(slot, 'annotation');
    this.told.push({ what: 'annotation', slot, part, annotation });
  }

  think(slot: TurnSlot, text: JsonText): void {
    this.#within(slot, 'think');
    this.#broken = false;
    this.told.push({ what: 'think', slot, text: this.#read(text) });
  }

  thinkBreak(slot: TurnSlot): void {
    this.#within(slot, 'break');
    if (this.#broken || this.told.at(-1)!.what !== 'think') throw new Error('break without text before it');
    this.#broken = true;
    this.told.push({ what: 'break', slot });
  }

  args(slot: TurnSlot, text: JsonText): void {
    this.#within(slot, 'args');
    this.told.push({ what: 'args', slot, text: this.#read(text) });
  }

  image(slot: TurnSlot, base64: string, format: string): void {
    this.#within(slot, 'image');
    this.told.push({ what: 'image', slot, base64, format });
  }

  close(slot: TurnSlot, item: JsonObject | null): void {
    this.#ongoing();
    if (this.#open !== slot) throw new Error(`slot ${slot.order} closed and not open`);
    if (this.#broken) throw new Error('break without text behind it');
    this.#open = null;
    this.told.push({ what: 'close', slot, item });
  }

  end(end: TurnEnd): void {
    this.#ongoing();
    if (this.#open && end.failure === null) throw new Error('ended well with an open slot');
    if ((end.failure === null) !== (end.status === 'completed' || end.status === 'incomplete')) throw new Error('failure and status');
    this.told.push({ what: 'end', end });
  }

  #ongoing(): void {
    if (this.told[0]?.what !== 'begin') throw new Error('not begun');
    if (this.finalEnd) throw new Error('told after the end');
  }

  #within(slot: TurnSlot, what: string): void {
    this.#ongoing();
    if (this.#open !== slot) throw new Error(`${what} of a slot that is not open`);
    if (!WRITES[slot.kind]?.includes(what)) throw new Error(`${what} in a slot of kind ${slot.kind}`);
  }

  #inPart(slot: TurnSlot, part: number): void {
    if (this.#open === slot && part < this.#part) throw new Error('a part goes on after the next one has begun');
    this.#part = part;
  }

  #read(text: JsonText): string {
    if (text === '') throw new Error('empty text');
    this.pieces.push(text);
    return JSON.parse(`"${fromBytes(text)}"`) as string;
  }
}

function lineOf(told: Told): { head: string; text: string | null } {
  switch (told.what) {
    case 'begin':
      return { head: `begin ${told.head.responseId}`, text: null };
    case 'open':
      return {
        head: ['open', told.slot.order, told.slot.kind, told.slot.name, told.slot.callId].filter((one) => one !== '').join(' '),
        text: null,
      };
    case 'text':
    case 'refusal':
      return { head: `${told.what} ${told.slot.order}.${told.part}`, text: told.text };
    case 'think':
    case 'args':
      return { head: `${told.what} ${told.slot.order}`, text: told.text };
    case 'annotation':
      return { head: `annotation ${told.slot.order}.${told.part} ${String(told.annotation.url)}`, text: null };
    case 'image':
      return { head: `image ${told.slot.order} ${told.format} ${told.base64}`, text: null };
    case 'break':
      return { head: `break ${told.slot.order}`, text: null };
    case 'close':
      return { head: `close ${told.slot.order}`, text: null };
    case 'end':
      return {
        head: ['end', told.end.status, told.end.incompleteReason, told.end.stopped].filter((one) => one !== null).join(' '),
        text: null,
      };
  }
}
