import { afterEach, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { describeDatabases } from '../../../test/support/databases.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolAccount } from '../../../test/support/pool-account.js';
import { testConfig } from '../../../test/support/test-config.js';
import { ChangeFeed } from '../../database/change-feed.service.js';
import { AccountPool } from '../pool/account-pool.service.js';
import { ModelRefusalRepository } from '../storage/model-refusal.repository.js';
import { ModelRefusalFollower } from './model-refusal.follower.js';

const HOUR = 3_600_000;

describeDatabases('refusals of models', (database) => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  const scene = async () => {
    const config = await database.emptyDatabase();
    const own = await database.open(config);
    const other = await new DataSource({ ...database.options(config), applicationName: 'another process' } as never).initialize();
    const clock = new FakeClock();
    const pool = new AccountPool(testConfig(), clock);
    const feed = new ChangeFeed(own);
    const follower = new ModelRefusalFollower(new ModelRefusalRepository(own), pool, feed, clock);
    closers.push(
      () => follower.onApplicationShutdown(),
      () => feed.onApplicationShutdown(),
      () => other.destroy(),
    );
    const excluded = (model: string): number => pool.explain({ model, tried: new Set() }).not_entitled;
    const refuse = (accountId: string, model: string, plan = 'plus', until = clock.now() + HOUR): Promise<void> =>
      new ModelRefusalRepository(other).put({ accountId, model, plan, until });
    return { own, pool, feed, follower, clock, excluded, refuse };
  };

  it('of an earlier run count, for accounts that are here and for those that come later, while plan and hour are the same', async () => {
    const { pool, follower, clock, excluded, refuse } = await scene();
    await refuse('a', 'gpt-6');
    await refuse('a', 'gpt-7', 'free');
    await refuse('b', 'gpt-6');
    await refuse('b', 'gpt-8', 'plus', clock.now() - 1);
    pool.upsert(poolAccount('a'));
    await follower.onApplicationBootstrap();
    expect([excluded('gpt-6'), excluded('gpt-7')]).toEqual([1, 0]);
    pool.upsert(poolAccount('b'));
    expect([excluded('gpt-6'), excluded('gpt-8')]).toEqual([2, 0]);
    clock.advance(HOUR);
    expect(excluded('gpt-6')).toBe(0);
  });

  it('of another process are known within seconds', async () => {
    const { pool, feed, follower, excluded, refuse } = await scene();
    pool.upsert(poolAccount('a'));
    const restored = new Promise((resolve) => {
      const restore = pool.restoreRefusal.bind(pool);
      pool.restoreRefusal = (...args) => (resolve(undefined), restore(...args));
    });
    await follower.onApplicationBootstrap();
    feed.onApplicationBootstrap();
    await refuse('a', 'gpt-6');
    await restored;
    expect(excluded('gpt-6')).toBe(1);
  });

  it('of another process are known of accounts, too, that come later', async () => {
    const { pool, follower, excluded, refuse } = await scene();
    await follower.onApplicationBootstrap();
    const reading = jest.spyOn(ModelRefusalRepository.prototype, 'findByAccounts');
    const read = new Promise<unknown>((resolve) => {
      reading.mockImplementationOnce(function (this: ModelRefusalRepository, ...args) {
        const rows = this.findByAccounts(...args);
        resolve(rows);
        return rows;
      });
    });
    await refuse('late', 'gpt-6');
    follower.changed('model_refusals', 'late');
    await read;
    await new Promise(setImmediate);
    reading.mockRestore();
    pool.upsert(poolAccount('late'));
    expect(excluded('gpt-6')).toBe(1);
  });

  it('are swept when they are over, and names that no model has are not kept', async () => {
    const { own, clock, refuse } = await scene();
    const rows = new ModelRefusalRepository(own);
    await refuse('a', 'gpt-6', 'plus', clock.now() - 1);
    await refuse('a', 'x'.repeat(200));
    await refuse('b', 'gpt-6');
    await refuse('b', 'gpt-6', 'plus', clock.now() + 2 * HOUR);
    await rows.deleteEnded(clock.now());
    expect(await rows.findRunning(0, 10)).toEqual([{ accountId: 'b', model: 'gpt-6', plan: 'plus', until: clock.now() + 2 * HOUR }]);
  });
});
