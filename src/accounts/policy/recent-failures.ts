const WINDOW_MS = 60_000;

interface Last {
  readonly at: number;
  readonly failed: boolean;
}

interface Latest {
  readonly accountId: string;
  readonly at: number;
}

const latestFirst = (latest: readonly Latest[], accountId: string, at: number): readonly Latest[] =>
  [{ accountId, at }, ...latest.filter((other) => other.accountId !== accountId)].slice(0, 2);

/** How the accounts that were used within the last minute fared last, and who worked last of all. */
export class RecentFailures {
  /** In the order of time, so that old ones are dropped from the front. */
  readonly #last = new Map<string, Last>();
  #failing = 0;
  /** The two accounts that worked last, and the two that failed last: one of them is another one than whoever asks. */
  #worked: readonly Latest[] = [];
  #failed: readonly Latest[] = [];

  note(accountId: string, failed: boolean, now: number): void {
    this.forget(accountId);
    this.#last.set(accountId, { at: now, failed });
    if (failed) {
      this.#failing++;
      this.#failed = latestFirst(this.#failed, accountId, now);
    } else {
      this.#worked = latestFirst(this.#worked, accountId, now);
    }
    this.#prune(now);
  }

  forget(accountId: string): void {
    if (this.#last.get(accountId)?.failed) this.#failing--;
    this.#last.delete(accountId);
  }

  /** Accounts whose last outcome was a failure, and accounts used at all; without the one named. */
  others(accountId: string | null, now: number): { failing: number; used: number } {
    this.#prune(now);
    const own = accountId === null ? undefined : this.#last.get(accountId);
    return { failing: this.#failing - (own?.failed ? 1 : 0), used: this.#last.size - (own ? 1 : 0) };
  }

  /** Whether another account has worked at `since` or later. */
  othersWorkedSince(accountId: string, since: number): boolean {
    return this.#worked.some((other) => other.accountId !== accountId && other.at >= since);
  }

  /** Whether another account has failed at `since` or later. */
  othersFailedSince(accountId: string, since: number): boolean {
    return this.#failed.some((other) => other.accountId !== accountId && other.at >= since);
  }

  #prune(now: number): void {
    for (const [accountId, { at }] of this.#last) {
      if (at > now - WINDOW_MS) return;
      this.forget(accountId);
    }
  }
}
