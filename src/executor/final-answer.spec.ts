import { describe, expect, it, test } from '@jest/globals';
import type { Exclusions } from '../accounts/exclusions.js';
import { FailedOutcome, finalAnswer } from './final-answer.js';

const NOW = 1_787_000_000_000;
const none: Exclusions = {
  total: 3,
  inactive: 0,
  needsLogin: 0,
  draining: 0,
  quota: 0,
  rateLimited: 0,
  otherCooldown: 0,
  notEntitled: 0,
  busy: 0,
  tried: 0,
  soonestLimitReset: null,
};
const quota: FailedOutcome = { kind: 'quota', resetsAt: NOW + 60_000, family: null, message: 'limit' };
const auth: FailedOutcome = { kind: 'unauthorized', code: null, dead: false, message: 'no' };
const overloaded: FailedOutcome = { kind: 'overloaded', code: 'server_is_overloaded', message: 'busy' };
const network: FailedOutcome = { kind: 'network', failure: 'connect', message: 'refused' };
const unsupported: FailedOutcome = { kind: 'model_unsupported', message: 'not for you' };
const answer = (outcomes: FailedOutcome[], exclusions: Partial<Exclusions> = {}) =>
  finalAnswer(outcomes, { ...none, ...exclusions }, 'gpt-5.4', NOW);

describe('finalAnswer', () => {
  test.each<[string, FailedOutcome[], Partial<Exclusions>, string]>([
    ['the quota rather than the network', [quota, network], { quota: 3, soonestLimitReset: NOW + 90_000 }, 'rate_limited'],
    ['the login rather than an overload', [auth, overloaded], {}, 'upstream_auth'],
    ['an overload rather than the network', [network, overloaded, network], {}, 'overloaded'],
    ["the client's own mistake before all", [quota, unsupported], {}, 'model_not_found'],
    ['the network when there is nothing else', [network], {}, 'unreachable'],
  ])('tells %s', (_, outcomes, exclusions, kind) => {
    expect(answer(outcomes, exclusions).kind).toBe(kind);
  });

  it('counts the causes', () => {
    expect(answer([network, overloaded, network]).message).toBe('busy (3 attempts: network ×2, overloaded ×1)');
  });

  it('answers 429 with the earliest reset when every account that could serve is limited', () => {
    const error = answer([quota], { quota: 2, rateLimited: 1, soonestLimitReset: NOW + 42_500 });
    expect(error).toMatchObject({ kind: 'rate_limited', detail: { retryAfterSeconds: 43 } });
  });

  it('does not count accounts that could not serve anyway', () => {
    expect(answer([quota], { total: 9, quota: 2, inactive: 3, needsLogin: 2, notEntitled: 1, draining: 1 }).kind).toBe('rate_limited');
  });

  it('tells the client to come back at once when only the tried accounts were limited', () => {
    const error = answer([quota, quota, quota], { total: 20, quota: 3 });
    expect(error).toMatchObject({ kind: 'overloaded', detail: { retryAfterSeconds: 1, shouldRetry: true } });
  });

  it('does not let a client retry a quota that ends far away', () => {
    expect(answer([quota], { quota: 3, soonestLimitReset: NOW + 3_600_000 }).detail.shouldRetry).toBe(false);
  });

  test.each<[string, Partial<Exclusions>, string]>([
    ['no account is loaded', { total: 0 }, 'no_account'],
    ['all need a login', { needsLogin: 3 }, 'no_account'],
    ['nobody may use the model', { notEntitled: 2, needsLogin: 1 }, 'model_not_found'],
    ['all are at their limit of concurrent requests', { busy: 3 }, 'no_account'],
    ['all are cooling for quota', { quota: 3 }, 'rate_limited'],
  ])('says so when %s', (_, exclusions, kind) => expect(answer([], exclusions).kind).toBe(kind));
});
