import type { AccountState } from '../../accounts/storage/account.entity.js';
import type { Cooldown, PoolAccount } from '../../accounts/pool/pool-account.js';
import type { AccountDetails } from '../../accounts/storage/account.repository.js';
import { Counters, ERROR_CLASSES, errorsOf } from '../../accounts/counters/counters.js';
import { redactText } from '../../common/redact.js';
import { masked, shownInstant, shownQuota } from '../shown.js';

/** State of the account, but `cooling` for an active one that rests as a whole. */
export type AccountStatus = AccountState | 'cooling';

/** The cooldown of the whole account that ends last; null where at most single models rest. */
export const wholeCooldown = (cooldowns: readonly Cooldown[]): Cooldown | null =>
  cooldowns
    .filter(({ model }) => model === '*')
    .reduce<Cooldown | null>((last, one) => (last && last.until >= one.until ? last : one), null);

export const statusOf = (account: PoolAccount, cooldowns: readonly Cooldown[]): AccountStatus =>
  account.state === 'active' && wholeCooldown(cooldowns) ? 'cooling' : account.state;

/** Why it does not serve, or what keeps it from serving soon; empty where nothing does. */
export function reasonOf(account: PoolAccount, cooldowns: readonly Cooldown[], now: number): string {
  if (account.state !== 'active') return account.stateReason;
  if (account.draining) return 'draining';
  const { accessToken, accessExpiresAt, refreshable } = account;
  const ended = accessExpiresAt > 0 && accessExpiresAt <= now;
  if (accessToken === '' || ended)
    return refreshable ? 'waits for its token to be renewed' : 'its token has ended, and another program renews it';
  return wholeCooldown(cooldowns)?.cause ?? '';
}

export interface AccountFacts {
  readonly account: PoolAccount;
  readonly cooldowns: readonly Cooldown[];
  readonly counters: Counters;
  /** Undefined: the database does not answer. */
  readonly detail: AccountDetails | undefined;
  /** Whether addresses may be shown: names of account files hold them. */
  readonly emails: boolean;
}

/** One account as `/stats` shows it: never a token. */
export function accountStats({ account, cooldowns, counters, detail, emails }: AccountFacts, now: number): Record<string, unknown> {
  const evidence = account.state === 'active' ? '' : (detail?.stateEvidence ?? '');
  return {
    id: account.id,
    email: emails ? account.email : masked(account.email),
    status: statusOf(account, cooldowns),
    state: account.state,
    reason: reasonOf(account, cooldowns, now),
    evidence: emails ? evidence : redactText(evidence),
    since: shownInstant(account.stateSince),
    plan: account.plan,
    ownership: account.ownership,
    draining: account.draining,
    ...shownCounters(counters),
    last_used_at: shownInstant(counters.lastUsedAt),
    last_error:
      counters.lastErrorClass === ''
        ? null
        : { at: shownInstant(counters.lastErrorAt), class: counters.lastErrorClass, message: counters.lastError },
    cooldowns: cooldowns.map(({ model, cause, source, since, until }) => ({
      model,
      cause,
      source,
      since: shownInstant(since),
      until: shownInstant(until),
    })),
    token: {
      expires_at: shownInstant(account.accessExpiresAt),
      renewed_at: shownInstant(account.lastRefreshAt),
      failed_refreshes: detail?.refreshFailures ?? 0,
      next_refresh_not_before: detail && detail.refreshNotBefore > now ? shownInstant(detail.refreshNotBefore) : null,
    },
  };
}

/** Counts of one account, or of all. */
export const shownCounters = (counters: Counters): Record<string, unknown> => ({
  requests: counters.requests,
  errors: errorsOf(counters),
  errors_by_class: Object.fromEntries(ERROR_CLASSES.map((name) => [name, counters[`${name}Errors`]])),
  aborted: counters.aborted,
  tokens: { input: counters.inputTokens, cached: counters.cachedTokens, output: counters.outputTokens },
});

export const quotaStats = (account: PoolAccount, now: number): Record<string, unknown> => ({ quota: shownQuota(account.quota, now) });
