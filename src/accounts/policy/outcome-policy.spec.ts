import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../upstream/outcome.js';
import type { AttemptFacts, RecentOutcomes } from './outcome-history.js';
import { effectOf, isBackendTrouble, pauseBeforeNextAttempt, type PolicyContext } from './outcome-policy.js';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const message = 'words of upstream';

const quiet: RecentOutcomes = {
  failuresInRow: 0,
  othersWorkSinceFailure: false,
  othersUsed: 0,
  othersFailing: 0,
  forbiddenInRow: 0,
  sameTokenRefusedInRow: 0,
  refusedInRow: 0,
  othersWorkSinceRefusal: false,
  vendorWide401: false,
  paymentPauseEnd: null,
  quotaWithoutResetInRow: 0,
  removalsInHour: 0,
};

interface Given {
  readonly recent?: Partial<RecentOutcomes>;
  readonly attempt?: Partial<AttemptFacts>;
  readonly context?: Partial<PolicyContext>;
}

const effect = (outcome: Outcome, given: Given = {}, poolSize = 20) =>
  effectOf(outcome, {
    now: NOW,
    model: 'gpt-5.4',
    recent: { ...quiet, ...given.recent },
    poolSize,
    attempt: { startedAt: NOW, generation: 1, refreshable: true, staleToken: false, duringPause: false, ...given.attempt },
    resting: null,
    cooldown401Ms: 30_000,
    cooldown429Ms: 60_000,
    massDisableLimitPercent: 20,
    ...given.context,
  });

const cooldown = (cause: string, ms: number, source = 'default', model = '*') => ({
  kind: 'cooldown',
  model,
  until: NOW + ms,
  cause,
  source,
});
const none = { kind: 'none' };

const unauthorized: Outcome = { kind: 'unauthorized', code: 'token_invalidated', dead: false, message };
const payment: Outcome = { kind: 'payment_required', code: 'deactivated_workspace', message };
const forbidden: Outcome = { kind: 'forbidden', code: null, message };
const failed: Outcome = { kind: 'server_error', status: 500, code: null, message };
const quota = (resetsAt: number | null, family: string | null = null): Outcome => ({ kind: 'quota', resetsAt, family, message });

