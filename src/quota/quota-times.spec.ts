import { describe, expect, it } from '@jest/globals';
import { poolAccount } from '../../test/support/pool-account.js';
import type { Cooldown, PoolAccount } from '../accounts/pool/pool-account.js';
import { AskAgain } from './ask-again.js';
import { DueList } from './due-list.js';
import { jitterOf } from './jitter.js';
import { readingDueAt } from './reading-age.js';
import { VerificationTimes } from './verification-times.js';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const cooldown = (patch: Partial<Cooldown> = {}): Cooldown => ({
  accountId: 'a',
  model: '*',
  since: NOW,
  until: NOW + 10 * HOUR,
  cause: 'quota',
  source: 'resets_at',
  ...patch,
});
/** The usage endpoint answered at `askedAt`; its window ends at `resetsAt`. */
const asked = (askedAt: number, resetsAt = 0): PoolAccount =>
  poolAccount('a', {
    quota: {
      windows: [{ usedPercent: 100, minutes: 300, resetsAt }],
      plan: null,
      credits: null,
      at: askedAt,
      usage: { at: askedAt, allowed: false, limits: [] },
    },
  });

describe('the next verification of a cooldown', () => {
  const times = new VerificationTimes('seed');
  const between = (at: number, from: number, waitMs: number): void => {
    expect(at).toBeGreaterThanOrEqual(from + waitMs);
    expect(at).toBeLessThanOrEqual(from + waitMs * 1.2);
  };

  it.each<[string, Partial<Cooldown>, PoolAccount, number, number]>([
    ['the first', {}, poolAccount('a'), NOW, MINUTE],
    ['the first, after a reading from before', {}, asked(NOW - HOUR), NOW, MINUTE],
    ['after one', {}, asked(NOW + MINUTE), NOW + MINUTE, MINUTE],
    ['after some', {}, asked(NOW + 8 * MINUTE), NOW + 8 * MINUTE, 8 * MINUTE],
    ['at most an hour', {}, asked(NOW + 5 * HOUR), NOW + 5 * HOUR, HOUR],
    ['at a reset that the reading promised', {}, asked(NOW + 30 * MINUTE, NOW + 40 * MINUTE), NOW + 30 * MINUTE, 10 * MINUTE + 1000],
    ['of a model', { model: 'gpt-5.4', cause: 'rate_limit' }, poolAccount('a'), NOW, MINUTE],
    ['of a plan', { cause: 'not_included' }, poolAccount('a'), NOW, MINUTE],
  ])('%s', (_name, patch, account, from, waitMs) => {
    between(times.nextAt(cooldown(patch), account), from, waitMs);
  });

  it.each<[string, Partial<Cooldown>]>([
    ['a short one', { until: NOW + MINUTE }],
    ['a pause after a 401', { cause: 'unauthorized' }],
    ['a pause after failures', { cause: 'server_error' }],
  ])('never comes for %s', (_name, patch) => {
    expect(times.nextAt(cooldown(patch), poolAccount('a'))).toBe(Infinity);
  });

  it('is another one in each replica', () => {
    const all = Array.from({ length: 20 }, (_, n) => new VerificationTimes(`replica ${n}`).nextAt(cooldown(), poolAccount('a')));
    expect(new Set(all).size).toBeGreaterThan(15);
  });

  it('comes later for a limit that came back after a reading had lifted it, and forgets that in time', () => {
    const own = new VerificationTimes('seed');
    own.lifted(cooldown(), NOW + MINUTE);
    const again = cooldown({ since: NOW + 2 * MINUTE });
    between(own.nextAt(again, poolAccount('a')), NOW + 2 * MINUTE, 2 * MINUTE);
    own.lifted(again, NOW + 4 * MINUTE);
    between(own.nextAt(cooldown({ since: NOW + 5 * MINUTE }), poolAccount('a')), NOW + 5 * MINUTE, 4 * MINUTE);
    between(own.nextAt(cooldown({ since: NOW + HOUR }), poolAccount('a')), NOW + HOUR, MINUTE);
    between(own.nextAt(cooldown({ since: NOW + 5 * MINUTE, accountId: 'b' }), poolAccount('b')), NOW + 5 * MINUTE, MINUTE);
  });
});

