import { Injectable } from '@nestjs/common';
import { AccountEffects } from '../accounts/account-effects.service.js';
import { AccountPool } from '../accounts/account-pool.service.js';
import { Clock } from '../common/clock.js';
import { GatewayError } from '../common/gateway-error.js';
import { Config } from '../config/config.js';
import type { CodexRequest } from './codex-request.js';
import { RefusedParameters } from './refused-parameters.js';
import { Turn } from './turn.js';

/** Begins turns: their budgets, the account a compaction binds them to, and what is known to be refused. */
@Injectable()
export class TurnFactory {
  constructor(
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly pool: AccountPool,
    private readonly effects: AccountEffects,
    private readonly refused: RefusedParameters,
  ) {}

  /** Throws `rejected` (400) when the conversation was compacted by an account that is no longer here. */
  create(request: CodexRequest, requestId: string): Turn {
    const now = this.clock.now();
    const budget = this.config.requestRetryBudgetSec;
    return new Turn(
      request,
      requestId,
      now,
      this.config.maxRetry + 1,
      budget === 0 ? Infinity : now + budget * 1000,
      this.#ownerOf(request),
      this.refused.of(request.body.model),
    );
  }

  #ownerOf({ compactions }: CodexRequest): string | undefined {
    for (const hash of compactions) {
      const owner = this.effects.ciphertextOwner(hash);
      if (owner === undefined) continue;
      const state = this.pool.get(owner)?.state;
      if (state !== undefined && state !== 'retired' && state !== 'disabled') return owner;
      throw new GatewayError('rejected', 'this conversation was compacted by an account that is gone: nobody else can read it', {
        status: 400,
        code: 'invalid_encrypted_content',
        param: 'input',
      });
    }
    return undefined;
  }
}
