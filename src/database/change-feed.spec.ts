import { afterEach, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { describeDatabases } from '../../test/support/databases.js';
import { CooldownRepository } from '../accounts/storage/cooldown.repository.js';
import { ChangeFeed, ChangeListener, SharedTable } from './change-feed.service.js';

/** Notes what it is told, and lets a test wait for it. */
class Listener implements ChangeListener {
  readonly told: string[] = [];
  #waiting: { wanted: string; resolve: () => void }[] = [];

  changed(table: SharedTable, id: string): void {
    this.#note(`${table} ${id}`);
  }
  resync(): void {
    this.#note('resync');
  }
  hint(text: string): void {
    this.#note(`hint ${text}`);
  }
  /** The next time it is told this. */
  next(wanted: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }
  #note(line: string): void {
    this.told.push(line);
    const ready = this.#waiting.filter(({ wanted }) => wanted === line);
    this.#waiting = this.#waiting.filter(({ wanted }) => wanted !== line);
    for (const { resolve } of ready) resolve();
  }
}

const cooldown = (accountId: string) => ({ accountId, model: '*', until: 2, since: 1, cause: 'quota', source: 'test' }) as const;

describeDatabases('changes of other processes', (database) => {
  const { type } = database;
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  const scene = async () => {
    const config = await database.emptyDatabase();
    const own = await database.open(config);
    const other = await new DataSource({ ...database.options(config), applicationName: 'another process' } as never).initialize();
    const feed = new ChangeFeed(own);
    const listener = new Listener();
    feed.subscribe(listener);
    const started = type === 'postgres' ? listener.next('resync') : Promise.resolve();
    feed.onApplicationBootstrap();
    closers.push(
      () => feed.onApplicationShutdown(),
      () => other.destroy(),
    );
    await started;
    return { own, other, feed, listener };
  };
  const sign = type === 'postgres' ? 'cooldowns a' : 'resync';

  it('are told', async () => {
    const { other, listener } = await scene();
    const told = listener.next(sign);
    await new CooldownRepository(other).put(cooldown('a'));
    await told;
  });

  it('are told apart from our own', async () => {
    const { own, other, listener } = await scene();
    listener.told.length = 0;
    await new CooldownRepository(own).put(cooldown('own'));
    const told = listener.next(sign);
    await new CooldownRepository(other).put(cooldown('a'));
    await told;
    expect(listener.told).toEqual([sign]);
  });

  if (type === 'postgres') {
    it('are all compared once the connection that listens has come back', async () => {
      const { other, feed, listener } = await scene();
      expect(feed.disturbed).toBe(false);
      const back = listener.next('resync');
      await other.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_notify%' AND pid <> pg_backend_pid()`,
      );
      await back;
      expect(feed.live).toBe(true);
      expect(feed.disturbed).toBe(true);
    }, 15_000);

    it('come with hints, which are not told to the one who gave them', async () => {
      const one = await scene();
      const text = 'affinity a:b=c';
      await one.other.query('SELECT pg_notify($1, $2)', ['codex_proxy', `hint:another process:${text}`]);
      await one.other.query('SELECT pg_notify($1, $2)', ['codex_proxy', 'accounts:last:another process']);
      const heard = one.listener.next('accounts last');
      one.feed.tell('mine');
      await one.other.query('SELECT pg_notify($1, $2)', ['codex_proxy', 'accounts:last:another process']);
      await heard;
      expect(one.listener.told.filter((line) => line.startsWith('hint'))).toEqual([`hint ${text}`]);
    });
  }
});