/** Outcome, what is known besides, effect: the same in every pool. */
const EVERYWHERE: readonly (readonly [string, Outcome, Given, unknown])[] = [
  ['a good answer', { kind: 'ok' }, {}, none],
  ['an empty answer', { kind: 'empty' }, {}, none],
  ['a refused request', { kind: 'rejected', status: 400, code: null, param: null, message }, {}, none],
  ['an unsupported parameter', { kind: 'unsupported_parameter', parameter: 'x', message }, {}, none],
  ['foreign ciphertext', { kind: 'foreign_ciphertext', message }, {}, none],
  ['a model it may not use', { kind: 'model_unsupported', message }, {}, { kind: 'not_entitled', model: 'gpt-5.4', until: NOW + HOUR }],
  ['an edge page', { kind: 'edge_blocked', status: 403 }, {}, none],
  ['an empty 404', { kind: 'edge_not_found' }, {}, none],
  ['an overload', { kind: 'overloaded', code: 'slow_down', message }, {}, none],
  ['a full queue of ours', { kind: 'queue_full', message }, {}, none],
  ['a client that left', { kind: 'aborted' }, {}, none],
  ['a plan without the product', { kind: 'not_included', message }, {}, cooldown('not_included', DAY)],

  ['a used-up quota', quota(NOW + 3 * HOUR), {}, cooldown('quota', 3 * HOUR, 'resets_at')],
  ['a reset ten years away', quota(NOW + 3650 * DAY), {}, cooldown('quota', 366 * DAY, 'resets_at')],
  ['a reset in the past', quota(NOW - 1), {}, cooldown('quota', MINUTE)],
  ['no reset', quota(null), { recent: { quotaWithoutResetInRow: 1 } }, cooldown('quota', MINUTE)],
  ['no reset for the third time', quota(null), { recent: { quotaWithoutResetInRow: 3 } }, cooldown('quota', 4 * MINUTE)],
  ['no reset for the hundredth time', quota(null), { recent: { quotaWithoutResetInRow: 100 } }, cooldown('quota', 30 * MINUTE)],
  [
    'a used-up family',
    quota(NOW + HOUR, 'codex_bengalfox'),
    { context: { model: 'gpt-5.3-codex-spark' } },
    cooldown('quota', HOUR, 'resets_at', 'codex_bengalfox'),
  ],
  [
    'a used-up family that the model is not known to belong to',
    quota(NOW + HOUR, 'codex_bengalfox'),
    {},
    cooldown('quota', HOUR, 'resets_at', 'gpt-5.4'),
  ],
  ['a used-up family nobody knows', quota(NOW + HOUR, 'premium'), {}, cooldown('quota', HOUR, 'resets_at', 'gpt-5.4')],
  ['a short limit', { kind: 'rate_limited', retryAt: NOW + 11_050, message }, {}, cooldown('rate_limit', 11_050, 'retry-after', 'gpt-5.4')],
  [
    'a short limit without a time',
    { kind: 'rate_limited', retryAt: null, message },
    {},
    cooldown('rate_limit', MINUTE, 'default', 'gpt-5.4'),
  ],

  [
    'a 401 that names the account as lost',
    { kind: 'unauthorized', code: 'account_deactivated', dead: true, message: 'bye a@example.com' },
    {},
    { kind: 'state', state: 'needs_login', reason: 'account_deactivated', evidence: 'bye [email]' },
  ],
  ['the first 401 of a token', unauthorized, { recent: { sameTokenRefusedInRow: 1 } }, none],
  ['a 401 of a token that has been replaced', unauthorized, { recent: { refusedInRow: 1 }, attempt: { staleToken: true } }, none],
  ['a 401 while it rests after one', unauthorized, { recent: { refusedInRow: 1 }, attempt: { duringPause: true } }, none],
  ['a 401 that everybody gets', unauthorized, { recent: { refusedInRow: 1, vendorWide401: true } }, none],
  [
    'another 401 of a token that could not be renewed',
    unauthorized,
    { recent: { sameTokenRefusedInRow: 2 } },
    cooldown('unauthorized', 30_000, 'awaiting-token'),
  ],
  ['a 401 after a good refresh', unauthorized, { recent: { refusedInRow: 1 } }, cooldown('unauthorized', 30_000)],
  ['the third 401 after a good refresh', unauthorized, { recent: { refusedInRow: 3 } }, cooldown('unauthorized', 120_000)],
  ['many 401s while nobody else works', unauthorized, { recent: { refusedInRow: 20 } }, cooldown('unauthorized', 30 * MINUTE)],
  [
    'a 401 of a token we may not renew',
    unauthorized,
    { recent: { refusedInRow: 9, othersWorkSinceRefusal: true }, attempt: { refreshable: false } },
    cooldown('unauthorized', 30 * MINUTE, 'awaiting-token'),
  ],
  [
    'many 401s while others work',
    unauthorized,
    { recent: { refusedInRow: 7, othersWorkSinceRefusal: true } },
    { kind: 'state', state: 'needs_login', reason: 'inferred:token_invalidated', evidence: message, inferred: true },
  ],

  ['the first 402', payment, {}, cooldown('payment', 10 * MINUTE)],
  ['a 402 within the pause', payment, { recent: { paymentPauseEnd: NOW + 1 } }, none],
  ['a 402 of an attempt from within the pause', payment, { recent: { paymentPauseEnd: NOW - 1 }, attempt: { startedAt: NOW - 2 } }, none],
  [
    'a 402 after the pause',
    payment,
    { recent: { paymentPauseEnd: NOW } },
    { kind: 'state', state: 'disabled', reason: 'inferred:deactivated_workspace', evidence: message, inferred: true },
  ],
  ['the second 403', forbidden, { recent: { forbiddenInRow: 2 } }, cooldown('forbidden', 5 * MINUTE)],
  [
    'the third 403',
    forbidden,
    { recent: { forbiddenInRow: 3 } },
    { kind: 'state', state: 'disabled', reason: 'inferred:forbidden', evidence: message, inferred: true },
  ],

  ['one failure', failed, { recent: { failuresInRow: 1, othersWorkSinceFailure: true, othersUsed: 1 } }, none],
  ['three failures while nobody else works', failed, { recent: { failuresInRow: 3 } }, none],
];

describe.each([1, 2, 20])('effect of an outcome in a pool of %d', (poolSize) => {
  it.each(EVERYWHERE)('%s', (_name, outcome, given, expected) => {
    expect(effect(outcome, given, poolSize)).toEqual(expected);
  });
});

