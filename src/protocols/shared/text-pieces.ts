import type { ByteString } from '../../common/byte-string.js';

/** So many pieces are copied into one string. */
const PIECES_TOGETHER = 64;

/** Text that comes in pieces, which should be `detached` from the network chunks they came in. */
export class TextPieces {
  #joined: ByteString[] = [];
  #recent: ByteString[] = [];

  get text(): ByteString {
    return this.#joined.join('') + this.#recent.join('');
  }

  get empty(): boolean {
    return this.#joined.length === 0 && this.#recent.length === 0;
  }

  add(piece: ByteString): void {
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
