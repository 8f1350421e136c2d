import type { ByteString } from '../../common/byte-string.js';

/**
 * Frames on their way out. Pieces of one text that follow each other are cut out as one, because joining a string of many small
 * pieces costs more than everything else that is done to a copied stream.
 */
export class FrameBuffer {
  #bytes: ByteString = '';
  #text: ByteString = '';
  #start = 0;
  #end = 0;

  append(bytes: ByteString): void {
    this.#bytes = this.#joined() + bytes;
    this.#start = this.#end = 0;
  }

  /** The piece `text[start, end)`. */
  appendPiece(text: ByteString, start: number, end: number): void {
    if (start === this.#end && text === this.#text) {
      this.#end = end;
      return;
    }
    this.#bytes = this.#joined();
    this.#text = text;
    this.#start = start;
    this.#end = end;
  }

  /** Everything that was appended since the last time. */
  take(): ByteString {
    const bytes = this.#joined();
    this.#bytes = this.#text = '';
    this.#start = this.#end = 0;
    return bytes;
  }

  #joined(): ByteString {
    if (this.#start === this.#end) return this.#bytes;
    const piece = this.#text.slice(this.#start, this.#end);
    return this.#bytes === '' ? piece : this.#bytes + piece;
  }
}
