import { afterEach, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { describeDatabases } from '../../test/support/databases.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { poolAccount } from '../../test/support/pool-account.js';
import { testConfig } from '../../test/support/test-config.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import { ModelHolder, ModelHolders, planScope } from './model-holders.js';
import { ModelListRepository } from './model-list.repository.js';
import { ModelListStore } from './model-list.store.js';
import { OfferedList, readList } from './offered-list.js';

const list = (...slugs: string[]): OfferedList =>
  readList(JSON.stringify({ models: slugs.map((slug) => ({ slug })) }), `"${slugs.join()}"`)!;
const ofPlan = (plan: string, of: OfferedList, checkedAt: number): ModelHolder => ({
  scope: planScope(plan),
  accountId: 'a',
  plan,
  list: of,
  checkedAt,
});
const own = (accountId: string, of: OfferedList, checkedAt: number): ModelHolder => ({
  ...ofPlan('plus', of, checkedAt),
  scope: accountId,
  accountId,
});

describeDatabases('lists of models', (database) => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  /** Two processes on one database. */
  const scene = async () => {
    const config = await database.emptyDatabase();
    const first = await database.open(config);
    const second = await new DataSource({ ...database.options(config), applicationName: 'another process' } as never).initialize();
    const clock = new FakeClock();
    const replica = (dataSource: DataSource) => {
      const pool = new AccountPool(testConfig(), clock);
      for (const id of ['a', 'b']) pool.upsert(poolAccount(id));
      const feed = new ChangeFeed(dataSource);
      const holders = new ModelHolders(pool);
      const store = new ModelListStore(new ModelListRepository(dataSource), feed, clock);
      closers.unshift(
        () => store.onApplicationShutdown(),
        () => feed.onApplicationShutdown(),
      );
      return { pool, feed, holders, store };
    };
    closers.push(() => second.destroy());
    return { clock, one: replica(second), two: replica(first), rows: new ModelListRepository(first) };
  };

  it('are known again after a restart, equal ones once, and decide who may use what', async () => {
    const { clock, one, two } = await scene();
    await one.store.save([
      { holder: ofPlan('plus', list('gpt-5.4', 'gpt-6'), clock.now()) },
      { holder: ofPlan('a: b', list('gpt-5.4'), clock.now()) },
      { holder: own('b', list('gpt-5.4'), clock.now()) },
    ]);
    await two.store.follow(two.holders, () => undefined);
    expect([...two.holders.inUse()].map(({ etag }) => etag).sort()).toEqual(['"gpt-5.4"', '"gpt-5.4,gpt-6"']);
    expect(two.pool.explain({ model: 'gpt-6', tried: new Set() })).toMatchObject({ available: 1, not_entitled: 1 });
  });

  it('of single accounts are forgotten when they are old, or gone', async () => {
    const { clock, one, two, rows } = await scene();
    await one.store.save([
      { holder: ofPlan('plus', list('gpt-6'), clock.now()) },
      { holder: own('a', list('gpt-5.4'), clock.now()) },
      { holder: own('b', list('gpt-5.4'), clock.now() - 7 * 3_600_000) },
    ]);
    await one.store.save([{ dropped: 'a' }]);
    await two.store.follow(two.holders, () => undefined);
    expect(two.pool.explain({ model: 'gpt-6', tried: new Set() })).toMatchObject({ available: 2 });
    await rows.sweep(clock.now());
    expect((await rows.findHolders(10)).map(({ scope }) => scope)).toEqual(['plan/plus']);
    await rows.sweep(clock.now() + 1);
    expect([await rows.findHolders(10), await rows.findLists([list('gpt-6').id])]).toEqual([[], []]);
  });

  it('that another process has found out are taken over, and so is their end', async () => {
    const { clock, one, two } = await scene();
    let changed: () => void = () => undefined;
    const until = async (fits: () => boolean): Promise<void> => {
      while (!fits()) await new Promise<void>((resolve) => (changed = resolve));
    };
    await two.store.follow(two.holders, () => changed());
    two.feed.onApplicationBootstrap();
    const big = list('gpt-5.4', 'gpt-6');
    await one.store.save([{ holder: ofPlan('plus', big, clock.now()) }, { holder: own('b', list('gpt-5.4'), clock.now()) }]);
    await until(() => two.pool.explain({ model: 'gpt-6', tried: new Set() }).not_entitled === 1);
    await one.store.save([{ dropped: 'b' }]);
    await until(() => two.pool.explain({ model: 'gpt-6', tried: new Set() }).not_entitled === 0);
    expect(two.holders.ofPlan('plus')?.checkedAt).toBe(clock.now());
  });

  it('that are not written yet are not forgotten by a reading of the rows, nor brought back once they are dropped', async () => {
    const { clock, one, rows } = await scene();
    one.holders.set(ofPlan('plus', list('gpt-6'), clock.now()));
    const learnt = own('b', list('gpt-5.4'), clock.now());
    one.holders.set(learnt);
    void one.store.follow(one.holders, () => undefined);
    await one.store.save([{ holder: learnt }]);
    expect(one.holders.ofAccount('b', 'plus')?.list.id).toBe(learnt.list.id);
    one.holders.dropAccount('b');
    void one.store.follow(one.holders, () => undefined);
    await one.store.save([{ dropped: 'b' }]);
    expect([one.holders.ofAccount('b', 'plus'), await rows.findHoldersOf(['b'])]).toEqual([undefined, []]);
  });
});
