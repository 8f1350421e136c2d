import { Injectable, Logger } from '@nestjs/common';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { Cancellation } from '../common/cancellation.js';
import { Clock } from '../common/clock.js';
import { GatewayError } from '../common/gateway-error.js';
import { Config } from '../config/config.js';
import type { Outcome } from '../upstream/outcome.js';
import { AccountReadiness } from './account-readiness.service.js';
import { AttemptReaction, Reaction } from './attempt-reaction.service.js';
import type { CodexRequest } from './codex-request.js';
import type { FailedOutcome } from './final-answer.js';
import type { Turn } from './turn.js';
import { TurnFactory } from './turn-factory.service.js';
import { TurnVerdict } from './turn-verdict.service.js';

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
    private readonly readiness: AccountReadiness,
    private readonly reactions: AttemptReaction,
    private readonly verdict: TurnVerdict,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.#logsSuccess = config.logLevel === 'info' || config.logLevel === 'debug';
  }

  readonly #logsSuccess: boolean;

  async run(request: CodexRequest, requestId: string, signal: Cancellation, operation: Operation): Promise<void> {
    const owner = request.compactions.length > 0 ? await this.turns.ownerOf(request) : undefined;
    const turn = this.turns.create(request, requestId, owner);
    let same: string | undefined;
    while (turn.mayAttempt(this.clock.now())) {
      const reaction = await this.#step(turn, same, operation, signal);
      if (reaction === null) return;
      if (reaction.next === 'stop') break;
      same = reaction.next === 'same' ? reaction.accountId : undefined;
      if (reaction.next === 'other' && reaction.pauseMs > 0) await this.clock.sleep(reaction.pauseMs, signal).catch(() => undefined);
      if (signal.aborted) break;
    }
    throw this.verdict.of(turn, { aborted: signal.aborted, committed: operation.committed() });
  }

  /** Leases an account and tries it; null when the turn is answered. The lease is given back before the loop waits for anything. */
  async #step(turn: Turn, same: string | undefined, operation: Operation, signal: Cancellation): Promise<Reaction | null> {
    using lease = this.pool.lease(turn.query(same));
    if (lease === null) return same === undefined && !turn.reconsider() ? STOP : NEXT;
    const { id } = lease.account;
    const readiness = this.readiness.ensure(turn, lease, signal);
    if (readiness !== 'ready') {
      const ready = await unlessGone(readiness, signal);
      if (ready === 'unusable') return turn.skip(id) ? NEXT : STOP;
      if (ready === 'later') return NEXT;
      // The lease still has the token it was given out with.
      if (lease.account.tokenGeneration !== lease.generation) return { next: 'same', accountId: id };
    }
    // Awaited here: the lease is held until the attempt is over.
    return await this.#attempt(turn, lease, operation, signal);
  }

  /** One attempt and what follows from it; null when the turn is answered. */
  async #attempt(turn: Turn, lease: AccountLease, operation: Operation, signal: Cancellation): Promise<Reaction | null> {
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

  #log(turn: Turn, lease: AccountLease, attempt: number, outcome: Outcome, startedAt: number): void {
    const fine = outcome.kind === 'ok' || outcome.kind === 'aborted';
    if (fine && !this.#logsSuccess) return;
    const entry = {
      msg: 'attempt',
      requestId: turn.requestId,
      attempt,
      accountId: lease.account.id,
      model: turn.request.body.model,
      outcome: outcome.kind,
      ms: this.clock.now() - startedAt,
    };
    if (fine) this.logger.log(entry);
    else this.logger.warn({ ...entry, ...detailOf(outcome) });
  }
}

const STOP: Reaction = { next: 'stop' };
const NEXT: Reaction = { next: 'other', pauseMs: 0 };

/** The members of an outcome that explain it; none of them carries a secret. */
function detailOf(outcome: FailedOutcome): Record<string, unknown> {
  const { kind: _, ...detail } = outcome;
  return detail;
}

async function unlessGone<T>(work: T | Promise<T>, signal: Cancellation): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (signal.aborted) throw new GatewayError('client_closed', 'the client closed the connection');
    throw error;
  }
}
