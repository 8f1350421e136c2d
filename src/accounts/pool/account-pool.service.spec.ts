import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolAccount, quotaUsed } from '../../../test/support/pool-account.js';
import type { Config } from '../../config/config.js';
import { AccountPool, type LeaseQuery } from './account-pool.service.js';
import { onlyLimits } from './exclusions.js';
import type { CooldownCause } from './pool-account.js';

const HOUR = 3_600_000;
const MODEL = 'gpt-5.4';

let clock: FakeClock;
let pool: AccountPool;

const poolOf = (config: Partial<Config> = {}): AccountPool =>
  new AccountPool({ accountMaxConcurrency: 0, selector: 'round-robin', ...config } as Config, clock);

const query = (patch: Partial<LeaseQuery> = {}): LeaseQuery => ({
  model: MODEL,
  affinity: [],
  turnStart: true,
  tried: new Set(),
  ...patch,
});

/** Takes a lease, gives it back, and says whose it was. */
const pick = (patch: Partial<LeaseQuery> = {}): string | null => {
  using lease = pool.lease(query(patch));
  return lease?.account.id ?? null;
};

const picks = (count: number, patch: Partial<LeaseQuery> = {}): string[] => Array.from({ length: count }, () => pick(patch) ?? '-');

const cool = (accountId: string, cause: CooldownCause, ms: number, model = '*'): void => {
  const since = clock.now();
  pool.applyCooldown({ accountId, model, since, until: since + ms, cause, source: 'test' });
};

const use = (id: string, ...used: number[]): void => {
  pool.upsert(poolAccount(id, { quota: quotaUsed(clock.now(), clock.now() + HOUR, ...used) }));
};

const bind = (key: string, id: string): void => {
  using lease = pool.lease(query({ pinned: id }))!;
  lease.succeeded([key]);
};

beforeEach(() => {
  clock = new FakeClock();
  pool = poolOf();
});

describe('round-robin', () => {
  it('meets every account once per cycle, longest unpicked first', () => {
    for (const id of ['a', 'b', 'c']) pool.upsert(poolAccount(id));
    expect(picks(7)).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a']);
  });

  it('rotates among the accounts within ten points of the best, by their tightest window', () => {
    use('a', 20, 0);
    use('b', 0, 30);
    use('c', 0, 31);
    expect(picks(4)).toEqual(['a', 'b', 'a', 'b']);
  });

  it('takes an account with unknown quota for one of the best', () => {
    use('a', 50);
    pool.upsert(poolAccount('b'));
    expect(picks(2)).toEqual(['b', 'b']);
  });

  it('counts a window as unused from its reset on', () => {
    use('a', 90);
    use('b', 20);
    expect(pick()).toBe('b');
    clock.advance(HOUR);
    expect(picks(2)).toEqual(['a', 'b']);
  });

  it('gives a new account the next turn', () => {
    for (const id of ['a', 'b']) pool.upsert(poolAccount(id));
    picks(2);
    pool.upsert(poolAccount('c'));
    expect(picks(3)).toEqual(['c', 'a', 'b']);
  });
});

describe('quota-first', () => {
  it('takes the account with the most quota left, ties in turn', () => {
    pool = poolOf({ selector: 'quota-first' });
    use('a', 5);
    use('b', 1);
    use('c', 1);
    expect(picks(3)).toEqual(['b', 'c', 'b']);
  });
});

describe('candidates', () => {
  beforeEach(() => pool.upsert(poolAccount('a')));

  it.each([
    ['paused', { state: 'paused' as const }],
    ['lost', { state: 'needs_login' as const }],
    ['draining', { draining: true }],
    ['without any token', { accessToken: '', refreshable: false }],
  ])('leave out an account that is %s, until that changes', (_name, patch) => {
    pool.upsert(poolAccount('a', patch));
    expect(pick()).toBeNull();
    pool.upsert(poolAccount('a'));
    expect(pick()).toBe('a');
  });

  it('include one that has only a refresh token', () => {
    pool.upsert(poolAccount('a', { accessToken: '' }));
    expect(pick()).toBe('a');
  });

  it('leave out a token that has ended and is not ours to renew', () => {
    pool.upsert(poolAccount('a', { ownership: 'shared', refreshable: false, accessExpiresAt: clock.now() + HOUR }));
    expect(pick()).toBe('a');
    clock.advance(HOUR);
    expect(pick()).toBeNull();
  });

  it('leave out what the request has tried', () => {
    pool.upsert(poolAccount('b'));
    expect(pick({ tried: new Set(['a']) })).toBe('b');
    expect(pick({ tried: new Set(['a', 'b']) })).toBeNull();
  });

  it('leave out an account at its cap until a lease is given back, once', () => {
    pool = poolOf({ accountMaxConcurrency: 1 });
    pool.upsert(poolAccount('a'));
    const lease = pool.lease(query())!;
    expect(pick()).toBeNull();
    lease[Symbol.dispose]();
    lease[Symbol.dispose]();
    const first = pool.lease(query());
    expect(first).not.toBeNull();
    expect(pool.lease(query())).toBeNull();
  });

  it('forget a removed account, and survive the return of its lease', () => {
    const lease = pool.lease(query())!;
    pool.remove('a');
    lease[Symbol.dispose]();
    expect(pick()).toBeNull();
    expect(pool.size).toBe(0);
    pool.upsert(poolAccount('b'));
    expect(pick()).toBe('b');
  });
});

