import type { Outcome, OutcomeKind } from '../../upstream/outcome.js';
import { longer, type Row } from './outcome-row.js';
import { RecentFailures } from './recent-failures.js';
import { VendorRefusal } from './vendor-refusal.js';

const HOUR_MS = 3_600_000;
/** A refusal so long ago says nothing of the token in use now. Longer than the longest cooldown after a 401. */
const REFUSAL_FORGOTTEN_MS = HOUR_MS;

/** What the table of effects may know of the past; the outcome in question is counted in. */
export interface RecentOutcomes {
  /** Server errors, broken connections and timeouts of the account in a row. */
  readonly failuresInRow: number;
  /** Whether another account has worked since that row began. */
  readonly othersWorkSinceFailure: boolean;
  /** Other accounts that were used within the last minute, and those of them whose last outcome was a failure. */
  readonly othersUsed: number;
  readonly othersFailing: number;
  readonly forbiddenInRow: number;
  /** 401 in a row on a token that had been refused before. */
  readonly sameTokenRefusedInRow: number;
  /** 401 in a row although the token had been renewed after the first one, or cannot be renewed by us. */
  readonly refusedInRow: number;
  /** Whether another account has worked since that row began. */
  readonly othersWorkSinceRefusal: boolean;
  readonly vendorWide401: boolean;
  /** End of the pause that the last 402 began; null: none since the account worked. */
  readonly paymentPauseEnd: number | null;
  readonly quotaWithoutResetInRow: number;
  /** Other accounts taken out of service within the last hour by verdicts inferred from statuses, in any process. */
  readonly removalsInHour: number;
}

/** The attempt that an outcome belongs to. */
export interface AttemptFacts {
  readonly startedAt: number;
  readonly generation: number;
  /** Whether the account may get a new token from us. */
  readonly refreshable: boolean;
  /** Whether the account has a newer token by now. */
  readonly staleToken: boolean;
  /** Whether the attempt began while the account rested after a 401. */
  readonly duringPause: boolean;
}

interface AccountRecord {
  failures: Row | null;
  forbidden: Row | null;
  withoutReset: Row | null;
  /** Generation of the token that was refused first. */
  refusedGeneration: number;
  /** Generation whose refusal was answered with a forced refresh; null: none, or the refusal of the new token has been counted. */
  forcedGeneration: number | null;
  sameToken: Row | null;
  refused: Row | null;
  paymentPauseEnd: number | null;
}

const blank = (): AccountRecord => ({
  failures: null,
  forbidden: null,
  withoutReset: null,
  refusedGeneration: 0,
  forcedGeneration: null,
  sameToken: null,
  refused: null,
  paymentPauseEnd: null,
});

const FAILURES: ReadonlySet<OutcomeKind> = new Set<OutcomeKind>(['server_error', 'network', 'timeout']);

export const isFailure = (outcome: Outcome): boolean => FAILURES.has(outcome.kind);

/** What tells of the backend or of the way to it when several accounts meet it. */
const TROUBLES: ReadonlySet<OutcomeKind> = new Set<OutcomeKind>([...FAILURES, 'edge_blocked', 'edge_not_found', 'overloaded']);

/** Epoch ms of the last 401 or 403. */
const lastRefusal = ({ sameToken, refused, forbidden }: AccountRecord): number =>
  Math.max(sameToken?.last ?? 0, refused?.last ?? 0, forbidden?.last ?? 0);

const forgetOldRefusals = (record: AccountRecord, now: number): void => {
  const last = Math.max(record.sameToken?.last ?? 0, record.refused?.last ?? 0);
  if (last < now - REFUSAL_FORGOTTEN_MS) Object.assign(record, { sameToken: null, refused: null, forcedGeneration: null });
};

/** Recent outcomes, as far as effects depend on them. Holds at most one small record an account. */
export class OutcomeHistory {
  readonly #records = new Map<string, AccountRecord>();
  readonly #recent = new RecentFailures();
  readonly #refusal = new VendorRefusal();
  readonly #usagePauses = new Map<string, { readonly status: number; readonly until: number }>();

  record(accountId: string, outcome: Outcome, attempt: AttemptFacts, now: number): void {
    if (outcome.kind === 'ok' || outcome.kind === 'empty') return this.#worked(accountId, attempt.startedAt, now);
    const record = this.#records.get(accountId) ?? blank();
    const { startedAt } = attempt;
    if (TROUBLES.has(outcome.kind)) this.#recent.note(accountId, true, now);
    if (isFailure(outcome)) record.failures = longer(record.failures, startedAt, now);
    else if (outcome.kind === 'forbidden') record.forbidden = longer(record.forbidden, startedAt, now);
    else if (outcome.kind === 'quota' && outcome.resetsAt === null) record.withoutReset = longer(record.withoutReset, startedAt, now);
    else if (outcome.kind === 'unauthorized' && !outcome.dead && !attempt.staleToken) this.#refuse(accountId, record, attempt, now);
    else return;
    this.#records.set(accountId, record);
  }

