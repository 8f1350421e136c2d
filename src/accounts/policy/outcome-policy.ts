import { redactText } from '../../common/redact.js';
import type { Outcome, OutcomeKind, OutcomeOf } from '../../upstream/outcome.js';
import { AWAITING_TOKEN } from '../pool/cooldowns.js';
import { limitScope } from '../pool/limit-family.js';
import { inferredReason } from '../storage/state-reason.js';
import type { AttemptFacts, RecentOutcomes } from './outcome-history.js';
import type { AccountEffect, Cooldown, CooldownCause, LostState } from '../pool/pool-account.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A reset further away is a mistake of somebody's clock or unit. */
const LONGEST_LIMIT_MS = 366 * DAY_MS;
const LONGEST_RISING_MS = 30 * MINUTE_MS;
export const PAYMENT_PAUSE_MS = 10 * MINUTE_MS;
export const FORBIDDEN_PAUSE_MS = 5 * MINUTE_MS;
const FAILURE_PAUSE_MS = 30 * SECOND_MS;
const NOT_INCLUDED_PAUSE_MS = DAY_MS;
/** `Retry-After: 0` asks for no pause; none at all would send the next attempt into the same answer. */
const AT_ONCE_MS = SECOND_MS;
/** Not longer: a fault of the backend that says so to everybody must not take a model away for the day. */
const NOT_ENTITLED_MS = HOUR_MS;

const MAX_REASON = 120;
const MAX_EVIDENCE = 500;

const FORBIDDEN_ENOUGH = 3;
const FAILURES_ENOUGH = 3;
/** Refusals, each after the pause of the one before: more than half an hour in all. */
const REFUSALS_ENOUGH = 7;
/** The mass-removal guard never stops the first few. */
const REMOVALS_ALWAYS_ALLOWED = 3;
/** In a large pool somebody always fails: the backend is at fault when so large a part of the accounts in use does. */
const FAILING_SHARE = 0.05;

export interface PolicyContext {
  readonly now: number;
  readonly model: string;
  readonly recent: RecentOutcomes;
  /** Accounts loaded, in any state. */
  readonly poolSize: number;
  readonly attempt: AttemptFacts;
  /** The running cooldown of the whole account that is neither quota nor rate limit. */
  readonly resting: Cooldown | null;
  readonly cooldown401Ms: number;
  readonly cooldown429Ms: number;
  readonly massDisableLimitPercent: number;
}

type Rule<K extends OutcomeKind> = (outcome: OutcomeOf<K>, context: PolicyContext) => AccountEffect;

type Pause = Extract<AccountEffect, { kind: 'cooldown' }>;

export const NONE = { kind: 'none' } as const;
const none = (): AccountEffect => NONE;

export const pause = (context: PolicyContext, cause: CooldownCause, ms: number, source = 'default', model = '*'): Pause => ({
  kind: 'cooldown',
  model,
  until: context.now + ms,
  cause,
  source,
});

const rising = (baseMs: number, times: number): number =>
  Math.max(baseMs, Math.min(baseMs * 2 ** Math.min(times - 1, 20), LONGEST_RISING_MS));

/** The words of upstream are kept as evidence, without addresses and tokens. */
export const lost = (state: LostState, code: string, message: string): Extract<AccountEffect, { kind: 'state' }> => ({
  kind: 'state',
  state,
  reason: redactText(code).slice(0, MAX_REASON),
  evidence: redactText(message).slice(0, MAX_EVIDENCE),
});

/** How many accounts inferred verdicts may take out of service within an hour. */
export const removalsAllowed = (poolSize: number, limitPercent: number): number =>
  Math.max(REMOVALS_ALWAYS_ALLOWED, Math.floor((poolSize * limitPercent) / 100));

/** A verdict inferred from statuses: only so many accounts may be lost to those within an hour, then it stays with `otherwise`. */
export const verdict = (
  context: PolicyContext,
  state: LostState,
  code: string,
  message: string,
  otherwise: Extract<AccountEffect, { kind: 'none' | 'cooldown' }>,
): AccountEffect => {
  const allowed = removalsAllowed(context.poolSize, context.massDisableLimitPercent);
  if (context.recent.removalsInHour >= allowed) return { ...otherwise, held: true };
  return { ...lost(state, inferredReason(code), message), inferred: true };
};

const worksAgain = (context: PolicyContext): AccountEffect =>
  context.resting && context.attempt.startedAt >= context.resting.since ? { kind: 'cooldown_lifted', cause: context.resting.cause } : NONE;

/** Cooldown until the instant that upstream named, if it can be believed. */
const limited = (
  context: PolicyContext,
  cause: 'quota' | 'rate_limit',
  model: string,
  named: { at: number | null; source: string },
  defaultMs: number,
): AccountEffect =>
  named.at !== null && named.at > context.now
    ? pause(context, cause, Math.min(named.at - context.now, LONGEST_LIMIT_MS), named.source, model)
    : pause(context, cause, defaultMs, 'default', model);

