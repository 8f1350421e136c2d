/** The text of the prepared answers. Every delta ends with one '~', which occurs nowhere else: counting that byte counts deltas. */
export const SENTINEL = 0x7e;
/** Paced deltas carry a CLOCK_MONOTONIC stamp in µs, so many digits wide, before their '~'. */
export const STAMP_DIGITS = 16;

/**
 * The i-th delta: about four characters, as real tokens have, with the escapes of code. `utf` adds letters outside Latin-1,
 * which every answer checked at start-up has, and only the soak under load: they change V8's string width.
 */
export function deltaText(i: number, utf = false): string {
  const extra = utf && i % 8 === 4 ? '日é' : i % 16 === 15 ? '\n' : i % 10 === 9 ? '"' : '';
  return ` ${i.toString(36)}${extra}~`;
}

export const stampText = (i: number, stamp: string): string => ` ${String(i).padStart(5, '0')}:${stamp}~`;

export function fullText(n: number, utf = false): string {
  let text = '';
  for (let i = 0; i < n; i++) text += deltaText(i, utf);
  return text;
}
