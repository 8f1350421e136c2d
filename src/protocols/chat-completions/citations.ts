import type { JsonObject } from '../../upstream/upstream-event.js';
import type { CharacterCount } from './text-measure.js';

/** More of them are a fault of upstream's. */
const MAX_CITATIONS = 4096;

interface Citation {
  readonly url: string;
  readonly title: string;
  readonly start: number;
  readonly end: number;
}

const offset = (value: unknown): number => (Number.isInteger(value) ? Math.max(0, value as number) : 0);

/** A `url_citation` of the Responses API; null for other annotations, which this dialect does not have. */
function read({ type, url, title, start_index, end_index }: JsonObject): Citation | null {
  if (type !== 'url_citation' || typeof url !== 'string') return null;
  return { url, title: typeof title === 'string' ? title : '', start: offset(start_index), end: offset(end_index) };
}

/**
 * Citations of a completion. Upstream counts offsets from the beginning of a text part, this dialect from the beginning of the content: each
 * is moved by the text before its part, once that is known.
 */
export class Citations {
  readonly #all: Citation[] = [];
  readonly #seen = new Set<string>();
  /** Of the message item that is told just now: text may still be held back behind its annotation. */
  #waiting: { readonly part: number; readonly citation: Citation }[] = [];
  /** Part of that item → characters of content before it. */
  readonly #starts = new Map<number, number>();

  /** `content`: of the completion, as far as it was told. */
  constructor(private readonly content: CharacterCount) {}

  partBegins(part: number): void {
    if (!this.#starts.has(part)) this.#starts.set(part, this.content.value);
  }

  add(part: number, annotation: JsonObject): void {
    const citation = read(annotation);
    if (citation && this.#waiting.length + this.#all.length < MAX_CITATIONS) this.#waiting.push({ part, citation });
  }

  /** The message item is whole. */
  itemEnds(): void {
    for (const { part, citation } of this.#waiting) this.#keep(citation, this.#starts.get(part) ?? this.content.value);
    if (this.#waiting.length > 0) this.#waiting = [];
    this.#starts.clear();
  }

  /** `cut`: a stop sequence ended the content; citations of what would have followed are left out. */
  list(cut: boolean): JsonObject[] {
    const length = cut ? this.content.value : Infinity;
    return this.#all
      .filter(({ end }) => end <= length)
      .map(({ url, title, start, end }) => ({ type: 'url_citation', url_citation: { start_index: start, end_index: end, title, url } }));
  }

  #keep({ url, title, start, end }: Citation, before: number): void {
    const key = `${start + before} ${end + before} ${url}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#all.push({ url, title, start: start + before, end: end + before });
  }
}
