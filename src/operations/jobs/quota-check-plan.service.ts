import { Injectable } from '@nestjs/common';
import { AccountPool } from '../../accounts/pool/account-pool.service.js';
import { Clock } from '../../common/clock.js';
import { redactText } from '../../common/redact.js';
import { Config } from '../../config/config.js';
import { QuotaCheckService } from '../../quota/quota-check.service.js';
import { shownQuota } from '../shown.js';
import { statusOf } from '../stats/account-stats.js';
import type { JobItem } from './job.js';
import type { JobPlan } from './job-board.service.js';

/** Asks for the quota of every account. A query: what it does to accounts is what any answer of the backend does. */
@Injectable()
export class QuotaCheckPlan {
  constructor(
    private readonly pool: AccountPool,
    private readonly quota: QuotaCheckService,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** `force`: also of those that were asked within `quota-check-cache-ttl-sec`. */
  make(force: boolean): JobPlan {
    return {
      kind: 'check-quota',
      scope: { force },
      accountIds: [...this.pool.all()].map(({ id }) => id),
      concurrency: this.config.quotaCheckConcurrency || this.config.refreshConcurrency,
      work: (id) => this.#check(id, force),
    };
  }

  async #check(id: string, force: boolean): Promise<JobItem> {
    const check = await this.quota.check(id, { force });
    const account = this.pool.get(id);
    const email = account?.email ?? '';
    if (check === 'unknown' || !account) return { id, email, result: 'skipped', reason: 'the account is gone' };
    const status = statusOf(account, this.pool.cooldowns(id));
    if (check === 'unusable') {
      const reason = account.state === 'active' ? 'it has no token that works, and none can be had now' : `the account is ${account.state}`;
      return { id, email, result: 'skipped', status, reason };
    }
    const { outcome, snapshot, fromCache } = check;
    const quota = shownQuota(snapshot, this.clock.now());
    if (outcome.kind === 'ok') return { id, email, result: 'ok', status, cached: fromCache, quota };
    const reason = 'message' in outcome ? redactText(outcome.message).slice(0, 300) : '';
    return { id, email, result: 'failed', status, outcome: outcome.kind, reason };
  }
}