describe('cooldowns', () => {
  beforeEach(() => ['a', 'b'].forEach((id) => pool.upsert(poolAccount(id))));

  it('pause an account for all models or for one, and end by themselves', () => {
    cool('a', 'quota', HOUR);
    cool('b', 'quota', HOUR, MODEL);
    expect(pick()).toBeNull();
    expect(pick({ model: 'gpt-5.5' })).toBe('b');
    clock.advance(HOUR);
    expect(picks(2).sort()).toEqual(['a', 'b']);
  });

  it('of a limit family pause the models of that family', () => {
    for (const id of ['a', 'b']) cool(id, 'quota', HOUR, 'codex_bengalfox');
    expect(pick({ model: 'gpt-5.3-codex-spark' })).toBeNull();
    expect(pick()).toBe('a');
  });

  it('other than quota and rate limit never empty the pool: the one that ends soonest is given out', () => {
    cool('a', 'forbidden', 2 * HOUR);
    cool('b', 'server_error', HOUR);
    expect(picks(2)).toEqual(['b', 'b']);
    expect(pick({ tried: new Set(['b']) })).toBe('a');
    cool('b', 'rate_limit', HOUR);
    expect(pick()).toBe('a');
  });

  it('other than quota and rate limit put an account behind all others', () => {
    cool('a', 'unauthorized', HOUR);
    expect(picks(2)).toEqual(['b', 'b']);
  });

  it('are not shortened by a shorter one', () => {
    cool('a', 'quota', 2 * HOUR);
    cool('a', 'quota', HOUR);
    cool('b', 'quota', 3 * HOUR);
    clock.advance(HOUR);
    expect(pick()).toBeNull();
  });

  it('can be lifted', () => {
    cool('a', 'quota', HOUR);
    cool('b', 'quota', HOUR);
    expect(pool.liftCooldown('a', '*', 'rate_limit')).toBe(false);
    expect(pool.liftCooldown('a', '*')).toBe(true);
    expect(pick()).toBe('a');
  });

  it('of a token that is not ours to renew end with the next token', () => {
    const since = clock.now();
    pool.applyCooldown({ accountId: 'a', model: '*', since, until: since + HOUR, cause: 'unauthorized', source: 'awaiting-token' });
    pool.upsert(poolAccount('a', { tokenGeneration: 2 }));
    expect(picks(2).sort()).toEqual(['a', 'b']);
  });
});

describe('entitlement', () => {
  it('leaves an account out for one model, until it is asked again or its plan changes', () => {
    pool.upsert(poolAccount('a'));
    pool.refuseModel('a', MODEL, clock.now() + HOUR);
    expect(pick()).toBeNull();
    expect(pick({ model: 'gpt-5.5' })).toBe('a');
    clock.advance(HOUR);
    expect(pick()).toBe('a');
    pool.refuseModel('a', MODEL, clock.now() + HOUR);
    pool.upsert(poolAccount('a', { plan: 'pro' }));
    expect(pick()).toBe('a');
  });

  it('finds the few accounts that have a model which most have not, in turn', () => {
    for (let i = 0; i < 300; i++) pool.upsert(poolAccount(`n${i}`));
    for (let i = 0; i < 297; i++) pool.refuseModel(`n${i}`, MODEL, clock.now() + HOUR);
    expect(picks(4)).toEqual(['n297', 'n298', 'n299', 'n297']);
    cool('n298', 'quota', HOUR);
    pool.remove('n299');
    expect(picks(2)).toEqual(['n297', 'n297']);
    clock.advance(HOUR);
    expect(new Set(picks(299)).size).toBe(299);
  });
});

