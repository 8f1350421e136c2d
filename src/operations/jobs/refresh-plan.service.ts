import { Injectable } from '@nestjs/common';
import { AccountPool } from '../../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../../accounts/pool/pool-account.js';
import { Clock } from '../../common/clock.js';
import { redactText } from '../../common/redact.js';
import { Config } from '../../config/config.js';
import { isRefreshDue, refreshHorizonMs } from '../../refresh/refresh-due.js';
import { RefreshService } from '../../refresh/refresh.service.js';
import { shownInstant } from '../shown.js';
import type { JobItem } from './job.js';
import type { JobPlan } from './job-board.service.js';

/** Renews tokens because an operator says so: of every account, or of those that a sweep would renew. */
@Injectable()
export class RefreshPlan {
  constructor(
    private readonly pool: AccountPool,
    private readonly refresh: RefreshService,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  make(due: boolean): JobPlan {
    const accounts = [...this.pool.all()].filter((account) => !due || this.#isDue(account));
    return {
      kind: 'refresh',
      scope: { due },
      accountIds: accounts.map(({ id }) => id),
      concurrency: this.config.refreshConcurrency,
      work: (id) => this.#renew(id, due),
    };
  }

  #isDue(account: PoolAccount): boolean {
    const horizon = refreshHorizonMs(this.config.refreshInterval);
    return obstacleOf(account) === null && isRefreshDue(account, this.clock.now(), horizon);
  }

  /** Leases, one refresh per account at a time, and what a refusal does to the account are RefreshService's. */
  async #renew(id: string, ifDue: boolean): Promise<JobItem> {
    const account = this.pool.get(id);
    if (!account) return { id, email: '', result: 'skipped', reason: 'the account is gone' };
    const { email } = account;
    const obstacle = obstacleOf(account);
    if (obstacle !== null) return { id, email, result: 'skipped', reason: obstacle };
    const result = await this.refresh.renew(id, account.tokenGeneration, { force: true, ifDue });
    switch (result.kind) {
      case 'renewed':
        return { id, email, result: 'renewed', expires_at: shownInstant(this.pool.get(id)?.accessExpiresAt ?? 0) };
      case 'refused':
        return { id, email, result: 'refused', code: result.code, reason: redactText(result.message) };
      case 'unavailable':
        return { id, email, result: 'failed', reason: redactText(result.reason) };
    }
  }
}

/** Why the account's tokens are not renewed here; null: they are. */
function obstacleOf({ state, ownership, refreshable }: PoolAccount): string | null {
  if (ownership === 'shared') return 'somebody else renews this login (shared)';
  if (state !== 'active') return `the account is ${state}`;
  return refreshable ? null : 'the account has no refresh token';
}
