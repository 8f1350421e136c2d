import { TextPieces } from '../shared/text-pieces.js';
import type { JsonText } from '../shared/turn/turn-listener.js';

const BACKSLASH = 0x5c;
const ESCAPED_OR_BEYOND_ASCII = /[\\\x80-\xff]/;
const NEWLINE = /\\(?:n|u000[aA])$/;

/** Whether the text ends with a newline. A backslash in front of an escape may itself be escaped: then it is no escape. */
export function endsLine(text: JsonText): boolean {
  const found = NEWLINE.exec(text.slice(-6));
  if (found === null) return false;
  let backslashes = 1;
  for (let i = text.length - found[0].length - 1; text.charCodeAt(i) === BACKSLASH; i--) backslashes++;
  return backslashes % 2 === 1;
}

/**
 * Characters (code points) of a text, which is what offsets into it count. Half a surrogate pair may stand at the end of one piece and the
 * other half at the beginning of the next one: the second half counts nothing.
 */
export function countCharacters(text: JsonText): number {
  if (!ESCAPED_OR_BEYOND_ASCII.test(text)) return text.length;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i);
    if (byte !== BACKSLASH) {
      // All bytes of a character but its first one are 10xxxxxx.
      if ((byte & 0xc0) !== 0x80) count++;
    } else if (text[i + 1] !== 'u') {
      count++;
      i++;
    } else {
      if (!/^d[c-f]/i.test(text.slice(i + 2, i + 4))) count++;
      i += 5;
    }
  }
  return count;
}

/** Pieces are kept up to here before they are counted. */
const MAX_UNCOUNTED = 4096;

/** Characters of a text that comes in pieces. They are counted when somebody asks: hardly ever, and counting each piece costs as much as sending it. */
export class CharacterCount {
  #counted = 0;
  #length = 0;
  readonly #uncounted = new TextPieces();

  add(text: JsonText): void {
    this.#uncounted.add(text);
    this.#length += text.length;
    if (this.#length > MAX_UNCOUNTED) this.#count();
  }

  get value(): number {
    if (this.#length > 0) this.#count();
    return this.#counted;
  }

  #count(): void {
    this.#counted += countCharacters(this.#uncounted.text);
    this.#uncounted.clear();
    this.#length = 0;
  }
}
