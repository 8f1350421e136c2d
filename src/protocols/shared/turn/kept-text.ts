import { fromBytes } from '../../../common/byte-string.js';
import { TextPieces } from '../text-pieces.js';
import type { JsonText } from './turn-listener.js';

/** How much of a turn may be kept for reconciliation. */
export class Retention {
  #used = 0;

  constructor(private readonly limitBytes: number) {}

  /** False: there is no room for it. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limitBytes) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }

  clear(): void {
    this.#used = 0;
  }
}

/**
 * What has been told of one stretch of text. Upstream says the same text again, as a whole, up to four times; only what is missing of it
 * may then be told. Pieces are decoded once, when the first whole comes.
 */
export class KeptText {
  /** Upstream has said the whole text: pieces that come now are repetitions. */
  settled = false;
  /** Bytes that are kept. */
  bytes = 0;
  readonly #pieces = new TextPieces();
  /** What `#pieces` add to. */
  #told = '';
  #pending = false;
  /** There was no room for it, so nobody can say what is missing. */
  #lost = false;

  add(piece: JsonText, retention: Retention): void {
    if (this.#lost) return;
    if (!retention.take(piece.length)) return this.#lose(retention);
    this.bytes += piece.length;
    this.#pieces.add(piece);
    this.#pending = true;
  }

  /** What of the whole text has not been told; null: it says something else than what was told. `same`: whether two texts mean the same. */
  missing(whole: string, same: (told: string, whole: string) => boolean): string | null {
    if (this.#lost) return '';
    const told = this.#decoded();
    if (whole.startsWith(told)) return whole.slice(told.length);
    return same(told, whole) ? '' : null;
  }

  /** The whole text has been told. */
  settle(whole: string, retention: Retention): void {
    this.settled = true;
    if (this.#lost) return;
    this.#decoded();
    const more = whole.length - this.#told.length;
    if (more > 0 && !retention.take(more)) return this.#lose(retention);
    this.bytes += Math.max(0, more);
    this.#told = whole;
  }

  #decoded(): string {
    if (!this.#pending) return this.#told;
    this.#told += JSON.parse(`"${fromBytes(this.#pieces.text)}"`) as string;
    this.#pieces.clear();
    this.#pending = false;
    return this.#told;
  }

  #lose(retention: Retention): void {
    retention.give(this.bytes);
    this.bytes = 0;
    this.#pieces.clear();
    this.#told = '';
    this.#pending = false;
    this.#lost = true;
  }
}

/** Whether two JSON texts differ only in how they are written down. */
export function sameJson(a: string, b: string): boolean {
  try {
    return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
  } catch {
    return false;
  }
}
