import { Injectable } from '@nestjs/common';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { Cancellation } from '../common/cancellation.js';
import { QuotaPrecheck } from '../quota/quota-precheck.service.js';
import { TokenFreshness } from './token-freshness.service.js';
import type { Turn } from './turn.js';

/** `later`: another account goes first; this one is not tried, nor given up. */
export type Readiness = 'ready' | 'unusable' | 'later';

/** Whether a leased account can be used at once: its token and, where the configuration asks for it, its quota. */
@Injectable()
export class AccountReadiness {
  constructor(
    private readonly tokens: TokenFreshness,
    private readonly precheck: QuotaPrecheck,
    private readonly pool: AccountPool,
  ) {}

  /** Costs nothing for a fresh token and a known quota. */
  ensure(turn: Turn, lease: AccountLease, signal: Cancellation): Readiness | Promise<Readiness> {
    const { id } = lease.account;
    const fresh = turn.freshened.has(id) || this.tokens.ensure(lease, () => this.tokens.patienceMs(turn.query(), id), signal);
    if (fresh === true) return this.#quota(turn, lease, signal);
    turn.freshened.add(id);
    if (fresh === false) return 'unusable';
    return fresh.then((usable) => {
      if (!usable) return 'unusable';
      // The lease still has the old token: the account is leased again, and looked at then.
      return lease.account.tokenGeneration === lease.generation ? this.#quota(turn, lease, signal) : 'ready';
    });
  }

  /** One account may be asked about while another one serves the request; otherwise one answer is waited for, for a second at most. */
  #quota(turn: Turn, { account }: AccountLease, signal: Cancellation): Readiness | Promise<Readiness> {
    // Nobody better was left: the deferred account is worth a second more than one that rests.
    if (turn.isDeferring && this.pool.restingCooldown(account.id) && turn.reconsider()) return 'later';
    if (turn.lookedAtQuota || this.precheck.isKnown(account)) return 'ready';
    const { id } = account;
    if (account.quota === null && this.tokens.hasAlternative(turn.query(), id) && turn.defer(id)) {
      void this.precheck.ask(id, signal);
      return 'later';
    }
    turn.lookedAtQuota = true;
    return this.precheck.ask(id, signal).then(() => (this.#isOut(turn, id) ? 'later' : 'ready'));
  }

  /** What was learned a moment ago may have taken the account out of the rotation. */
  #isOut(turn: Turn, id: string): boolean {
    const why = this.pool.explain({ model: turn.request.body.model, tried: turn.tried, pinned: id });
    return why.quota + why.rate_limit + why.needs_login + why.inactive > 0;
  }
}