describe('a reading is due', () => {
  const read = (patch: Partial<PoolAccount> = {}) => poolAccount('a', { quota: asked(NOW).quota, ...patch });

  it.each<[string, PoolAccount, number, number]>([
    ['at once where there is none', poolAccount('a'), 0, 0],
    ['after ten minutes for an account in use', read(), NOW, NOW + 10 * MINUTE],
    ['as long after as it had been idle before', read(), NOW - HOUR, NOW + HOUR],
    ['after three hours at the latest', read(), NOW - 99 * HOUR, NOW + 3 * HOUR],
    ['after an hour where this process knows of no use', read(), 0, NOW + HOUR],
    ['never for an account out of service', read({ state: 'needs_login' }), NOW, Infinity],
    ['never for a paused one', read({ state: 'paused' }), NOW, Infinity],
    ['never for one that is being drained', read({ draining: true }), NOW, Infinity],
    ['never without a token', read({ accessToken: '', quota: null }), NOW, Infinity],
    ['never with a token that has ended', read({ accessExpiresAt: NOW }), NOW, Infinity],
  ])('%s', (_name, account, lastUsedAt, expected) => {
    expect(readingDueAt(account, lastUsedAt, NOW, 'seed')).toBe(expected);
  });

  it('a little later in one replica than in another', () => {
    const later = NOW + 11 * MINUTE;
    const all = Array.from({ length: 20 }, (_, n) => readingDueAt(read(), NOW, later, `replica ${n}`));
    expect(Math.min(...all)).toBeGreaterThanOrEqual(NOW + 10 * MINUTE);
    expect(Math.max(...all)).toBeLessThanOrEqual(NOW + 12 * MINUTE);
    expect(new Set(all).size).toBeGreaterThan(15);
  });
});

it('jitter is spread evenly and stays the same', () => {
  const all = Array.from({ length: 1000 }, (_, n) => jitterOf(`account ${n}`, 'seed'));
  expect(all.reduce((sum, value) => sum + value, 0) / 1000).toBeCloseTo(0.5, 1);
  expect(jitterOf('account 1', 'seed')).toBe(all[1]);
});

describe('after failures', () => {
  it('an account is asked again after a minute, two, four, at most an hour', () => {
    const again = new AskAgain();
    let now = NOW;
    for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
      again.failed('a', now);
      expect(again.mayAsk('a', now + minutes * MINUTE - 1)).toBe(false);
      now += minutes * MINUTE;
      expect(again.mayAsk('a', now)).toBe(true);
    }
    again.answered('a');
    again.failed('a', now);
    expect(again.mayAsk('a', now + MINUTE)).toBe(true);
    expect(again.mayAsk('b', now)).toBe(true);
  });

  it('of a whole round everybody waits, longer each time; one answer ends that', () => {
    const again = new AskAgain();
    again.roundEnded(3, 3, NOW);
    expect([again.isPaused(NOW + 14_999), again.isPaused(NOW + 15_000)]).toEqual([true, false]);
    for (let n = 0; n < 30; n++) again.roundEnded(3, 3, NOW);
    expect([again.isPaused(NOW + 10 * MINUTE - 1), again.isPaused(NOW + 10 * MINUTE)]).toEqual([true, false]);
    again.roundEnded(0, 0, NOW);
    expect(again.isPaused(NOW + MINUTE)).toBe(true);
    again.roundEnded(3, 2, NOW);
    expect(again.isPaused(NOW)).toBe(false);
  });
});

it('of many accounts those come first that have been due the longest, each once', () => {
  const list = new DueList(5);
  for (let n = 0; n < 100; n++) list.add(`account-${(n * 37) % 100}`, 1000 + ((n * 37) % 100));
  list.add('account-3', 1);
  list.add('account-3', 5000);
  expect(list.ids).toEqual(['account-3', 'account-0', 'account-1', 'account-2', 'account-4']);
});
