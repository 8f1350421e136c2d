const HOUR_MS = 3_600_000;

/**
 * Accounts that inferred verdicts have taken out of service within the last hour, by whichever process and before whichever restart:
 * each account's own reading says when. One that comes back meanwhile still counts, and counts once however often it goes.
 */
export class Removals {
  readonly #at = new Map<string, number>();

  /** `at`: epoch ms; 0: never. */
  note(accountId: string, at: number): void {
    if (at > (this.#at.get(accountId) ?? 0)) this.#at.set(accountId, at);
  }

  forget(accountId: string): void {
    this.#at.delete(accountId);
  }

  /** How many, without the one named. */
  others(accountId: string | null, now: number): number {
    for (const [id, at] of this.#at) if (at <= now - HOUR_MS) this.#at.delete(id);
    return this.#at.size - (accountId !== null && this.#at.has(accountId) ? 1 : 0);
  }
}