describe('affinity', () => {
  beforeEach(() => ['a', 'b', 'c'].forEach((id) => pool.upsert(poolAccount(id))));

  it('goes back to the account that answered, by the most telling key', () => {
    bind('session', 'b');
    bind('cache', 'c');
    expect(picks(2, { affinity: ['session', 'cache'] })).toEqual(['b', 'b']);
    expect(pick({ affinity: ['unknown', 'cache'] })).toBe('c');
  });

  it('yields when the account is no candidate, and follows the one that answers instead', () => {
    bind('session', 'b');
    cool('b', 'server_error', HOUR);
    using lease = pool.lease(query({ affinity: ['session'] }))!;
    expect(lease.account.id).toBe('a');
    lease.succeeded(['session']);
    clock.advance(HOUR);
    expect(pick({ affinity: ['session'] })).toBe('a');
  });

  it('yields to an account with 30 points more only at the start of a turn', () => {
    use('a', 0);
    use('b', 29);
    use('c', 0);
    bind('session', 'b');
    expect(pick({ affinity: ['session'], turnStart: true })).toBe('b');
    use('b', 30);
    expect(pick({ affinity: ['session'], turnStart: false })).toBe('b');
    expect(pick({ affinity: ['session'], turnStart: true })).not.toBe('b');
  });

  it('is not bound by a lease that did not succeed', () => {
    pick({ affinity: ['session'] });
    expect(picks(2, { affinity: ['session'] })).toEqual(['b', 'c']);
  });
});

describe('pinned and repeated attempts', () => {
  beforeEach(() => ['a', 'b'].forEach((id) => pool.upsert(poolAccount(id))));

  it('serve a pinned request from its account alone', () => {
    expect(picks(2, { pinned: 'b' })).toEqual(['b', 'b']);
    cool('b', 'server_error', HOUR);
    expect(pick({ pinned: 'b' })).toBe('b');
    cool('b', 'quota', 2 * HOUR);
    expect(pick({ pinned: 'b' })).toBeNull();
    expect(pool.explain(query({ pinned: 'b' }))).toMatchObject({ total: 1, quota: 1, soonestQuotaReset: clock.now() + 2 * HOUR });
  });

  it('repeat on an account that was tried, with its newer token', () => {
    using first = pool.lease(query({ pinned: 'a' }))!;
    pool.upsert(poolAccount('a', { accessToken: 'newer', tokenGeneration: 2 }));
    using second = pool.lease(query({ sameAs: 'a', tried: new Set(['a']) }))!;
    expect([first.accessToken, first.generation, first.account.accessToken]).toEqual(['token-a', 1, 'newer']);
    expect([second.accessToken, second.generation]).toEqual(['newer', 2]);
  });
});

describe('upsert', () => {
  it('keeps a newer token and a newer quota than the reading has', () => {
    pool.upsert(poolAccount('a', { accessToken: 'new', tokenGeneration: 3, quota: quotaUsed(clock.now(), 0, 40) }));
    pool.upsert(
      poolAccount('a', { accessToken: 'old', tokenGeneration: 2, email: 'new@example.com', quota: quotaUsed(clock.now() - 1, 0, 10) }),
    );
    expect(pool.get('a')).toMatchObject({ accessToken: 'new', tokenGeneration: 3, email: 'new@example.com' });
    expect(pool.get('a')!.quota!.windows[0]!.usedPercent).toBe(40);
  });
});

describe('counts and exclusions', () => {
  beforeEach(() => {
    pool = poolOf({ accountMaxConcurrency: 1 });
    for (const id of ['quota', 'rate', 'plan', 'rest', 'busy', 'tried', 'free', 'model']) pool.upsert(poolAccount(id));
    pool.upsert(poolAccount('lost', { state: 'needs_login' }));
    pool.upsert(poolAccount('paused', { state: 'paused' }));
    pool.upsert(poolAccount('draining', { draining: true }));
    cool('quota', 'quota', 2 * HOUR);
    cool('rate', 'rate_limit', HOUR, MODEL);
    cool('plan', 'not_included', HOUR);
    cool('rest', 'payment', HOUR);
    pool.refuseModel('model', MODEL, clock.now() + HOUR);
    pool.lease(query({ pinned: 'busy' }));
  });

  it('name one reason for each account', () => {
    expect(pool.explain(query({ tried: new Set(['tried', 'quota']) }))).toEqual({
      total: 11,
      available: 1,
      inactive: 1,
      needs_login: 1,
      draining: 1,
      not_entitled: 1,
      quota: 1,
      rate_limit: 1,
      not_included: 1,
      other_cooldown: 1,
      busy: 1,
      tried: 1,
      soonestQuotaReset: clock.now() + HOUR,
    });
  });

  it('count states, and the active ones that cool or can be used', () => {
    expect(pool.counts()).toEqual({ active: 9, paused: 1, needs_login: 1, disabled: 0, retired: 0, cooling: 3, usable: 5 });
  });

  it('tell that only limits are in the way when nothing else is', () => {
    expect(onlyLimits(pool.explain(query()))).toBe(false);
    for (const id of ['rest', 'busy', 'tried', 'free']) pool.remove(id);
    expect(onlyLimits(pool.explain(query({ tried: new Set(['quota']) })))).toBe(true);
    for (const id of ['quota', 'rate', 'plan']) pool.remove(id);
    expect(onlyLimits(pool.explain(query()))).toBe(false);
  });
});
