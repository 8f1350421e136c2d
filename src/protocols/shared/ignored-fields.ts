/** Header value budget: names come from the client's body. */
const MAX_NAMES = 32;
const MAX_LENGTH = 64;

/** Client fields that were left out, for the diagnostic header; names are made safe for one. */
export class IgnoredFields {
  readonly #names = new Set<string>();

  add(name: string): void {
    if (this.#names.size < MAX_NAMES) this.#names.add(name.slice(0, MAX_LENGTH).replace(/[^\w.[\]-]/g, '_'));
  }

  list(): string[] {
    return [...this.#names];
  }
}
