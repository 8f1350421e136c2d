import { describe, expect, it } from '@jest/globals';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import type { AccountPool, LeaseQuery } from '../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import type { RefreshResult } from '../refresh/refresh-result.js';
import type { RefreshService } from '../refresh/refresh.service.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { TokenFreshness } from './token-freshness.service.js';

const NOW = 1_787_000_000_000;
const MINUTE = 60_000;

function setUp(result: Promise<RefreshResult> | RefreshResult = { kind: 'renewed' }) {
  const clock = new FakeClock(NOW);
  const calls: string[] = [];
  const running = { ms: 0 };
  const refresh = {
    renew: (id: string) => {
      calls.push(id);
      return Promise.resolve(result);
    },
    runningForMs: () => running.ms,
  } as unknown as RefreshService;
  const others: Partial<PoolAccount>[] = [];
  const pool = {
    peek: ({ tried }: LeaseQuery) => others.map(account).find(({ id }) => !tried.has(id)) ?? null,
  } as unknown as AccountPool;
  return { clock, calls, others, running, tokens: new TokenFreshness(refresh, pool, clock) };
}
const account = (given: Partial<PoolAccount>): PoolAccount =>
  ({ id: 'a', accessToken: 't', accessExpiresAt: 0, lastRefreshAt: 0, refreshable: true, tokenGeneration: 1, ...given }) as PoolAccount;
const lease = (given: Partial<PoolAccount>): AccountLease => ({ account: account(given), generation: 1 }) as unknown as AccountLease;
const query: LeaseQuery = { model: 'm', affinity: [], turnStart: true, tried: new Set() };
const alone = (): number => Infinity;
const signal = new AbortController().signal;

describe('TokenFreshness', () => {
  it.each<[string, Partial<PoolAccount>, boolean]>([
    ['lives long', { accessExpiresAt: NOW + 60 * MINUTE }, false],
    ['names no end', {}, false],
    ['ends within five minutes', { accessExpiresAt: NOW + 4 * MINUTE }, true],
    ['has a short life of which half is left', { accessExpiresAt: NOW + 3 * MINUTE, lastRefreshAt: NOW - MINUTE }, false],
    ['has a short life that is nearly over', { accessExpiresAt: NOW + MINUTE, lastRefreshAt: NOW - 3 * MINUTE }, true],
    ['has ended', { accessExpiresAt: NOW - 1 }, true],
    ['does not exist yet', { accessToken: '' }, true],
    ['ends soon and is not ours to renew', { accessExpiresAt: NOW + MINUTE, refreshable: false }, false],
  ])('knows whether to renew a token that %s', async (_, account, renews) => {
    const { tokens, calls } = setUp();
    expect(await tokens.ensure(lease(account), alone, signal)).toBe(true);
    expect(calls.length > 0).toBe(renews);
  });

  it('passes over an account whose ended token cannot be renewed, and uses one that has not ended', async () => {
    const { tokens } = setUp({ kind: 'unavailable', reason: 'away' });
    expect(await tokens.ensure(lease({ accessExpiresAt: NOW - 1 }), alone, signal)).toBe(false);
    expect(await tokens.ensure(lease({ accessExpiresAt: NOW + MINUTE }), alone, signal)).toBe(true);
    expect(await tokens.ensure(lease({ accessToken: '', refreshable: false }), alone, signal)).toBe(false);
  });

  it.each([
    ['as long as it takes where there is no other account', [], Infinity],
    [
      'five seconds where the others need one too',
      [
        { id: 'b', accessExpiresAt: NOW - 1 },
        { id: 'c', accessToken: '' },
      ],
      5000,
    ],
    ['a second where one of the others needs none', [{ id: 'b', accessExpiresAt: NOW - 1 }, { id: 'c' }], 1000],
  ])('waits for a refresh %s', async (_, known, patienceMs) => {
    const { tokens, clock, others } = setUp(new Promise<RefreshResult>(() => undefined));
    others.push(...known);
    expect(tokens.patienceMs(query, 'a')).toBe(patienceMs);
    if (patienceMs === Infinity) return;
    const answer = tokens.ensure(lease({ accessExpiresAt: NOW - 1 }), () => patienceMs, signal);
    clock.advance(patienceMs);
    expect(await answer).toBe(false);
  });

  it('does not wait a second more for a refresh that has taken one already', async () => {
    const { tokens, clock, others, running } = setUp(new Promise<RefreshResult>(() => undefined));
    others.push({ id: 'b' });
    running.ms = 400;
    expect(tokens.patienceMs(query, 'a')).toBe(600);
    running.ms = 3000;
    expect(tokens.patienceMs(query, 'a')).toBe(0);
    const answer = tokens.ensure(lease({ accessExpiresAt: NOW + MINUTE }), alone, signal);
    clock.advance(0);
    expect(await answer).toBe(true);
  });

  it('looks at a few other accounts only', () => {
    const { tokens, others } = setUp();
    for (let n = 0; n < 1000; n++) others.push({ id: `expired-${n}`, accessExpiresAt: NOW - 1 });
    others.push({ id: 'fresh' });
    expect(tokens.patienceMs(query, 'a')).toBe(5000);
  });

  it('does not let a request wait longer than a second for the sake of a token that has not ended', async () => {
    const { tokens, clock } = setUp(new Promise<RefreshResult>(() => undefined));
    const answer = tokens.ensure(lease({ accessExpiresAt: NOW + MINUTE }), alone, signal);
    clock.advance(1000);
    expect(await answer).toBe(true);
  });

  it('stops waiting when the client leaves', async () => {
    const { tokens } = setUp(new Promise<RefreshResult>(() => undefined));
    const client = new AbortController();
    const answer = tokens.ensure(lease({ accessExpiresAt: NOW - 1 }), alone, client.signal);
    client.abort(new Error('gone'));
    await expect(answer).rejects.toThrow('gone');
  });
});
