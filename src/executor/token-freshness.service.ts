import { Injectable } from '@nestjs/common';
import { AccountPool, LeaseQuery } from '../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import type { Cancellation } from '../common/cancellation.js';
import { Clock } from '../common/clock.js';
import type { RefreshResult } from '../refresh/refresh-result.js';
import { RefreshService } from '../refresh/refresh.service.js';

/** A token that ends within this time is renewed before it is used, as the official client does; one of a short life at half of it. */
const EXPIRY_MARGIN_MS = 5 * 60_000;
/** How long a request waits for a refresh while another account could serve it, whose token may have to be renewed as well. */
export const WAIT_WITH_ALTERNATIVE_MS = 5000;
/** While it could be served without one: a refresh hardly ever takes longer, and the account that knows the conversation is worth that. */
const WAIT_WITHOUT_NEED_MS = 1000;
/** How many other accounts are looked at for one whose token is good. */
const LOOKED_AT = 4;

/** Sees to it that a leased account has a token that upstream will take. */
@Injectable()
export class TokenFreshness {
  constructor(
    private readonly refresh: RefreshService,
    private readonly pool: AccountPool,
    private readonly clock: Clock,
  ) {}

  /** Whether the account can be used now; renews its token first where it is about to end. Costs nothing for a fresh token. */
  ensure(lease: AccountLease, patienceMs: () => number, signal: Cancellation): boolean | Promise<boolean> {
    const now = this.clock.now();
    if (isFresh(lease.account, now)) return true;
    if (!lease.account.refreshable) return false;
    const usable = isUsable(lease.account, now);
    return this.renew(lease, usable ? this.#patienceWithoutNeedMs(lease.account.id) : patienceMs(), signal).then(
      (result) => result.kind === 'renewed' || (result.kind === 'unavailable' && usable),
    );
  }

  /** Renews the token the lease has; adopts a newer one that is there already. Waits no longer than that; the refresh goes on. */
  async renew(lease: AccountLease, patienceMs: number, signal: Cancellation): Promise<RefreshResult> {
    const renewal = this.refresh.renew(lease.account.id, lease.generation);
    if (patienceMs === Infinity) return abortable(renewal, signal);
    const limit = new AbortController();
    const late = this.clock
      .sleep(patienceMs, limit.signal)
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
    return this.pool.peek({ ...query, sameAs: undefined, tried: new Set([...query.tried, current]) }) !== null;
  }

  /** How long a turn should wait for the token of the account it has: the less, the better the others are off. */
  patienceMs(query: LeaseQuery, current: string): number {
    const tried = new Set([...query.tried, current]);
    const now = this.clock.now();
    for (let looked = 0; looked < LOOKED_AT; looked++) {
      const other = this.pool.peek({ ...query, sameAs: undefined, tried });
      if (other === null) return looked === 0 ? Infinity : WAIT_WITH_ALTERNATIVE_MS;
      if (isFresh(other, now)) return this.#patienceWithoutNeedMs(current);
      tried.add(other.id);
    }
    return WAIT_WITH_ALTERNATIVE_MS;
  }

  /** All who want one slow refresh wait a second together, not each of them. */
  #patienceWithoutNeedMs(id: string): number {
    return Math.max(0, WAIT_WITHOUT_NEED_MS - this.refresh.runningForMs(id));
  }
}

type TokenDates = Pick<PoolAccount, 'accessToken' | 'accessExpiresAt' | 'lastRefreshAt' | 'refreshable'>;

const isUsable = ({ accessToken, accessExpiresAt }: TokenDates, now: number): boolean =>
  accessToken !== '' && (accessExpiresAt === 0 || accessExpiresAt > now);

function isFresh(account: TokenDates, now: number): boolean {
  const { accessExpiresAt, lastRefreshAt, refreshable } = account;
  const lifeMs = lastRefreshAt > 0 ? Math.max(0, accessExpiresAt - lastRefreshAt) : Infinity;
  const marginMs = Math.min(EXPIRY_MARGIN_MS, lifeMs / 2);
  return isUsable(account, now) && (accessExpiresAt === 0 || accessExpiresAt > now + marginMs || !refreshable);
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
