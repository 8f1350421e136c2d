const FIRST_MS = 60_000;
const LONGEST_MS = 60 * 60_000;
/** When nobody got an answer the usage endpoint is down: everybody waits. */
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

interface Failures {
  readonly count: number;
  readonly notBefore: number;
}

const doubled = (firstMs: number, times: number, longestMs: number): number => Math.min(firstMs * 2 ** Math.min(times - 1, 20), longestMs);

/** When the usage endpoint may be asked again after it has not answered: about one account, and at all. One small record an account. */
export class AskAgain {
  readonly #failures = new Map<string, Failures>();
  #failedRounds = 0;
  #pausedUntil = 0;

  mayAsk(accountId: string, now: number): boolean {
    return (this.#failures.get(accountId)?.notBefore ?? 0) <= now;
  }

  isPaused(now: number): boolean {
    return this.#pausedUntil > now;
  }

  answered(accountId: string): void {
    this.#failures.delete(accountId);
  }

  failed(accountId: string, now: number): void {
    const count = (this.#failures.get(accountId)?.count ?? 0) + 1;
    this.#failures.set(accountId, { count, notBefore: now + doubled(FIRST_MS, count, LONGEST_MS) });
  }

  roundEnded(asked: number, failed: number, now: number): void {
    if (asked === 0) return;
    this.#failedRounds = failed === asked ? this.#failedRounds + 1 : 0;
    this.#pausedUntil = this.#failedRounds === 0 ? 0 : now + doubled(FIRST_PAUSE_MS, this.#failedRounds, LONGEST_PAUSE_MS);
  }

  forget(accountId: string): void {
    this.#failures.delete(accountId);
  }
}
