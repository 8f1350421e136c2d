import { Injectable } from '@nestjs/common';
import { AccountCounters } from '../../accounts/counters/account-counters.service.js';
import { noCounters } from '../../accounts/counters/counters.js';
import { AccountEffects } from '../../accounts/policy/account-effects.service.js';
import { AccountPool } from '../../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../../accounts/pool/pool-account.js';
import { AccountDetails, AccountRepository } from '../../accounts/storage/account.repository.js';
import { withoutSecrets } from '../../accounts/storage/account-row.js';
import { Clock } from '../../common/clock.js';
import { accountStats, quotaStats, reasonOf, shownCounters, statusOf } from './account-stats.js';

const RETIRED = 'retired';

const byAddress = (a: PoolAccount, b: PoolAccount): number => (a.email === b.email ? (a.id < b.id ? -1 : 1) : a.email < b.email ? -1 : 1);

export interface StatsQuery {
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
  /** Part of an e-mail address, of an id or of a reason; or a state. */
  readonly q: string;
  readonly includeQuota: boolean;
  /** Whether addresses may be shown, and searched. */
  readonly emails: boolean;
}

/** Accounts, page by page, with what has gone through them. From memory, but for the counts of the page. */
@Injectable()
export class StatsService {
  constructor(
    private readonly pool: AccountPool,
    private readonly counters: AccountCounters,
    private readonly rows: AccountRepository,
    private readonly effects: AccountEffects,
    private readonly clock: Clock,
  ) {}

  /** Also answers while the database is away: `complete` is false then, and the counts are only those it has not got yet. */
  async stats(query: StatsQuery): Promise<Record<string, unknown>> {
    const now = this.clock.now();
    const found = await this.#matching(query);
    const page = found.slice((query.page - 1) * query.pageSize, query.page * query.pageSize);
    const ids = page.map(({ id }) => id);
    const counted = await this.counters.read(ids);
    const { byAccount, total, complete, unwritten } = counted;
    const unknown = new Map<string, AccountDetails>();
    const details = complete ? await this.rows.findDetails(ids).catch(() => unknown) : unknown;
    return {
      accounts: page.map((account) => {
        const { id } = account;
        const counters = byAccount.get(id) ?? noCounters();
        const facts = { account, cooldowns: this.pool.cooldowns(id), counters, detail: details.get(id), emails: query.emails };
        const shown = accountStats(facts, now);
        return query.includeQuota ? { ...shown, ...quotaStats(account, now) } : shown;
      }),
      summary: { accounts: this.pool.size, states: this.pool.counts(), ...shownCounters(total), complete, unwritten, guard: this.#guard() },
      page: query.page,
      page_size: query.pageSize,
      pages: Math.ceil(found.length / query.pageSize),
      total: found.length,
    };
  }

  /** The guard against mass removal. */
  #guard(): Record<string, unknown> {
    const { alarm, heldBack, suspects } = this.effects.guard;
    return { alarm, held_back: heldBack, suspects };
  }

  /** In the order of the addresses, so that pages stay where they are. */
  async #matching({ q, emails }: StatsQuery): Promise<PoolAccount[]> {
    const wanted = q.trim().toLowerCase();
    if (wanted === RETIRED) return this.#trash();
    const now = this.clock.now();
    const isSo = (account: PoolAccount): boolean => {
      const cooldowns = this.pool.cooldowns(account.id);
      return statusOf(account, cooldowns) === wanted || reasonOf(account, cooldowns, now).toLowerCase().includes(wanted);
    };
    const fits = (account: PoolAccount): boolean =>
      account.id.includes(wanted) || (emails && account.email.toLowerCase().includes(wanted)) || account.state === wanted || isSo(account);
    return [...this.pool.all()].filter((account) => account.state !== RETIRED && (wanted === '' || fits(account))).sort(byAddress);
  }

  /** The pool does not keep what is in the trash. While the database is away: those that this process has put there. */
  async #trash(): Promise<PoolAccount[]> {
    const stored = await this.rows.findRetired().catch(() => null);
    return (stored?.map(withoutSecrets) ?? [...this.pool.all()].filter(({ state }) => state === RETIRED)).sort(byAddress);
  }
}
