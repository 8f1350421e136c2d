import { Injectable } from '@nestjs/common';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { CiphertextOwnerFinder } from '../accounts/policy/ciphertext-owner.finder.js';
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
    private readonly owners: CiphertextOwnerFinder,
    private readonly refused: RefusedParameters,
  ) {}

  /** `pinned`: the account that `ownerOf` found. */
  create(request: CodexRequest, requestId: string, pinned: string | undefined): Turn {
    const now = this.clock.now();
    const budget = this.config.requestRetryBudgetSec;
    return new Turn(
      request,
      requestId,
      now,
      this.config.maxRetry + 1,
      budget === 0 ? Infinity : now + budget * 1000,
      pinned,
      this.refused.of(request.body.model),
    );
  }

  /**
   * The account that compacted the conversation; undefined: none, or nobody knows. Rejects with `rejected` (400) when it is no
   * longer here.
   */
  async ownerOf({ compactions }: CodexRequest): Promise<string | undefined> {
    const owner = await this.owners.find(compactions);
    if (owner === undefined) return undefined;
    const state = this.pool.get(owner)?.state;
    if (state !== undefined && state !== 'retired' && state !== 'disabled') return owner;
    throw new GatewayError('rejected', 'this conversation was compacted by an account that is gone: nobody else can read it', {
      status: 400,
      code: 'invalid_encrypted_content',
      param: 'input',
    });
  }
}
