import { sha256 } from '../digest.js';

/** Longer texts are known by their digest: an entry is bounded then, and holds no larger text that its own was cut from. */
const DIGEST_FROM = 13;

/** By what `BlockCounts` knows a text. */
export const blockKey = (text: string): string => (text.length < DIGEST_FROM ? text : sha256(text));

/** Tokens of texts that were counted before; those not asked for longest go first. An entry is about 150 bytes. */
export class BlockCounts {
  readonly #counts = new Map<string, number>();

  constructor(private readonly limit: number) {}

  get(key: string): number | undefined {
    const count = this.#counts.get(key);
    if (count === undefined) return undefined;
    this.#counts.delete(key);
    this.#counts.set(key, count);
    return count;
  }

  set(key: string, count: number): void {
    this.#counts.delete(key);
    if (this.#counts.size >= this.limit) this.#counts.delete(this.#counts.keys().next().value!);
    this.#counts.set(key, count);
  }
}
