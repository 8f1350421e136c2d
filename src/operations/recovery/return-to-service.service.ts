import { Injectable } from '@nestjs/common';
import { AccountPool } from '../../accounts/pool/account-pool.service.js';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Clock } from '../../common/clock.js';
import { QuotaCheckService } from '../../quota/quota-check.service.js';

const OUT_OF_SERVICE = ['needs_login', 'disabled'] as const;

/** Puts an account whose token was renewed back into service. */
@Injectable()
export class ReturnToService {
  constructor(
    private readonly pool: AccountPool,
    private readonly accounts: AccountsService,
    private readonly quota: QuotaCheckService,
    private readonly clock: Clock,
  ) {}

  /** Only from the states that a lost or refused login leads to. Rejects when the database is away. */
  async activate(id: string): Promise<boolean> {
    const active = { state: 'active', reason: '', evidence: '', since: this.clock.now(), until: 0 } as const;
    return this.accounts.changeState(id, OUT_OF_SERVICE, active);
  }

  /** Whether the backend's word keeps it from serving, so that only another word of the backend can end that. */
  needsProof(id: string): boolean {
    const state = this.pool.get(id)?.state;
    return state === 'needs_login' || state === 'disabled' || this.pool.restingCooldown(id)?.cause === 'unauthorized';
  }

  /** Asks the backend, which ends cooldowns that are no longer true; what is still wrong, in words, or nothing. */
  async prove(id: string): Promise<string> {
    const check = await this.quota.check(id, { force: true });
    return typeof check === 'string' || check.outcome.kind === 'ok' ? '' : `the usage endpoint answered: ${check.outcome.kind}`;
  }
}
