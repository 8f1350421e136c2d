/** One stop sequence, and how much of it the text ends with. */
interface Stop {
  readonly text: string;
  /** For every prefix: the length of the longest shorter prefix that it ends with (Knuth, Morris, Pratt). */
  readonly borders: Int32Array;
  matched: number;
}

export interface StopMatch {
  /** Where it begins, counted from the beginning of the text. */
  readonly start: number;
  readonly stop: string;
}

function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length);
  for (let i = 1, border = 0; i < text.length; i++) {
    while (border > 0 && text[i] !== text[border]) border = borders[border - 1]!;
    if (text[i] === text[border]) border++;
    borders[i] = border;
  }
  return borders;
}

/**
 * Finds the first place where a stop sequence begins, and the longest one that begins there, in text that comes in pieces: how it is cut
 * makes no difference. Each character is looked at once, by the sequences that may contain it.
 */
export class StopMatcher {
  readonly #byFirst = new Map<string, Stop[]>();
  /** Sequences that the text ends with the beginning of. */
  #begun: Stop[] = [];
  #length = 0;
  #found: StopMatch | null = null;

  constructor(stops: readonly string[]) {
    for (const text of new Set(stops)) {
      if (text === '') continue;
      const stop = { text, borders: bordersOf(text), matched: 0 };
      const same = this.#byFirst.get(text[0]!);
      if (same) same.push(stop);
      else this.#byFirst.set(text[0]!, [stop]);
    }
  }

  /** New text begins. */
  reset(): void {
    for (const stop of this.#begun) stop.matched = 0;
    this.#begun = [];
    this.#length = 0;
    this.#found = null;
  }

  /** Reads on. A match, once none that begins earlier or is longer is possible any more. */
  push(text: string): StopMatch | null {
    // UTF-16 units, since text may be cut inside a character.
    for (let i = 0; i < text.length; i++) {
      this.#step(text[i]!);
      if (this.#found && this.#isDecided(this.#found)) return this.#found;
    }
    return null;
  }

  /** The text is over: what was found stays. */
  get found(): StopMatch | null {
    return this.#found;
  }

  /** No match can begin before this place. */
  get safe(): number {
    let safe = this.#found?.start ?? this.#length;
    for (const { matched } of this.#begun) safe = Math.min(safe, this.#length - matched);
    return safe;
  }

  #step(char: string): void {
    this.#length++;
    const starting = this.#byFirst.get(char);
    if (starting === undefined && this.#begun.length === 0) return;
    const fresh = starting?.filter(({ matched }) => matched === 0) ?? [];
    for (const stop of this.#begun) this.#advance(stop, char);
    for (const stop of fresh) this.#advance(stop, char);
    this.#begun = [...this.#begun, ...fresh].filter(({ matched }) => matched > 0);
  }

  #advance(stop: Stop, char: string): void {
    const { text, borders } = stop;
    let { matched } = stop;
    while (matched > 0 && text[matched] !== char) matched = borders[matched - 1]!;
    if (text[matched] === char) matched++;
    if (matched === text.length) {
      this.#take(text);
      matched = 0;
    }
    stop.matched = matched;
  }

  #take(stop: string): void {
    const start = this.#length - stop.length;
    const found = this.#found;
    if (found === null || start < found.start || (start === found.start && stop.length > found.stop.length)) this.#found = { start, stop };
  }

  #isDecided({ start, stop }: StopMatch): boolean {
    return this.#begun.every(({ text, matched }) => {
      const begins = this.#length - matched;
      return begins > start || (begins === start && text.length <= stop.length);
    });
  }
}
