import { setTimeout } from 'node:timers/promises';
import { beforeEach, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { describeDatabases } from '../../test/support/databases.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import type { AccountEffects } from '../accounts/policy/account-effects.service.js';
import type { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { QuotaSnapshot } from '../upstream/quota-snapshot.js';
import { QuotaSampleRepository } from './quota-sample.repository.js';
import { QuotaSampler } from './quota-sampler.service.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describeDatabases('history of the quota', (database) => {
  let clock: FakeClock;
  let repository: QuotaSampleRepository;
  let sampler: QuotaSampler;
  let observe: (accountId: string, snapshot: QuotaSnapshot) => void;
  let removed: (accountId: string) => void;

  beforeEach(async () => {
    clock = new FakeClock();
    repository = new QuotaSampleRepository(await database.open());
    sampler = new QuotaSampler(
      repository,
      clock,
      { onQuota: (listener: typeof observe) => void (observe = listener) } as AccountEffects,
      { onRemoved: (listener: typeof removed) => void (removed = listener) } as AccountPool,
    );
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });

  const read = (accountId: string, ...used: number[]): void =>
    observe(accountId, {
      windows: used.map((usedPercent, i) => ({ usedPercent, minutes: i === 0 ? 300 : 10_080, resetsAt: 1_800_000_100_000 + i })),
      plan: null,
      credits: null,
      at: clock.now(),
    });
  const settle = async (): Promise<void> => {
    for (let n = 0; n < 5000 && sampler.pending > 0; n++) {
      clock.advance(1000);
      await setTimeout(1);
    }
  };
  const history = async (accountId: string, windowMinutes?: number) =>
    (await repository.ofAccount(accountId, { from: 0, to: clock.now(), windowMinutes })).map((row) => row.usedPercent);

  it('has a sample for each change of a point or more, and one every 15 minutes, per window', async () => {
    const week = 40;
    for (const used of [10, 10.4, 10.9, 11, 11.5, 12.1, 3]) {
      read('a', used, week);
      clock.advance(MINUTE);
    }
    clock.advance(8 * MINUTE);
    read('a', 3, week);
    clock.advance(6 * MINUTE);
    read('a', 3, week);
    read('b', 50);
    await settle();
    expect(await history('a', 300)).toEqual([10, 11, 12.1, 3, 3]);
    expect(await history('a', 10_080)).toEqual([40, 40]);
    expect(await repository.ofAccount('b', { from: 0, to: clock.now() })).toEqual([
      { accountId: 'b', windowMinutes: 300, at: expect.any(Number), usedPercent: 50, resetsAt: 1_800_000_100_000 },
    ]);
  });

  it('is read by time, oldest first, at most so many of the latest', async () => {
    const start = clock.now();
    for (let n = 0; n < 10; n++) {
      read('a', n * 5);
      clock.advance(MINUTE);
    }
    await settle();
    const between = await repository.ofAccount('a', { from: start + 2 * MINUTE, to: start + 4 * MINUTE });
    expect(between.map(({ usedPercent }) => usedPercent)).toEqual([10, 15, 20]);
    const latest = await repository.ofAccount('a', { from: 0, to: clock.now(), limit: 2 });
    expect(latest.map(({ usedPercent }) => usedPercent)).toEqual([40, 45]);
  });

  it('is written in batches, and waits, within a bound, while the database is away', async () => {
    const insert = jest.spyOn(repository, 'insertMany').mockRejectedValueOnce(new Error('away'));
    for (let n = 0; n < 1200; n++) read(`account-${n}`, 5);
    expect(insert).not.toHaveBeenCalled();
    await settle();
    expect(insert.mock.calls.map(([rows]) => rows.length)).toEqual([500, 500, 500, 200]);
    expect(await history('account-1199')).toEqual([5]);

    insert.mockRejectedValue(new Error('away'));
    for (let n = 0; n < 50_001; n++) read(`other-${n}`, 5);
    expect(sampler.pending).toBeLessThanOrEqual(50_000);
    expect(sampler.dropped).toBe(500);
  });

  it('is complete when the service ends', async () => {
    read('a', 1);
    await sampler.onApplicationShutdown();
    expect(await history('a')).toEqual([1]);
  });

  it('forgets what is older than two weeks', async () => {
    for (let day = 0; day < 20; day++) {
      read('a', day % 2 ? 10 : 20);
      await settle();
      clock.advance(DAY);
    }
    await sampler.forgetOld();
    expect(await history('a')).toHaveLength(13);
    await sampler.forgetOld();
    expect(await history('a')).toHaveLength(13);
  });

  it('begins anew for an account that was removed and comes back', async () => {
    read('a', 5);
    clock.advance(MINUTE);
    removed('a');
    read('a', 5);
    await settle();
    expect(await history('a')).toEqual([5, 5]);
  });
});
