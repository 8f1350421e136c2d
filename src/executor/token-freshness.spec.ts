import { describe, expect, it } from '@jest/globals';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import type { AccountPool } from '../accounts/pool/account-pool.service.js';
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
  const refresh = {
    renew: (id: string) => {
      calls.push(id);
      return Promise.resolve(result);
    },
  } as unknown as RefreshService;
  return { clock, calls, tokens: new TokenFreshness(refresh, {} as AccountPool, clock) };
}
const lease = (account: Partial<PoolAccount>): AccountLease =>
  ({
    account: { id: 'a', accessToken: 't', accessExpiresAt: 0, lastRefreshAt: 0, refreshable: true, tokenGeneration: 1, ...account },
    generation: 1,
  }) as unknown as AccountLease;
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
    expect(await tokens.ensure(lease(account), () => false, signal)).toBe(true);
    expect(calls.length > 0).toBe(renews);
  });

  it('passes over an account whose ended token cannot be renewed, and uses one that has not ended', async () => {
    const { tokens } = setUp({ kind: 'unavailable', reason: 'away' });
    expect(await tokens.ensure(lease({ accessExpiresAt: NOW - 1 }), () => false, signal)).toBe(false);
    expect(await tokens.ensure(lease({ accessExpiresAt: NOW + MINUTE }), () => false, signal)).toBe(true);
    expect(await tokens.ensure(lease({ accessToken: '', refreshable: false }), () => false, signal)).toBe(false);
  });

  it('waits for a refresh no longer than five seconds while another account is free', async () => {
    const { tokens, clock } = setUp(new Promise<RefreshResult>(() => undefined));
    const answer = tokens.ensure(lease({ accessExpiresAt: NOW - 1 }), () => true, signal);
    clock.advance(5000);
    expect(await answer).toBe(false);
  });

  it('stops waiting when the client leaves', async () => {
    const { tokens } = setUp(new Promise<RefreshResult>(() => undefined));
    const client = new AbortController();
    const answer = tokens.ensure(lease({ accessExpiresAt: NOW - 1 }), () => false, client.signal);
    client.abort(new Error('gone'));
    await expect(answer).rejects.toThrow('gone');
  });
});
