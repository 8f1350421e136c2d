import { GatewayError } from '../common/gateway-error.js';
import { Exclusions, onlyLimits } from '../accounts/pool/exclusions.js';
import type { Outcome, OutcomeKind } from '../upstream/outcome.js';
import { limited, outcomeError } from './outcome-error.js';

export type FailedOutcome = Exclude<Outcome, { kind: 'ok' }>;

/** How much an attempt tells the caller: its own mistake before quota before the login before overload before the network. */
const TELLING: Readonly<Record<Exclude<OutcomeKind, 'ok'>, number>> = {
  aborted: 6,
  rejected: 5,
  unsupported_parameter: 5,
  foreign_ciphertext: 5,
  model_unsupported: 5,
  quota: 4,
  rate_limited: 4,
  not_included: 4,
  unauthorized: 3,
  payment_required: 3,
  forbidden: 3,
  overloaded: 2,
  queue_full: 2,
  edge_blocked: 1,
  edge_not_found: 1,
  server_error: 1,
  network: 1,
  timeout: 1,
  empty: 0,
};

/** The first pause after a refresh that failed. */
const RENEWAL_SECONDS = 5;

const isLimit = (outcome: FailedOutcome): boolean => TELLING[outcome.kind] === 4;

function counts(outcomes: readonly FailedOutcome[]): string {
  const byKind = new Map<string, number>();
  for (const { kind } of outcomes) byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  return [...byKind].map(([kind, n]) => `${kind} ×${n}`).join(', ');
}

function withCounts(error: GatewayError, outcomes: readonly FailedOutcome[]): GatewayError {
  if (outcomes.length < 2) return error;
  return new GatewayError(error.kind, `${error.message} (${outcomes.length} attempts: ${counts(outcomes)})`, error.detail);
}

function allLimited(exclusions: Exclusions, now: number): GatewayError | null {
  if (!onlyLimits(exclusions)) return null;
  const candidates = exclusions.quota + exclusions.rate_limit + exclusions.not_included;
  const message = `all ${candidates} accounts that can serve this model are out of quota or rate limited`;
  return limited(message, exclusions.soonestQuotaReset, now);
}

function withoutAttempt(exclusions: Exclusions, model: string, tokenless: number): GatewayError {
  if (exclusions.total === 0) return new GatewayError('no_account', 'no account is loaded');
  const unusable = exclusions.inactive + exclusions.needs_login + exclusions.draining;
  if (unusable === exclusions.total) return new GatewayError('no_account', 'no account is usable: all need a login or are out of service');
  if (unusable + exclusions.not_entitled === exclusions.total) {
    return new GatewayError('model_not_found', `no account may use the model '${model.slice(0, 100)}'`, {
      code: 'model_not_found',
      param: 'model',
    });
  }
  if (tokenless > 0) {
    const detail = { code: 'upstream_auth', retryAfterSeconds: RENEWAL_SECONDS, shouldRetry: true };
    return new GatewayError('upstream_auth', "the gateway's own logins have ended and cannot be renewed now", detail);
  }
  return new GatewayError('no_account', 'no account is free now', { retryAfterSeconds: 1, shouldRetry: true });
}

/** Accounts that may have the model. */
const candidates = ({ available, busy, tried, other_cooldown, quota, rate_limit, not_included }: Exclusions): number =>
  available + busy + tried + other_cooldown + quota + rate_limit + not_included;

/** The attempts went to accounts that do not have the model, and others may: their answer decides, or the client comes back for it. */
function elsewhere(
  outcomes: readonly FailedOutcome[],
  exclusions: Exclusions,
  model: string,
  now: number,
  tokenless: number,
): GatewayError {
  const rest = outcomes.filter(({ kind }) => kind !== 'model_unsupported');
  if (rest.length > 0) return finalAnswer(rest, exclusions, model, now, tokenless);
  const answer = allLimited(exclusions, now) ?? comeBack('the accounts tried may not use this model; others may');
  return withCounts(answer, outcomes);
}

const comeBack = (message: string): GatewayError =>
  new GatewayError('overloaded', message, { code: 'server_is_overloaded', retryAfterSeconds: 1, shouldRetry: true });

/**
 * What the caller is told when every attempt failed: the most telling one, not the last one, and the counts per cause.
 * A model is not found only when no account is left that may have it. A 429 only when every account that could serve the model is out of quota or rate limited: anything else would stop a
 * client that could have been served. `exclusions` are counted without regard to which accounts were tried; `tokenless`: accounts that
 * were passed over because their token has ended and could not be renewed.
 */
export function finalAnswer(
  outcomes: readonly FailedOutcome[],
  exclusions: Exclusions,
  model: string,
  now: number,
  tokenless = 0,
): GatewayError {
  const telling = outcomes.reduce<FailedOutcome | null>((best, o) => (best && TELLING[best.kind] >= TELLING[o.kind] ? best : o), null);
  if (telling === null) return allLimited(exclusions, now) ?? withoutAttempt(exclusions, model, tokenless);
  if (telling.kind === 'model_unsupported' && candidates(exclusions) > 0) return elsewhere(outcomes, exclusions, model, now, tokenless);
  if (!isLimit(telling)) return withCounts(outcomeError(telling, now), outcomes);
  const limited = allLimited(exclusions, now);
  if (limited) {
    const noPlan = telling.kind === 'not_included' && exclusions.quota + exclusions.rate_limit === 0;
    return withCounts(noPlan ? outcomeError(telling, now) : limited, outcomes);
  }
  return withCounts(comeBack('the accounts tried are out of quota; others may be free'), outcomes);
}
