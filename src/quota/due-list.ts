/** The `size` entries that have been due the longest, of any number; without sorting all of them. */
export class DueList {
  readonly #entries: { readonly id: string; readonly at: number }[] = [];

  constructor(private readonly size: number) {}

  /** An account counts once, with the earliest of its times. */
  add(id: string, at: number): void {
    const entries = this.#entries;
    if (entries.length >= this.size && at >= entries.at(-1)!.at) return;
    const known = entries.findIndex((entry) => entry.id === id);
    if (known >= 0 && entries[known]!.at <= at) return;
    if (known >= 0) entries.splice(known, 1);
    const place = entries.findIndex((entry) => entry.at > at);
    entries.splice(place < 0 ? entries.length : place, 0, { id, at });
    if (entries.length > this.size) entries.pop();
  }

  /** Longest due first. */
  get ids(): string[] {
    return this.#entries.map(({ id }) => id);
  }
}
