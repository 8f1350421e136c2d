import type { Outcome, OutcomeKind } from '../../upstream/outcome.js';

/**
 * What went wrong, as an operator tells it apart: `login` 401, `billing` 402, `forbidden` 403 about the account, `limit` quota, rate
 * limit or plan, `overload`, `server` 5xx and empty answers, `network` also the edge and silence, `request` refused for what was asked.
 */
export const ERROR_CLASSES = ['login', 'billing', 'forbidden', 'limit', 'overload', 'server', 'network', 'request'] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

export const COUNTS = [
  'requests',
  'aborted',
  'loginErrors',
  'billingErrors',
  'forbiddenErrors',
  'limitErrors',
  'overloadErrors',
  'serverErrors',
  'networkErrors',
  'requestErrors',
  'inputTokens',
  'cachedTokens',
  'outputTokens',
] as const;
export type CountName = (typeof COUNTS)[number];

/** What was counted of one account, or of several. `requests` = calls that went out; of them `aborted` by clients, `…Errors` failed. */
export interface Counters extends Record<CountName, number> {
  /** Epoch ms; 0 never. */
  lastUsedAt: number;
  lastErrorAt: number;
  /** Empty where there was none. */
  lastErrorClass: ErrorClass | '';
  /** Redacted. */
  lastError: string;
}

const CLASS_OF: Record<OutcomeKind, ErrorClass | null> = {
  ok: null,
  aborted: null,
  queue_full: null,
  rejected: 'request',
  model_unsupported: 'request',
  unsupported_parameter: 'request',
  foreign_ciphertext: 'request',
  unauthorized: 'login',
  payment_required: 'billing',
  forbidden: 'forbidden',
  quota: 'limit',
  not_included: 'limit',
  rate_limited: 'limit',
  overloaded: 'overload',
  server_error: 'server',
  empty: 'server',
  edge_blocked: 'network',
  edge_not_found: 'network',
  network: 'network',
  timeout: 'network',
};

/** Null: no failure. */
export const errorClassOf = ({ kind }: Outcome): ErrorClass | null => CLASS_OF[kind];

export const noCounters = (): Counters => ({
  requests: 0,
  aborted: 0,
  loginErrors: 0,
  billingErrors: 0,
  forbiddenErrors: 0,
  limitErrors: 0,
  overloadErrors: 0,
  serverErrors: 0,
  networkErrors: 0,
  requestErrors: 0,
  inputTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  lastUsedAt: 0,
  lastErrorAt: 0,
  lastErrorClass: '',
  lastError: '',
});

/** Adds `more` to `sum` in place; of the last error the later one stays. */
export function addCounters(sum: Counters, more: Counters): void {
  for (const name of COUNTS) sum[name] += more[name];
  sum.lastUsedAt = Math.max(sum.lastUsedAt, more.lastUsedAt);
  if (more.lastErrorAt === 0 || more.lastErrorAt < sum.lastErrorAt) return;
  const { lastErrorAt, lastErrorClass, lastError } = more;
  Object.assign(sum, { lastErrorAt, lastErrorClass, lastError });
}

export const errorsOf = (counters: Counters): number => ERROR_CLASSES.reduce((sum, name) => sum + counters[`${name}Errors`], 0);
