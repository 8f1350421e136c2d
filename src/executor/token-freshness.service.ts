import { Injectable } from '@nestjs/common';
import { AccountPool, LeaseQuery } from '../accounts/pool/account-pool.service.js';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import type { Cancellation } from '../common/cancellation.js';
import { Clock } from '../common/clock.js';
import type { RefreshResult } from '../refresh/refresh-result.js';
import { RefreshService } from '../refresh/refresh.service.js';

/** A token that ends within this time is renewed before it is used, as the official client does; one of a short life at half of it. */
const EXPIRY_MARGIN_MS = 5 * 60_000;
/** How long a request waits for somebody's refresh while another account could serve it. */
const WAIT_WITH_ALTERNATIVE_MS = 5000;

/** Sees to it that a leased account has a token that upstream will take. */
@Injectable()
export class TokenFreshness {
  constructor(
    private readonly refresh: RefreshService,
    private readonly pool: AccountPool,
    private readonly clock: Clock,
  ) {}

  /** Whether the account can be used now; renews its token first where it is about to end. Costs nothing for a fresh token. */
  ensure(lease: AccountLease, hasAlternative: () => boolean, signal: Cancellation): boolean | Promise<boolean> {
    const { accessToken, accessExpiresAt, lastRefreshAt, refreshable } = lease.account;
    const now = this.clock.now();
    const usable = accessToken !== '' && (accessExpiresAt === 0 || accessExpiresAt > now);
    const lifeMs = lastRefreshAt > 0 ? Math.max(0, accessExpiresAt - lastRefreshAt) : Infinity;
    if (usable && (accessExpiresAt === 0 || accessExpiresAt > now + Math.min(EXPIRY_MARGIN_MS, lifeMs / 2) || !refreshable)) return true;
    if (!refreshable) return false;
    return this.renew(lease, hasAlternative(), signal).then(
      (result) => result.kind === 'renewed' || (result.kind === 'unavailable' && usable),
    );
  }

  /** Renews the token the lease has; adopts a newer one that is there already. Bounded in time while another account is free. */
  async renew(lease: AccountLease, hasAlternative: boolean, signal: Cancellation): Promise<RefreshResult> {
    const renewal = this.refresh.renew(lease.account.id, lease.generation);
    if (!hasAlternative) return abortable(renewal, signal);
    const limit = new AbortController();
    const late = this.clock
      .sleep(WAIT_WITH_ALTERNATIVE_MS, limit.signal)
      .then<RefreshResult>(() => ({ kind: 'unavailable', reason: 'the refresh takes too long for this request' }));
    late.catch(() => undefined);
    try {
      return await abortable(Promise.race([renewal, late]), signal);
    } finally {
      limit.abort();
    }
  }

  /** Whether an account that was not tried yet could take the turn. */
  hasAlternative(query: LeaseQuery, current: string): boolean {
    return this.pool.hasCandidate({ ...query, sameAs: undefined, tried: new Set([...query.tried, current]) });
  }
}

/** The refresh itself goes on for the others who need it; only this waiter leaves. */
function abortable<T>(work: Promise<T>, signal: Cancellation): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
