import { describe, expect, it } from '@jest/globals';
import type { StatusRule } from '../../config/status-rules.js';
import type { Outcome } from '../../upstream/outcome.js';
import type { CooldownCause } from '../pool/pool-account.js';
import { effectOf, type PolicyContext } from './outcome-policy.js';
import { isConfigurable, loginWorks, type RuledAnswer, ruledEffect } from './usage-policy.js';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const message = 'words of upstream';

const context = (poolSize: number, recent: Partial<PolicyContext['recent']> = {}, patch: Partial<PolicyContext> = {}): PolicyContext => ({
  now: NOW,
  model: '*',
  poolSize,
  attempt: { startedAt: NOW, generation: 1, refreshable: true, staleToken: false, duringPause: false },
  resting: null,
  cooldown401Ms: 30_000,
  cooldown429Ms: MINUTE,
  massDisableLimitPercent: 20,
  ...patch,
  recent: {
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
    ...recent,
  },
});
const forbidden: Outcome = { kind: 'forbidden', code: 'region', message };
const answer = (status: number, rule: StatusRule, patch: Partial<RuledAnswer> = {}): RuledAnswer => ({
  status,
  rule,
  outcome: forbidden,
  refreshed: false,
  pausedUntil: null,
  ...patch,
});
const cooldown = (cause: CooldownCause, ms: number) => ({ kind: 'cooldown', model: '*', cause, until: NOW + ms, source: 'usage' });
const none = { kind: 'none' };
const now = (final: StatusRule['final']): StatusRule => ({ phase: 'none', final });
const later = (final: StatusRule['final']): StatusRule => ({ phase: 'cooldown_then_retry', final });
const renewed = (final: StatusRule['final']): StatusRule => ({ phase: 'refresh_once', final });

describe.each([1, 2, 20])('a configured status of the usage endpoint in a pool of %d', (poolSize) => {
  it.each<[string, RuledAnswer, object]>([
    ['cooldown for 401', answer(401, now('cooldown')), cooldown('unauthorized', 30_000)],
    ['cooldown for 402', answer(402, now('cooldown')), cooldown('payment', 10 * MINUTE)],
    ['cooldown for 403', answer(403, now('cooldown')), cooldown('forbidden', 5 * MINUTE)],
    ['cooldown for 429', answer(429, now('cooldown')), cooldown('usage_answer', MINUTE)],
    ['disable', answer(403, now('disable')), { kind: 'state', state: 'disabled', evidence: message }],
    ['remove', answer(403, now('remove')), { kind: 'state', state: 'retired', evidence: message }],
    ['before the refresh', answer(403, renewed('remove')), none],
    ['after the refresh', answer(403, renewed('remove'), { refreshed: true }), { kind: 'state', state: 'retired' }],
    ['the first of its kind', answer(403, later('disable')), cooldown('forbidden', 5 * MINUTE)],
    ['within the pause', answer(403, later('disable'), { pausedUntil: NOW + 1 }), none],
    ['after the pause', answer(403, later('disable'), { pausedUntil: NOW }), { kind: 'state', state: 'disabled' }],
  ])('%s', (_name, given, expected) => {
    expect(ruledEffect(given, context(poolSize))).toMatchObject(expected);
  });

  it('takes nobody out of service beyond the limit of an hour', () => {
    const removed = ruledEffect(answer(403, now('remove')), context(poolSize, { removalsInHour: 4 }));
    expect(removed).toMatchObject(cooldown('forbidden', 5 * MINUTE));
  });

  it('does nothing for a 401 that everybody gets', () => {
    const outcome: Outcome = { kind: 'unauthorized', code: null, dead: false, message };
    expect(ruledEffect(answer(401, now('remove'), { outcome }), context(poolSize, { vendorWide401: true }))).toEqual(none);
  });
});

it.each<[Outcome, boolean]>([
  [forbidden, true],
  [{ kind: 'rate_limited', retryAt: null, message }, true],
  [{ kind: 'unauthorized', code: null, dead: false, message }, true],
  [{ kind: 'unauthorized', code: 'account_deactivated', dead: true, message }, false],
  [{ kind: 'edge_blocked', status: 403 }, false],
  [{ kind: 'edge_not_found' }, false],
])('%j is subject to the configuration: %s', (outcome, expected) => {
  expect(isConfigurable(outcome)).toBe(expected);
});

it.each<[CooldownCause, boolean]>([
  ['unauthorized', true],
  ['payment', true],
  ['forbidden', true],
  ['usage_answer', true],
  ['server_error', false],
  ['not_included', false],
])('a good answer of the usage endpoint ends a pause after %s: %s', (cause, ends) => {
  const resting = { accountId: 'a', model: '*', since: NOW - 5000, until: NOW + MINUTE, cause, source: 'default' };
  const expected = ends ? { kind: 'cooldown_lifted', cause } : none;
  expect(loginWorks(context(2, {}, { resting }))).toEqual(expected);
  expect(loginWorks(context(2, {}, { resting: { ...resting, since: NOW + 1 } }))).toEqual(none);
});

it('a reading that was due just after a renewed token was refused does not end the pause', () => {
  const resting = { accountId: 'a', model: '*', since: NOW - 1, until: NOW + MINUTE, cause: 'unauthorized', source: 'default' } as const;
  expect(loginWorks(context(2, {}, { resting }))).toEqual(none);
});

it('Retry-After: 0 pauses a model for a second, a time that has passed no longer', () => {
  for (const retryAt of [NOW, NOW - 5]) {
    expect(effectOf({ kind: 'rate_limited', retryAt, message }, context(2))).toMatchObject({ cause: 'rate_limit', until: NOW + 1000 });
  }
});
