import { Injectable } from '@nestjs/common';
import { refusesAccount } from '../../accounts/policy/check-policy.js';
import { Config } from '../../config/config.js';
import { QuotaCheck, QuotaCheckService } from '../../quota/quota-check.service.js';
import type { Outcome } from '../../upstream/outcome.js';

/**
 * What a probe of one account came to.
 * `refused`: the backend answers, and refuses this account (401 although the token was renewed, 402, 403 with words).
 * `trouble`: no word about the account; a failure, a page of the edge, a 404 or 429 of the usage endpoint, a broken connection, silence.
 * `skipped`: it was not asked, for want of a token or because the process ends.
 */
export type ProbeResult = { readonly kind: 'ok' | 'skipped' } | { readonly kind: 'refused' | 'trouble'; readonly outcome: Outcome };

export const probeResultOf = (check: QuotaCheck): ProbeResult => {
  if (typeof check === 'string' || check.outcome.kind === 'aborted') return { kind: 'skipped' };
  if (check.outcome.kind === 'ok') return { kind: 'ok' };
  return { kind: refusesAccount(check.outcome) ? 'refused' : 'trouble', outcome: check.outcome };
};

/** Asks the backend whether it still takes an account: its usage, which costs no tokens. Effects of the answer are applied already. */
@Injectable()
export class AccountProbe {
  constructor(
    private readonly checks: QuotaCheckService,
    private readonly config: Config,
  ) {}

  /** `recover`: the account is out of service, and may get a new token for this. Never rejects. */
  async probe(accountId: string, recover = false): Promise<ProbeResult> {
    const timeoutMs = this.config.healthCheckRequestTimeout * 1000;
    return probeResultOf(await this.checks.check(accountId, { force: true, timeoutMs, recover }));
  }
}
