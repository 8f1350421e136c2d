import { Injectable, Logger } from '@nestjs/common';
import type { AccountLease } from '../accounts/account-lease.js';
import { AccountPool } from '../accounts/account-pool.service.js';
import { Clock } from '../common/clock.js';
import { GatewayError } from '../common/gateway-error.js';
import type { Outcome } from '../upstream/outcome.js';
import { AttemptReaction, Reaction } from './attempt-reaction.service.js';
import type { CodexRequest } from './codex-request.js';
import { FailedOutcome, finalAnswer } from './final-answer.js';
import { outcomeError } from './outcome-error.js';
import { TokenFreshness } from './token-freshness.service.js';
import type { Turn } from './turn.js';
import { TurnFactory } from './turn-factory.service.js';

/** What differs between a streamed turn and a compaction. */
export interface Operation {
  attempt(turn: Turn, lease: AccountLease): Promise<Outcome>;
  /** Whether the client has seen output: then there is no other attempt. */
  committed(): boolean;
}

/**
 * The one loop that retries. Every `POST` that goes out counts; there are never more than `max-retry + 1` of them, and none after
 * output has reached the client. Passing over an account whose token cannot be renewed now is not an attempt.
 */
@Injectable()
export class AttemptLoop {
  private readonly logger = new Logger('Attempt');

  constructor(
    private readonly turns: TurnFactory,
    private readonly pool: AccountPool,
    private readonly tokens: TokenFreshness,
    private readonly reactions: AttemptReaction,
    private readonly clock: Clock,
  ) {}

  async run(request: CodexRequest, requestId: string, signal: AbortSignal, operation: Operation): Promise<void> {
    const turn = this.turns.create(request, requestId);
    let same: string | undefined;
    while (turn.mayAttempt(this.clock.now())) {
      using lease = this.pool.lease(turn.query(same));
      if (lease === null) {
        if (same === undefined) break;
        same = undefined;
        continue;
      }
      const fresh = this.tokens.ensure(lease, () => this.tokens.hasAlternative(turn.query(), lease.account.id), signal);
      if (!(fresh === true || (await unlessGone(fresh, signal)))) {
        same = undefined;
        if (turn.skip(lease.account.id)) continue;
        break;
      }
      const reaction = await this.#attempt(turn, lease, operation, signal);
      if (reaction === null) return;
      if (reaction.next === 'stop') break;
      same = reaction.next === 'same' ? reaction.accountId : undefined;
    }
    throw this.#answer(turn, signal, operation);
  }

  /** One attempt and what follows from it; null when the turn is answered. */
  async #attempt(turn: Turn, lease: AccountLease, operation: Operation, signal: AbortSignal): Promise<Reaction | null> {
    const attempt = turn.countAttempt();
    const startedAt = this.clock.now();
    const outcome = await operation.attempt(turn, lease);
    this.#log(turn, lease, attempt, outcome, startedAt);
    if (outcome.kind === 'ok') {
      this.reactions.succeeded(turn, lease);
      return null;
    }
    turn.outcomes.push(outcome);
    return this.reactions.failed(turn, lease, outcome, operation.committed(), signal);
  }

  #answer(turn: Turn, signal: AbortSignal, operation: Operation): GatewayError {
    const now = this.clock.now();
    if (signal.aborted) return outcomeError({ kind: 'aborted' }, now);
    const last = turn.outcomes.at(-1);
    if (last !== undefined && (operation.committed() || isFinal(last))) return outcomeError(last, now);
    const exclusions = this.pool.explain({ ...turn.query(), tried: new Set() });
    return finalAnswer(turn.outcomes, exclusions, turn.request.body.model, now);
  }

  #log(turn: Turn, lease: AccountLease, attempt: number, outcome: Outcome, startedAt: number): void {
    const entry = {
      msg: 'attempt',
      requestId: turn.requestId,
      attempt,
      accountId: lease.account.id,
      model: turn.request.body.model,
      outcome: outcome.kind,
      ms: this.clock.now() - startedAt,
    };
    if (outcome.kind === 'ok' || outcome.kind === 'aborted') this.logger.log(entry);
    else this.logger.warn({ ...entry, ...detailOf(outcome) });
  }
}

/** What one attempt decides for all: the request itself is refused, or nobody waits for an answer. */
const isFinal = (outcome: FailedOutcome): boolean =>
  outcome.kind === 'rejected' || outcome.kind === 'queue_full' || outcome.kind === 'aborted';

/** The members of an outcome that explain it; none of them carries a secret. */
function detailOf(outcome: FailedOutcome): Record<string, unknown> {
  const { kind: _, ...detail } = outcome;
  return detail;
}

async function unlessGone(fresh: boolean | Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  try {
    return await fresh;
  } catch (error) {
    if (signal.aborted) throw new GatewayError('client_closed', 'the client closed the connection');
    throw error;
  }
}