describe('effect of three failures in a row while others work', () => {
  const recent = (othersUsed: number, othersFailing: number): Given => ({
    recent: { failuresInRow: 3, othersWorkSinceFailure: true, othersUsed, othersFailing },
  });

  it.each<[string, number, number, number, unknown]>([
    ['the other one of two works', 2, 1, 0, cooldown('server_error', 30_000)],
    ['the other one of two fails as well by now', 2, 1, 1, none],
    ['19 others work', 20, 19, 0, cooldown('server_error', 30_000)],
    ['one of 19 others fails as well', 20, 19, 1, cooldown('server_error', 30_000)],
    ['two of 19 others fail as well', 20, 19, 2, none],
    ['of 10 000 others the usual few fail', 20_000, 10_000, 100, cooldown('server_error', 30_000)],
    ['of 10 000 others a tenth fails', 20_000, 10_000, 1000, none],
  ])('%s', (_name, poolSize, used, failing, expected) => {
    for (const outcome of [failed, { kind: 'network', failure: 'reset', message }, { kind: 'timeout', message }] as const) {
      expect(effect(outcome, recent(used, failing), poolSize)).toEqual(expected);
    }
  });

  it('does not touch the only account of a pool', () => {
    expect(effect(failed, recent(0, 0), 1)).toEqual(none);
  });
});

describe('a good answer of an account that rests', () => {
  const resting = { accountId: 'a', model: '*', since: NOW - 1000, until: NOW + 1000, cause: 'forbidden', source: 'default' } as const;

  it('ends the rest', () => {
    expect(effect({ kind: 'ok' }, { context: { resting } })).toEqual({ kind: 'cooldown_lifted', cause: 'forbidden' });
  });

  it('proves nothing if the request had begun before', () => {
    expect(effect({ kind: 'ok' }, { context: { resting }, attempt: { startedAt: NOW - 1001 } })).toEqual(none);
  });
});

describe('guard against mass removal', () => {
  const third: Given['recent'] = { forbiddenInRow: 3 };
  const paused = { ...cooldown('forbidden', 5 * MINUTE), held: true };

  it.each([
    [1, 2, 'state'],
    [2, 2, 'state'],
    [10, 3, 'cooldown'],
    [20, 3, 'state'],
    [20, 4, 'cooldown'],
    [1000, 199, 'state'],
    [1000, 200, 'cooldown'],
  ])('in a pool of %d with %d removals within the hour the next verdict is a %s', (poolSize, removalsInHour, kind) => {
    const decided = effect(forbidden, { recent: { ...third, removalsInHour } }, poolSize);
    expect(decided.kind).toBe(kind);
    if (kind === 'cooldown') expect(decided).toEqual(paused);
  });

  it('does not hold back a code that names the credential as lost', () => {
    expect(effect({ ...unauthorized, dead: true }, { recent: { removalsInHour: 99 } }).kind).toBe('state');
  });
});

describe('pause before the next attempt', () => {
  it('is 0.2 to 2 s for an overloaded backend', () => {
    const overloaded: Outcome = { kind: 'overloaded', code: 'slow_down', message };
    expect([0, 0.5, 1].map((random) => pauseBeforeNextAttempt(overloaded, false, random))).toEqual([200, 1100, 2000]);
  });

  it('is at most a second when the backend fails for several accounts, and nothing when one fails', () => {
    expect([0, 1].map((random) => pauseBeforeNextAttempt(failed, true, random))).toEqual([250, 1000]);
    expect(pauseBeforeNextAttempt(failed, false, 1)).toBe(0);
    expect(pauseBeforeNextAttempt(forbidden, true, 1)).toBe(0);
  });

  it.each<Outcome>([{ kind: 'edge_blocked', status: 403 }, { kind: 'edge_not_found' }, unauthorized])(
    'is as long when everybody gets %j',
    (outcome) => {
      expect([0, 1].map((random) => pauseBeforeNextAttempt(outcome, true, random))).toEqual([250, 1000]);
      expect(pauseBeforeNextAttempt(outcome, false, 1)).toBe(0);
    },
  );

  it('takes one failing account in a pool for that account’s trouble', () => {
    expect(isBackendTrouble({ failing: 1, used: 1 })).toBe(false);
    expect(isBackendTrouble({ failing: 2, used: 20 })).toBe(true);
    expect(isBackendTrouble({ failing: 2, used: 2000 })).toBe(false);
  });
});
