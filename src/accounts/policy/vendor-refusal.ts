const SAME_TIME_MS = 30_000;
const ENOUGH_ACCOUNTS = 3;
/** Then single accounts are looked at again, lest a refusal of every token lasts because none of them may be renewed. */
const LONGEST_MS = 600_000;

/**
 * Several accounts whose fresh tokens are refused at the same time: it is the vendor's fault, not theirs. Lasts until an attempt
 * that began later gets through.
 */
export class VendorRefusal {
  readonly #refused = new Map<string, number>();
  #since: number | null = null;

  note(accountId: string, now: number): void {
    this.#refused.delete(accountId);
    this.#refused.set(accountId, now);
    for (const [other, at] of this.#refused) if (at < now - SAME_TIME_MS) this.#refused.delete(other);
    if (!this.isOn(now) && this.#refused.size >= ENOUGH_ACCOUNTS) this.#since = now;
  }

  worked(startedAt: number): void {
    if (this.#since !== null && startedAt >= this.#since) this.#end();
  }

  isOn(now: number): boolean {
    if (this.#since !== null && now - this.#since >= LONGEST_MS) this.#end();
    return this.#since !== null;
  }

  /** The accounts that were refused within the last half minute. */
  accounts(): string[] {
    return [...this.#refused.keys()];
  }

  forget(accountId: string): void {
    this.#refused.delete(accountId);
  }

  #end(): void {
    this.#since = null;
    this.#refused.clear();
  }
}
