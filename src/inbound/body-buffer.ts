/** Smaller pieces are copied together: each buffer costs a hundred bytes beside its own, so a body of single bytes would cost a hundred times its size. */
const OWN_PIECE = 16_384;
const SMALLEST_BLOCK = 4_096;
const LARGEST_BLOCK = 65_536;

/** The bytes of a body as they come. A body that comes in one piece is not copied. */
export class BodyBuffer {
  size = 0;
  chunks = 0;
  #pieces: Buffer[] = [];
  #block = Buffer.alloc(0);
  #filled = 0;

  append(chunk: Buffer): void {
    const isFirst = this.chunks++ === 0;
    this.size += chunk.length;
    if (!isFirst && chunk.length < OWN_PIECE) return this.#copy(chunk);
    this.#cut();
    this.#pieces.push(chunk);
  }

  /** Everything so far. Nothing may be appended afterwards. */
  take(): Buffer {
    this.#cut();
    const pieces = this.#pieces;
    this.clear();
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  clear(): void {
    this.#pieces = [];
    this.#block = Buffer.alloc(0);
    this.#filled = 0;
  }

  #copy(chunk: Buffer): void {
    for (let copied = 0; copied < chunk.length;) {
      if (this.#filled === this.#block.length) {
        this.#cut();
        this.#block = Buffer.allocUnsafeSlow(Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, this.size)));
      }
      const count = chunk.copy(this.#block, this.#filled, copied);
      this.#filled += count;
      copied += count;
    }
  }

  /** The filled part of the block becomes a piece; the rest of it stays in use. */
  #cut(): void {
    if (this.#filled === 0) return;
    this.#pieces.push(this.#block.subarray(0, this.#filled));
    this.#block = this.#block.subarray(this.#filled);
    this.#filled = 0;
  }
}
