import { Injectable } from '@nestjs/common';
import { AccountCounters } from '../accounts/counters/account-counters.service.js';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import type { Cancellation } from '../common/cancellation.js';
import type { RefreshResult } from '../refresh/refresh-result.js';
import type { OutcomeOf } from '../upstream/outcome.js';
import type { FailedOutcome } from './final-answer.js';
import { NEXT_STEP } from './next-step.js';
import { RefusedParameters } from './refused-parameters.js';
import { hasReasoningCiphertext, isRemovable } from './request-variant.js';
import { SilenceLimit } from './silence-limit.service.js';
import { TokenFreshness, WAIT_WITH_ALTERNATIVE_MS } from './token-freshness.service.js';
import type { Turn } from './turn.js';

/** What the loop does next. */
export type Reaction = { next: 'same'; accountId: string } | { next: 'other'; pauseMs: number } | { next: 'stop' };

const STOP: Reaction = { next: 'stop' };
const OK = { kind: 'ok' } as const;

/** From the outcome of an attempt to the next one: reports it to the pool, amends the turn, waits where waiting helps. */
@Injectable()
export class AttemptReaction {
  constructor(
    private readonly effects: AccountEffects,
    private readonly tokens: TokenFreshness,
    private readonly refused: RefusedParameters,
    private readonly counters: AccountCounters,
    private readonly silence: SilenceLimit,
  ) {}

  succeeded(turn: Turn, lease: AccountLease): void {
    this.counters.attempted(lease.account.id, OK);
    this.effects.report(lease.account.id, turn.request.body.model, OK, lease);
    lease.succeeded(turn.request.affinity);
  }

  async failed(turn: Turn, lease: AccountLease, outcome: FailedOutcome, committed: boolean, signal: Cancellation): Promise<Reaction> {
    this.counters.attempted(lease.account.id, outcome);
    if (committed || signal.aborted) {
      this.#report(turn, lease, outcome);
      return STOP;
    }
    switch (NEXT_STEP[outcome.kind]) {
      case 'done':
      case 'stop':
        this.#report(turn, lease, outcome);
        return STOP;
      case 'renew':
        return this.#renew(turn, lease, outcome as OutcomeOf<'unauthorized'>, signal);
      case 'amend':
        return this.#amend(turn, lease, outcome as OutcomeOf<'unsupported_parameter' | 'foreign_ciphertext'>);
      case 'switch':
        return this.#switch(turn, lease, outcome);
    }
  }

  /** The first 401 of an account is answered with one forced refresh; only what comes after that counts against it. */
  async #renew(turn: Turn, lease: AccountLease, outcome: OutcomeOf<'unauthorized'>, signal: Cancellation): Promise<Reaction> {
    const { id, refreshable } = lease.account;
    if (outcome.dead || turn.renewed.has(id) || !refreshable || !this.effects.mayForceRefresh(id, lease)) {
      return this.#switch(turn, lease, outcome);
    }
    turn.renewed.add(id);
    this.effects.noteUnauthorized(id, lease);
    if (turn.attemptsLeft === 0) {
      // For the requests to come; this one cannot use it any more.
      const reportUnrenewed = ({ kind }: RefreshResult): void => void (kind === 'unavailable' && this.#report(turn, lease, outcome));
      void this.tokens.renew(lease, Infinity, signal).then(reportUnrenewed, () => undefined);
      return STOP;
    }
    const patienceMs = this.tokens.hasAlternative(turn.query(), id) ? WAIT_WITH_ALTERNATIVE_MS : Infinity;
    const result = await this.tokens.renew(lease, patienceMs, signal);
    if (result.kind === 'renewed') return { next: 'same', accountId: id };
    // An account that goes on being refused must not cost every request an attempt until it has a new token.
    if (result.kind === 'unavailable') this.#report(turn, lease, outcome);
    turn.tried.add(id);
    return { next: 'other', pauseMs: 0 };
  }

  #amend(turn: Turn, lease: AccountLease, outcome: OutcomeOf<'unsupported_parameter' | 'foreign_ciphertext'>): Reaction {
    const { body, compactions } = turn.request;
    const same: Reaction = { next: 'same', accountId: lease.account.id };
    if (outcome.kind === 'unsupported_parameter') {
      if (turn.leftOut.has(outcome.parameter) || !isRemovable(body, outcome.parameter)) return STOP;
      this.refused.remember(body.model, outcome.parameter);
      turn.leaveOut(outcome.parameter);
      return same;
    }
    if (!turn.reasoningLeftOut && hasReasoningCiphertext(body)) {
      turn.leaveOutReasoning();
      return same;
    }
    if (compactions.length === 0 || turn.pinned !== undefined) return STOP;
    turn.tried.add(lease.account.id);
    return { next: 'other', pauseMs: 0 };
  }

  #switch(turn: Turn, lease: AccountLease, outcome: FailedOutcome): Reaction {
    const { id } = lease.account;
    this.#report(turn, lease, outcome);
    const stranded = outcome.kind === 'timeout' && outcome.outageOver === true;
    if (outcome.kind === 'timeout' && !stranded && !this.silence.mayGoOn(turn, lease)) return STOP;
    const hasAlternative = turn.attemptsLeft > 0 && this.tokens.hasAlternative(turn.query(), id);
    if (outcome.kind === 'empty') {
      turn.empties++;
      // Nobody's fault: where there is no other account the same one may do better.
      if (!hasAlternative) return { next: 'same', accountId: id };
    }
    turn.tried.add(id);
    // Without another account the answer is the failure: waiting would only delay it.
    const mayWait = hasAlternative && !stranded && turn.lastChanceMs === null;
    return { next: 'other', pauseMs: mayWait ? this.effects.backoffBeforeNextAttemptMs(outcome) : 0 };
  }

  /** A compaction that is slow or fails says nothing about the account: only its login, quota and entitlement count. */
  #report(turn: Turn, lease: AccountLease, outcome: FailedOutcome): void {
    const harmless = outcome.kind === 'timeout' || outcome.kind === 'server_error' || outcome.kind === 'network';
    if (turn.request.operation === 'compact' && harmless) return;
    this.effects.report(lease.account.id, turn.request.body.model, outcome, lease);
  }
}
