import type { StatusRule, StatusStep } from '../../config/status-rules.js';
import type { Outcome, OutcomeKind } from '../../upstream/outcome.js';
import type { AccountEffect, Cooldown, CooldownCause } from '../pool/pool-account.js';
import { FORBIDDEN_PAUSE_MS, NONE, pause, PAYMENT_PAUSE_MS, type PolicyContext, verdict } from './outcome-policy.js';

/**
 * Whether an answer of the usage endpoint says something about the account (its login, its workspace). A 429, a failure, or a page
 * of the edge says something about the usage endpoint, and nothing about turns.
 */
const TELLS_OF_ACCOUNT: Readonly<Record<OutcomeKind, boolean>> = {
  ok: true,
  unauthorized: true,
  payment_required: true,
  forbidden: true,
  empty: false,
  rejected: false,
  unsupported_parameter: false,
  foreign_ciphertext: false,
  model_unsupported: false,
  edge_blocked: false,
  edge_not_found: false,
  quota: false,
  not_included: false,
  rate_limited: false,
  overloaded: false,
  server_error: false,
  network: false,
  timeout: false,
  queue_full: false,
  aborted: false,
};

export const tellsOfAccount = ({ kind }: Outcome): boolean => TELLS_OF_ACCOUNT[kind];

/** What a good answer of the usage endpoint disproves: that login and workspace are refused. Not that turns fail. */
const DISPROVED: ReadonlySet<CooldownCause> = new Set<CooldownCause>(['unauthorized', 'payment', 'forbidden', 'usage_answer']);

/** Whether a good answer of the usage endpoint ends such a cooldown. */
export const isDisproved = (cause: CooldownCause): boolean => DISPROVED.has(cause);

/** A reading that happens to be due just then is no answer to what a turn was told a moment ago with a renewed token. */
const EVIDENCE_AFTER_MS = 5000;

/** Whether a question asked at `startedAt` can say anything about the pause. */
const answersPause = ({ cause, since }: Cooldown, startedAt: number): boolean =>
  startedAt >= (cause === 'unauthorized' ? since + EVIDENCE_AFTER_MS : since);

export const loginWorks = ({ resting, attempt }: PolicyContext): AccountEffect =>
  resting && isDisproved(resting.cause) && answersPause(resting, attempt.startedAt)
    ? { kind: 'cooldown_lifted', cause: resting.cause }
    : NONE;

/** Whether the configuration may say what follows: not about pages of the edge, nor about a login that is named as lost. */
export const isConfigurable = (outcome: Outcome): boolean =>
  outcome.kind !== 'edge_blocked' && outcome.kind !== 'edge_not_found' && !(outcome.kind === 'unauthorized' && outcome.dead);

export interface RuledAnswer {
  readonly status: number;
  readonly outcome: Outcome;
  readonly rule: StatusRule;
  /** Whether it came although the token had been renewed for it. */
  readonly refreshed: boolean;
  /** End of the pause that the same status began; null: none yet. */
  readonly pausedUntil: number | null;
}

const pauseFor = (status: number, context: PolicyContext): ReturnType<typeof pause> => {
  if (status === 401) return pause(context, 'unauthorized', context.cooldown401Ms, 'usage');
  if (status === 402) return pause(context, 'payment', PAYMENT_PAUSE_MS, 'usage');
  if (status === 403) return pause(context, 'forbidden', FORBIDDEN_PAUSE_MS, 'usage');
  return pause(context, 'usage_answer', context.cooldown429Ms, 'usage');
};

function finalEffect(step: StatusStep, { status, outcome }: RuledAnswer, context: PolicyContext): AccountEffect {
  const cooldown = pauseFor(status, context);
  if (step === 'cooldown') return cooldown;
  const code = ('code' in outcome && outcome.code) || `usage_http_${status}`;
  const message = 'message' in outcome ? outcome.message : `the usage endpoint answered ${status}`;
  return verdict(context, step === 'remove' ? 'retired' : 'disabled', code, message, cooldown);
}

/** What a configured rule makes of a status of the usage endpoint. The guard against mass removal holds here too. Pure. */
export const ruledEffect = (answer: RuledAnswer, context: PolicyContext): AccountEffect => {
  const { rule, status, pausedUntil } = answer;
  // What everybody gets is the vendor's fault, whatever the rule says.
  if (answer.outcome.kind === 'unauthorized' && context.recent.vendorWide401) return NONE;
  switch (rule.phase) {
    case 'none':
      return finalEffect(rule.final, answer, context);
    case 'refresh_once':
      return answer.refreshed ? finalEffect(rule.final, answer, context) : NONE;
    case 'cooldown_then_retry':
      if (pausedUntil === null) return pauseFor(status, context);
      return context.attempt.startedAt < pausedUntil ? NONE : finalEffect(rule.final, answer, context);
  }
};
