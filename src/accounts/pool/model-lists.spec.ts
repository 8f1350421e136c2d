import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolAccount } from '../../../test/support/pool-account.js';
import { testConfig } from '../../../test/support/test-config.js';
import { AccountPool } from './account-pool.service.js';
import type { OfferedModels } from './model-lists.js';
import { PoolEntry } from './pool-entry.js';

const HOUR = 3_600_000;
const offered = (...models: string[]): OfferedModels => ({ id: models.join(), models: new Set(models) });

let clock: FakeClock;
let pool: AccountPool;
const add = (prefix: string, count: number, plan: string): void => {
  for (let i = 0; i < count; i++) pool.upsert(poolAccount(`${prefix}${i}`, { plan }));
};
const pick = (model: string, ...tried: string[]): string | null => {
  using lease = pool.lease({ model, affinity: [], turnStart: true, tried: new Set(tried) });
  return lease?.account.id ?? null;
};
/** Refusals by whoever is chosen, until nobody is; at most `limit`. */
const refuseAll = (model: string, limit = 1000): number => {
  let refusals = 0;
  for (let id = pick(model); id !== null && refusals < limit; id = pick(model), refusals++) pool.refuseModel(id, model, clock.now() + HOUR);
  return refusals;
};

beforeEach(() => {
  clock = new FakeClock();
  pool = new AccountPool(testConfig(), clock);
});

describe('lists of models', () => {
  it('leave no candidate but those who are offered the model, among thousands', () => {
    add('free', 3000, 'free');
    add('plus', 2, 'plus');
    pool.offerToPlan('free', offered('small'));
    pool.offerToPlan('plus', offered('small', 'big'));
    expect(new Set([pick('big'), pick('big'), pick('big')])).toEqual(new Set(['plus0', 'plus1']));
    expect(pool.explain({ model: 'big', tried: new Set() })).toMatchObject({ available: 2, not_entitled: 3000 });
    pool.offerToPlan('free', offered('small', 'big'));
    expect(pick('big', 'plus0', 'plus1')).toMatch(/^free/);
  });

  it('do not hold back a model that is on none of them, until two accounts of a list were refused it', () => {
    add('free', 500, 'free');
    add('plus', 500, 'plus');
    pool.offerToPlan('free', offered('small'));
    pool.offerToPlan('plus', offered('small', 'big'));
    expect(refuseAll('gpt-typo')).toBe(4);
    expect(pool.explain({ model: 'gpt-typo', tried: new Set() })).toMatchObject({ not_entitled: 1000 });
    expect(pick('small')).not.toBeNull();
    clock.advance(HOUR);
    expect(pick('gpt-typo')).not.toBeNull();
  });

  it('that name a model which is refused are believed for 64 accounts', () => {
    add('plus', 500, 'plus');
    pool.offerToPlan('plus', offered('retired'));
    expect(refuseAll('retired')).toBe(64);
    expect(pool.offers('retired')).toBe(false);
  });

  it('of a plan are those of its accounts, whenever they come and whatever plan they had', () => {
    pool.offerToPlan('free', offered('small'));
    pool.offerToPlan('plus', offered('small', 'big'));
    add('plus', 1, 'plus');
    add('late', 1, 'free');
    expect([pick('big'), pick('big', 'plus0')]).toEqual(['plus0', null]);
    pool.upsert(poolAccount('late0', { plan: 'plus' }));
    expect(pick('big', 'plus0')).toBe('late0');
  });

  it('of one account come before that of its plan, and end with the plan', () => {
    add('plus', 2, 'plus');
    pool.offerToPlan('plus', offered('small', 'big'));
    pool.offerToPlan('pro', offered('small', 'big', 'huge'));
    pool.offerToAccount('plus0', offered('small'));
    expect([pick('big'), pick('big', 'plus1')]).toEqual(['plus1', null]);
    pool.upsert(poolAccount('plus0', { plan: 'pro' }));
    expect([pick('big', 'plus1'), pick('huge')]).toEqual(['plus0', 'plus0']);
    pool.offerToAccount('plus0', offered('small'));
    pool.offerToAccount('plus0', null);
    expect(pick('huge')).toBe('plus0');
  });

  it('count for others only while an account with them is in service', () => {
    add('free', 1, 'free');
    add('plus', 1, 'plus');
    pool.offerToPlan('free', offered('small'));
    pool.offerToPlan('plus', offered('small', 'big'));
    expect(pick('big', 'plus0')).toBeNull();
    pool.setState('plus0', 'needs_login', 'x');
    expect([pool.offers('big'), pick('big')]).toEqual([false, 'free0']);
    pool.setState('plus0', 'active', '');
    expect([pool.offers('big'), pick('big', 'plus0')]).toEqual([true, null]);
    pool.remove('plus0');
    expect([pool.offers('big'), pick('big')]).toEqual([false, 'free0']);
  });

  it('are not gone through account by account once all of several lists are refused a model', () => {
    add('free', 1000, 'free');
    add('plus', 1000, 'plus');
    add('pro', 2, 'pro');
    pool.offerToPlan('free', offered('small'));
    pool.offerToPlan('plus', offered('small', 'big'));
    pool.offerToPlan('pro', offered('small', 'big', 'huge'));
    const now = clock.now();
    for (const id of ['free0', 'free1']) pool.refuseModel(id, 'gpt-hidden', now + HOUR);
    expect(pick('gpt-hidden')).not.toBeNull();
    for (const id of ['plus0', 'plus1']) pool.refuseModel(id, 'gpt-hidden', now + HOUR);
    for (let i = 0; i < 4; i++) expect(pick('gpt-hidden')).toMatch(/^pro/);
    const looked = jest.spyOn(PoolEntry.prototype, 'excludes');
    expect(pick('gpt-hidden')).toMatch(/^pro/);
    expect(looked.mock.calls.length).toBeLessThan(20);
    looked.mockRestore();
  });

  it('stay quick with many names that nobody may use', () => {
    add('plus', 5000, 'plus');
    pool.offerToPlan('plus', offered('small'));
    for (let i = 0; i < 200; i++) expect(refuseAll(`gpt-x${i}`)).toBe(2);
    const startedAt = performance.now();
    for (let i = 0; i < 200; i++) expect(pick(`gpt-x${i}`)).toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});
