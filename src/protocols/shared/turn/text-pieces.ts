import type { JsonText } from './turn-listener.js';

/** A small piece is a view into the text of its whole network chunk and keeps that alive: so many are copied together. */
const PIECES_TOGETHER = 64;

/** Text that came in pieces. */
export class TextPieces {
  #joined: JsonText[] = [];
  #recent: JsonText[] = [];

  get text(): JsonText {
    return this.#joined.join('') + this.#recent.join('');
  }

  add(piece: JsonText): void {
    this.#recent.push(piece);
    if (this.#recent.length < PIECES_TOGETHER) return;
    this.#joined.push(this.#recent.join(''));
    this.#recent = [];
  }

  clear(): void {
    this.#joined = [];
    this.#recent = [];
  }
}