const quota: Rule<'quota'> = ({ resetsAt, family }, context) => {
  const defaultMs = rising(context.cooldown429Ms, Math.max(1, context.recent.quotaWithoutResetInRow));
  return limited(context, 'quota', limitScope(family, context.model), { at: resetsAt, source: 'resets_at' }, defaultMs);
};

const unauthorized: Rule<'unauthorized'> = ({ code, dead, message }, context) => {
  const { recent, attempt, cooldown401Ms } = context;
  if (dead) return lost('needs_login', code ?? 'unauthorized', message);
  if (attempt.staleToken || attempt.duringPause || recent.vendorWide401) return NONE;
  if (recent.refusedInRow === 0) {
    // The first refusal is answered by a refresh; a second one of the same token shows that it has not been possible so far.
    return recent.sameTokenRefusedInRow > 1 ? pause(context, 'unauthorized', cooldown401Ms, AWAITING_TOKEN) : NONE;
  }
  const source = attempt.refreshable ? 'default' : AWAITING_TOKEN;
  const cooldown = pause(context, 'unauthorized', rising(cooldown401Ms, recent.refusedInRow), source);
  if (!attempt.refreshable || recent.refusedInRow < REFUSALS_ENOUGH || !recent.othersWorkSinceRefusal) return cooldown;
  return verdict(context, 'needs_login', code ?? 'unauthorized', message, cooldown);
};

const paymentRequired: Rule<'payment_required'> = ({ code, message }, context) => {
  const { paymentPauseEnd } = context.recent;
  const cooldown = pause(context, 'payment', PAYMENT_PAUSE_MS);
  if (paymentPauseEnd === null) return cooldown;
  if (context.attempt.startedAt < paymentPauseEnd) return NONE;
  return verdict(context, 'disabled', code ?? 'payment_required', message, cooldown);
};

const forbidden: Rule<'forbidden'> = ({ code, message }, context) => {
  const cooldown = pause(context, 'forbidden', FORBIDDEN_PAUSE_MS);
  return context.recent.forbiddenInRow < FORBIDDEN_ENOUGH ? cooldown : verdict(context, 'disabled', code ?? 'forbidden', message, cooldown);
};

const severalFail = (failing: number, used: number, enough: number): boolean => failing >= Math.max(enough, used * FAILING_SHARE);

const failure = (_outcome: Outcome, context: PolicyContext): AccountEffect => {
  const { failuresInRow, othersWorkSinceFailure, othersFailing, othersUsed } = context.recent;
  const backend = !othersWorkSinceFailure || severalFail(othersFailing, othersUsed, Math.min(2, context.poolSize - 1));
  return failuresInRow < FAILURES_ENOUGH || backend ? NONE : pause(context, 'server_error', FAILURE_PAUSE_MS);
};

/** Everything that an outcome can do to an account. Nothing else begins a cooldown or changes a state because of an answer. */
const RULES: { readonly [K in OutcomeKind]: Rule<K> } = {
  ok: (_outcome, context) => worksAgain(context),
  empty: none,
  rejected: none,
  unsupported_parameter: none,
  foreign_ciphertext: none,
  model_unsupported: (_outcome, { model, now }) => ({ kind: 'not_entitled', model, until: now + NOT_ENTITLED_MS }),
  unauthorized,
  payment_required: paymentRequired,
  forbidden,
  edge_blocked: none,
  edge_not_found: none,
  quota,
  not_included: (_outcome, context) => pause(context, 'not_included', NOT_INCLUDED_PAUSE_MS),
  // Short limits are counted per model.
  rate_limited: ({ retryAt }, context) => {
    const named = retryAt !== null && retryAt <= context.now ? context.now + AT_ONCE_MS : retryAt;
    return limited(context, 'rate_limit', context.model, { at: named, source: 'retry-after' }, context.cooldown429Ms);
  },
  overloaded: none,
  server_error: failure,
  network: failure,
  timeout: failure,
  queue_full: none,
  aborted: none,
};

/** What the outcome of an attempt does to its account. Pure. */
export const effectOf = (outcome: Outcome, context: PolicyContext): AccountEffect =>
  (RULES[outcome.kind] as Rule<OutcomeKind>)(outcome, context);

/** Whether failures are the backend's fault, and further attempts should slow down together. */
export const isBackendTrouble = (all: { failing: number; used: number }): boolean => severalFail(all.failing, all.used, 2);

const SLOWS_DOWN: ReadonlySet<OutcomeKind> = new Set<OutcomeKind>([
  'server_error',
  'network',
  'timeout',
  'edge_blocked',
  'edge_not_found',
  'unauthorized',
]);

/**
 * Pause before a request's next attempt: an overloaded backend gets 0.2-2 s, one that fails for everybody at most 1 s, both with jitter
 * so that requests do not come back together. `random`: 0-1.
 */
export const pauseBeforeNextAttempt = (outcome: Outcome, backendTrouble: boolean, random: number): number => {
  if (outcome.kind === 'overloaded') return Math.round(200 + random * 1800);
  return SLOWS_DOWN.has(outcome.kind) && backendTrouble ? Math.round(250 + random * 750) : 0;
};
