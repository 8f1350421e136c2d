import type { PoolEntry } from './pool-entry.js';

/** Why accounts are not candidates of a request; each account is counted once. */
export interface Exclusions {
  /** Accounts looked at: the pool, or the one that the request is pinned to. */
  total: number;
  /** Candidates that are left. */
  available: number;
  /** Paused, disabled, retired, or without a usable token. */
  inactive: number;
  needs_login: number;
  draining: number;
  not_entitled: number;
  quota: number;
  rate_limit: number;
  /** The plan does not include the service; such an account is tried only when no other is left. */
  not_included: number;
  other_cooldown: number;
  busy: number;
  /** Tried by this request, and not excluded for another reason. */
  tried: number;
  /** Epoch ms at which the first of the accounts that are out of quota or rate limited comes back; null where there is none. */
  soonestQuotaReset: number | null;
}

export type ExclusionReason = Exclude<keyof Exclusions, 'total' | 'soonestQuotaReset'>;

export const noExclusions = (): Exclusions => ({
  total: 0,
  available: 0,
  inactive: 0,
  needs_login: 0,
  draining: 0,
  not_entitled: 0,
  quota: 0,
  rate_limit: 0,
  not_included: 0,
  other_cooldown: 0,
  busy: 0,
  tried: 0,
  soonestQuotaReset: null,
});

export interface ExclusionQuery {
  readonly model: string;
  readonly tried: ReadonlySet<string>;
}

const standingReason = (entry: PoolEntry, query: ExclusionQuery, now: number): ExclusionReason | null => {
  if (entry.account.state === 'needs_login') return 'needs_login';
  if (entry.account.state !== 'active') return 'inactive';
  if (entry.account.draining) return 'draining';
  if (!entry.hasCredential(now)) return 'inactive';
  return entry.entitlements.excludes(query.model) ? 'not_entitled' : null;
};

/** Counts one account. Limits come before `tried`: an account that was tried and is out of quota counts as out of quota. */
export const countExclusion = (counts: Exclusions, entry: PoolEntry, query: ExclusionQuery, maxInFlight: number, now: number): void => {
  counts.total++;
  const reason = standingReason(entry, query, now);
  const limit = reason ? null : entry.cooldowns.limitFor(query.model);
  if (limit) counts.soonestQuotaReset = Math.min(counts.soonestQuotaReset ?? Infinity, limit.until);
  counts[reason ?? passingReason(entry, query, maxInFlight, limit?.cause === 'rate_limit' ? 'rate_limit' : limit ? 'quota' : null)]++;
};

const passingReason = (
  entry: PoolEntry,
  query: ExclusionQuery,
  maxInFlight: number,
  limit: 'quota' | 'rate_limit' | null,
): ExclusionReason => {
  if (limit) return limit;
  if (entry.cooldowns.rest) return entry.cooldowns.rest.cause === 'not_included' ? 'not_included' : 'other_cooldown';
  if (query.tried.has(entry.account.id)) return 'tried';
  return maxInFlight > 0 && entry.inFlight >= maxInFlight ? 'busy' : 'available';
};

/** Whether every account that could serve the model is out of quota, rate limited or without the service in its plan: only then is the answer a 429. */
export const onlyLimits = (counts: Exclusions): boolean =>
  counts.quota + counts.rate_limit + counts.not_included > 0 && counts.available + counts.other_cooldown + counts.busy + counts.tried === 0;