  /** A stream that had begun before a refusal and ends well after it says nothing of what is refused since. */
  #worked(accountId: string, startedAt: number, now: number): void {
    this.#recent.note(accountId, false, now);
    this.#refusal.worked(startedAt);
    const record = this.#records.get(accountId);
    if (record && startedAt < lastRefusal(record)) Object.assign(record, { failures: null, withoutReset: null });
    else {
      this.#records.delete(accountId);
      this.#refusal.forget(accountId);
    }
  }

  /** The usage endpoint has answered: login and workspace are good. Of turns that fail it says nothing. */
  loginWorks(accountId: string): void {
    this.usageWorks(accountId);
    this.#refusal.forget(accountId);
    const record = this.#records.get(accountId);
    if (record) this.#records.set(accountId, { ...blank(), failures: record.failures, withoutReset: record.withoutReset });
  }

  /** The usage endpoint answers well; what turns were told stays known. */
  usageWorks(accountId: string): void {
    this.#usagePauses.delete(accountId);
  }

  /** End of the pause that this status of the usage endpoint began; null: none since it answered well. */
  usagePause(accountId: string, status: number): number | null {
    const paused = this.#usagePauses.get(accountId);
    return paused?.status === status ? paused.until : null;
  }

  usagePaused(accountId: string, status: number, until: number): void {
    this.#usagePauses.set(accountId, { status, until });
  }

  /** A 401 that is answered by a refresh: what comes with the new token counts, this one does not. */
  noteRefusal(accountId: string, generation: number, now: number): void {
    const record = this.#records.get(accountId) ?? blank();
    forgetOldRefusals(record, now);
    if (record.refused === null) record.refusedGeneration = generation;
    record.sameToken ??= { count: 1, since: now, last: now };
    record.forcedGeneration = generation;
    this.#records.set(accountId, record);
  }

  /** Whether this token came with a refresh that a refusal forced, and nothing is known of it yet. */
  isForced(accountId: string, generation: number, now: number): boolean {
    const record = this.#records.get(accountId);
    if (!record) return false;
    forgetOldRefusals(record, now);
    return record.forcedGeneration !== null && generation > record.forcedGeneration;
  }

  #refuse(accountId: string, record: AccountRecord, attempt: AttemptFacts, now: number): void {
    if (attempt.duringPause || this.#refusal.isOn(now)) return;
    forgetOldRefusals(record, now);
    if (record.sameToken === null && record.refused === null) record.refusedGeneration = attempt.generation;
    if (attempt.refreshable && attempt.generation === record.refusedGeneration) {
      record.sameToken = longer(record.sameToken, attempt.startedAt, now);
      return;
    }
    record.refused = longer(record.refused, attempt.startedAt, now);
    record.forcedGeneration = null;
    this.#refusal.note(accountId, now);
    if (this.#refusal.isOn(now))
      for (const other of [accountId, ...this.#refusal.accounts()]) this.#forgive(this.#records.get(other) ?? record);
  }

  #forgive(record: AccountRecord): void {
    Object.assign(record, { sameToken: null, refused: null, forcedGeneration: null });
  }

  /** `removalsInHour`: kept by the accounts themselves. */
  recent(accountId: string, now: number, removalsInHour: number): RecentOutcomes {
    const record = this.#records.get(accountId) ?? blank();
    const others = this.#recent.others(accountId, now);
    return {
      failuresInRow: record.failures?.count ?? 0,
      othersWorkSinceFailure: this.#recent.othersWorkedSince(accountId, record.failures?.since ?? now),
      othersUsed: others.used,
      othersFailing: others.failing,
      forbiddenInRow: record.forbidden?.count ?? 0,
      sameTokenRefusedInRow: record.sameToken?.count ?? 0,
      refusedInRow: record.refused?.count ?? 0,
      othersWorkSinceRefusal: this.#recent.othersWorkedSince(accountId, record.refused?.since ?? now),
      vendorWide401: this.#refusal.isOn(now),
      paymentPauseEnd: record.paymentPauseEnd,
      quotaWithoutResetInRow: record.withoutReset?.count ?? 0,
      removalsInHour,
    };
  }

  /** All accounts together, as `othersUsed` and `othersFailing`. */
  overall(now: number): { failing: number; used: number } {
    return this.#recent.others(null, now);
  }

  /** Whether another account has failed at `since` or later. */
  othersFailedSince(accountId: string, since: number): boolean {
    return this.#recent.othersFailedSince(accountId, since);
  }

  vendorWide401(now: number): boolean {
    return this.#refusal.isOn(now);
  }

  /** Accounts whose refusals made it vendor-wide. */
  refusedByVendor(): string[] {
    return this.#refusal.accounts();
  }

  paymentPaused(accountId: string, until: number): void {
    const record = this.#records.get(accountId) ?? blank();
    record.paymentPauseEnd = until;
    this.#records.set(accountId, record);
  }

  /** Whether another account has worked at `since` or later. */
  othersWorkedSince(accountId: string, since: number): boolean {
    return this.#recent.othersWorkedSince(accountId, since);
  }

  forget(accountId: string): void {
    this.#records.delete(accountId);
    this.#usagePauses.delete(accountId);
    this.#recent.forget(accountId);
    this.#refusal.forget(accountId);
  }
}
