import { Injectable } from '@nestjs/common';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { Clock } from '../common/clock.js';
import { GatewayError } from '../common/gateway-error.js';
import { ModelResolver } from '../models/model-resolver.service.js';
import { FailedOutcome, finalAnswer } from './final-answer.js';
import { outcomeError } from './outcome-error.js';
import type { Turn } from './turn.js';

/** What the caller is told of a turn that no attempt has answered. */
@Injectable()
export class TurnVerdict {
  constructor(
    private readonly pool: AccountPool,
    private readonly models: ModelResolver,
    private readonly clock: Clock,
  ) {}

  /** `committed`: the client has seen output, so that only the last attempt counts. */
  of(turn: Turn, state: { readonly aborted: boolean; readonly committed: boolean }): GatewayError {
    const now = this.clock.now();
    if (state.aborted) return outcomeError({ kind: 'aborted' }, now);
    const last = turn.outcomes.at(-1);
    if (last !== undefined && (state.committed || isFinal(last))) return outcomeError(last, now);
    const { model } = turn.request.body;
    const exclusions = this.pool.explain({ ...turn.query(), tried: new Set() });
    return this.#withHint(finalAnswer(turn.outcomes, exclusions, model, now, turn.skips), model);
  }

  /** A name that some account can use. */
  #withHint(error: GatewayError, model: string): GatewayError {
    const close = error.kind === 'model_not_found' ? this.models.nearestUsable(model) : undefined;
    if (close === undefined) return error;
    const end = /[.!?)]$/.test(error.message) ? '' : '.';
    return new GatewayError(error.kind, `${error.message}${end} Did you mean '${close}'?`, error.detail);
  }
}

/** What one attempt decides for all: the request itself is refused, or nobody waits for an answer. */
const isFinal = (outcome: FailedOutcome): boolean =>
  outcome.kind === 'rejected' || outcome.kind === 'queue_full' || outcome.kind === 'aborted';
