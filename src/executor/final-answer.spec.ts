import { describe, expect, it, test } from '@jest/globals';
import { Exclusions, noExclusions } from '../accounts/pool/exclusions.js';
import { FailedOutcome, finalAnswer } from './final-answer.js';

const NOW = 1_787_000_000_000;
const none: Exclusions = noExclusions();
const quota: FailedOutcome = { kind: 'quota', resetsAt: NOW + 60_000, family: null, message: 'limit' };
const notIncluded: FailedOutcome = { kind: 'not_included', message: 'upgrade' };
const auth: FailedOutcome = { kind: 'unauthorized', code: null, dead: false, message: 'no' };
const overloaded: FailedOutcome = { kind: 'overloaded', code: 'server_is_overloaded', message: 'busy' };
const network: FailedOutcome = { kind: 'network', failure: 'connect', message: 'refused' };
const unsupported: FailedOutcome = { kind: 'model_unsupported', message: 'not for you' };
/** Three accounts where the case names no total; those it does not exclude are free. */
const counted = (exclusions: Partial<Exclusions>): Exclusions => {
  const total = exclusions.total ?? 3;
  const excluded = Object.entries(exclusions).reduce(
    (sum, [key, n]) => (key === 'total' || key === 'soonestQuotaReset' ? sum : sum + (n ?? 0)),
    0,
  );
  return { ...none, total, available: total - excluded, ...exclusions };
};
const answer = (outcomes: FailedOutcome[], exclusions: Partial<Exclusions> = {}) =>
  finalAnswer(outcomes, counted(exclusions), 'gpt-5.4', NOW);

describe('finalAnswer', () => {
  test.each<[string, FailedOutcome[], Partial<Exclusions>, string]>([
    ['the quota rather than the network', [quota, network], { quota: 3, soonestQuotaReset: NOW + 90_000 }, 'rate_limited'],
    ['the login rather than an overload', [auth, overloaded], {}, 'upstream_auth'],
    ['an overload rather than the network', [network, overloaded, network], {}, 'overloaded'],
    ['that nobody has the model before all', [network, unsupported], { not_entitled: 3 }, 'model_not_found'],
    ['what happened where the model may be', [unsupported, network], { not_entitled: 1 }, 'unreachable'],
    [
      'the quota of those who have the model',
      [unsupported],
      { not_entitled: 1, quota: 2, soonestQuotaReset: NOW + 90_000 },
      'rate_limited',
    ],
    ['the network when there is nothing else', [network], {}, 'unreachable'],
  ])('tells %s', (_, outcomes, exclusions, kind) => {
    expect(answer(outcomes, exclusions).kind).toBe(kind);
  });

  it('counts the causes', () => {
    expect(answer([network, overloaded, network]).message).toBe('busy (3 attempts: network ×2, overloaded ×1)');
  });

  it('passes on when an overloaded backend wants to be asked again', () => {
    const { detail } = answer([{ ...overloaded, retryAt: NOW + 29_500 }]);
    expect(detail).toMatchObject({ retryAfterSeconds: 30 });
    expect(answer([overloaded]).detail).toMatchObject({ retryAfterSeconds: 1 });
  });

  it('answers 429 with the earliest reset when every account that could serve is limited', () => {
    const error = answer([quota], { quota: 2, rate_limit: 1, soonestQuotaReset: NOW + 42_500 });
    expect(error).toMatchObject({ kind: 'rate_limited', detail: { retryAfterSeconds: 43 } });
  });

  it('does not count accounts that could not serve anyway', () => {
    expect(answer([quota], { total: 9, quota: 2, inactive: 3, needs_login: 2, not_entitled: 1, draining: 1 }).kind).toBe('rate_limited');
  });

  it('tells the client to come back at once when only the tried accounts were limited', () => {
    const error = answer([quota, quota, quota], { total: 20, quota: 3 });
    expect(error).toMatchObject({ kind: 'overloaded', detail: { retryAfterSeconds: 1, shouldRetry: true } });
  });

  it('tells the client to come back at once when only the tried accounts were refused the model', () => {
    const error = answer([unsupported, unsupported], { total: 20, not_entitled: 2 });
    expect(error).toMatchObject({ kind: 'overloaded', detail: { retryAfterSeconds: 1, shouldRetry: true } });
    expect(error.message).toContain('2 attempts');
  });

  it('says that no plan includes the service when that was the answer of every account', () => {
    const error = answer([notIncluded, notIncluded], { total: 2, not_included: 2 });
    expect(error).toMatchObject({ kind: 'insufficient_quota', detail: { code: 'insufficient_quota', shouldRetry: false } });
  });

  it('tells the reset of those that have one when the plans of the others do not include the service', () => {
    const error = answer([notIncluded, quota], { total: 2, not_included: 1, quota: 1, soonestQuotaReset: NOW + 30_000 });
    expect(error).toMatchObject({ kind: 'rate_limited', detail: { retryAfterSeconds: 30 } });
  });

  it('names the instant at which a limit ends', () => {
    expect(answer([quota], { quota: 3, soonestQuotaReset: NOW + 90_000 }).detail.resetsAt).toBe(NOW + 90_000);
    expect(answer([quota], { quota: 3 }).detail.resetsAt).toBeUndefined();
  });

  it('does not let a client retry a quota that ends far away', () => {
    expect(answer([quota], { quota: 3, soonestQuotaReset: NOW + 3_600_000 }).detail.shouldRetry).toBe(false);
  });

  test.each<[string, Partial<Exclusions>, string]>([
    ['no account is loaded', { total: 0 }, 'no_account'],
    ['all need a login', { needs_login: 3 }, 'no_account'],
    ['nobody may use the model', { not_entitled: 2, needs_login: 1 }, 'model_not_found'],
    ['all are at their limit of concurrent requests', { busy: 3 }, 'no_account'],
    ['all are cooling for quota', { quota: 3 }, 'rate_limited'],
  ])('says so when %s', (_, exclusions, kind) => expect(answer([], exclusions).kind).toBe(kind));

  it('says that logins cannot be renewed now, where that is why nobody was asked', () => {
    const tokenless = (exclusions: Partial<Exclusions>, skipped: number) => finalAnswer([], counted(exclusions), 'gpt-5.4', NOW, skipped);
    expect(tokenless({}, 3)).toMatchObject({ kind: 'upstream_auth', detail: { code: 'upstream_auth', shouldRetry: true } });
    expect(tokenless({ quota: 3 }, 1).kind).toBe('rate_limited');
    expect(tokenless({ needs_login: 3 }, 3).kind).toBe('no_account');
  });
});
