const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const QUOTES = 0x22222222;
const ONES = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;

const [PLAIN, STRING, VALUE] = [0, 1, 2];
/** What a byte outside of strings begins. */
const KINDS = new Uint8Array(256).fill(PLAIN);
KINDS[QUOTE] = STRING;
for (const opener of Buffer.from(',[{')) KINDS[opener] = VALUE;

/** Whether a backslash stands in front of `at` that is not itself escaped. */
function isEscaped(bytes: Uint8Array, at: number): boolean {
  let first = at;
  while (bytes[first - 1] === BACKSLASH) first--;
  return ((at - first) & 1) === 1;
}

/** From here on a call into the runtime is quicker. */
const LONG_WORDS = 16;

/** Index of the first quote at or after `from`, or the end. Short ways four bytes at a time, long ones by the search of the runtime. */
function nextQuote(bytes: Buffer, words: Int32Array, from: number): number {
  let at = from;
  for (; (at & 3) !== 0; at++) if (bytes[at] === QUOTE) return at;
  const first = at >> 2;
  const last = Math.min(words.length, first + LONG_WORDS);
  for (let word = first; word < last; word++) {
    const differing = words[word]! ^ QUOTES;
    // One of the bytes is zero; it may say so wrongly, but misses none.
    if (((differing - ONES) & ~differing & HIGH_BITS) === 0) continue;
    for (at = word << 2; at < (word + 1) << 2; at++) if (bytes[at] === QUOTE) return at;
  }
  const found = bytes.indexOf(QUOTE, last << 2);
  return found < 0 ? bytes.length : found;
}

/** Four bytes at a time can only be read where they lie on a boundary. */
const aligned = (bytes: Buffer): Buffer => ((bytes.byteOffset & 3) === 0 ? bytes : Buffer.copyBytesFrom(bytes));

/**
 * How many values a JSON text has (members of arrays and objects, and these themselves), found out before it is parsed: two bytes of text
 * can cost 50 bytes of memory. Stops one above `limit`. Strings, which are nearly all of an honest body, are skipped, so that this takes a
 * fraction of the time of `JSON.parse`. Says nothing about whether the text is JSON.
 */
export function countValues(text: Buffer, limit: number): number {
  const bytes = aligned(text);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const { length } = bytes;
  let values = 0;
  for (let at = 0; at < length && values <= limit; at++) {
    const kind = KINDS[bytes[at]!];
    if (kind === VALUE) values++;
    else if (kind === STRING) {
      do at = nextQuote(bytes, words, at + 1);
      while (at < length && isEscaped(bytes, at));
    }
  }
  return values;
}
