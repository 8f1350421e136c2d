import type { FailedChecks } from '../../accounts/policy/check-policy.js';

interface Row {
  readonly count: number;
  readonly at: number;
}

/** Refused probes that followed each other, per account, and who was answered well meanwhile. One small record an account. */
export class FailedProbes {
  readonly #rows = new Map<string, Row>();
  /** The two accounts that were answered well last: one of them is another one than whoever asks. */
  #answered: { readonly accountId: string; readonly at: number }[] = [];

  ok(accountId: string, now: number): void {
    this.#rows.delete(accountId);
    this.#answered = [{ accountId, at: now }, ...this.#answered.filter((other) => other.accountId !== accountId)].slice(0, 2);
  }

  /** `workedAt`: when the account was last seen to work by anything else; a row that is older has ended. */
  refused(accountId: string, workedAt: number, now: number): FailedChecks {
    const known = this.#rows.get(accountId);
    const row = known && known.at > workedAt ? known : { count: 0, at: now };
    this.#rows.set(accountId, { count: row.count + 1, at: now });
    const othersAnswered = this.#answered.some((other) => other.accountId !== accountId && other.at >= row.at);
    return { inRow: row.count + 1, previousAt: row.at, othersAnswered };
  }

  forget(accountId: string): void {
    this.#rows.delete(accountId);
  }
}
