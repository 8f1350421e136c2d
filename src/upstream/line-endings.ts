const BOM = '\xEF\xBB\xBF';
const LF = 10;
const CR = 13;

/** Turns the line ends CRLF and CR of a byte string that arrives in pieces into LF, and drops one leading BOM. */
export class LineEndings {
  /** Bytes that may become a BOM; null once the stream's start has been seen. */
  #head: string | null = '';
  /** The last piece ended with CR: a LF that follows belongs to it. */
  #afterCr = false;

  normalise(piece: string): string {
    let text = this.#head === null ? piece : this.#withoutBom(piece);
    if (text.length === 0) return text;
    if (this.#afterCr && text.charCodeAt(0) === LF) text = text.slice(1);
    this.#afterCr = text.length === 0 ? false : text.charCodeAt(text.length - 1) === CR;
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  }

  /** What was held back as the possible start of a BOM. */
  end(): string {
    const held = this.#head ?? '';
    this.#head = null;
    return held;
  }

  #withoutBom(piece: string): string {
    const head = this.#head + piece;
    if (head.length < BOM.length && BOM.startsWith(head)) {
      this.#head = head;
      return '';
    }
    this.#head = null;
    return head.startsWith(BOM) ? head.slice(BOM.length) : head;
  }
}
