import { expect, it, jest } from '@jest/globals';
import { describeDatabases } from '../../../test/support/databases.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { AccountCounterRepository } from './account-counter.repository.js';
import { AccountCounters } from './account-counters.service.js';
import { errorsOf } from './counters.js';

const OK = { kind: 'ok' } as const;
const LIMITED = { kind: 'rate_limited', retryAt: null, message: 'slow down, user1@example.com' } as const;

describeDatabases('AccountCounters', (database) => {
  const setup = async () => {
    const dataSource = await database.open();
    const clock = new FakeClock();
    const replica = () => {
      const repository = new AccountCounterRepository(dataSource);
      return { repository, counters: new AccountCounters(repository, clock) };
    };
    return { dataSource, clock, replica };
  };

  it('counts at once, and adds the counts of replicas and of earlier runs up', async () => {
    const { clock, replica } = await setup();
    const [one, two] = [replica().counters, replica().counters];
    one.attempted('a', OK);
    one.spent('a', { input: 10, cached: 4, output: 3 });
    two.attempted('a', LIMITED);
    expect((await one.read(['a'])).byAccount.get('a')).toMatchObject({ requests: 1, inputTokens: 10, cachedTokens: 4, outputTokens: 3 });
    await one.flush();
    clock.advance(5);
    two.attempted('a', { kind: 'aborted' });
    two.attempted('b', { kind: 'queue_full', message: 'nothing went out' });
    await Promise.all([one.flush(), two.flush()]);
    const { byAccount, total, complete } = await replica().counters.read(['a', 'b']);
    const sum = { requests: 3, aborted: 1, limitErrors: 1, inputTokens: 10, lastUsedAt: clock.now() };
    expect(complete).toBe(true);
    expect(byAccount.get('a')).toMatchObject({ ...sum, lastErrorClass: 'limit', lastErrorAt: clock.now() - 5 });
    expect(byAccount.get('a')!.lastError).toBe('rate_limited: slow down, [email]');
    expect(byAccount.has('b')).toBe(false);
    expect(total).toMatchObject(sum);
    expect(errorsOf(total)).toBe(1);
  });

  it('writes by itself every two seconds, in batches, and nothing when nothing has happened', async () => {
    const { dataSource, clock, replica } = await setup();
    const { repository, counters } = replica();
    const add = jest.spyOn(repository, 'add');
    for (let n = 0; n < 1_200; n++) counters.attempted(`account-${n}`, OK);
    expect(add).not.toHaveBeenCalled();
    clock.advance(2_000);
    while (add.mock.calls.length < 3) await new Promise((resolve) => setImmediate(resolve));
    await counters.flush();
    expect(add.mock.calls.map(([batch]) => [batch.number, batch.counters.size])).toEqual([
      [1, 500],
      [2, 500],
      [3, 200],
    ]);
    clock.advance(60_000);
    await counters.onApplicationShutdown();
    expect(add).toHaveBeenCalledTimes(3);
    expect((await replica().counters.read([])).total.requests).toBe(1_200);
    expect(await dataSource.query('SELECT id FROM counter_writers')).toEqual([]);
  });

  it('leaves what happens while it writes to the next time, so that a busy process does not write all the time', async () => {
    const { clock, replica } = await setup();
    const { repository, counters } = replica();
    const add = repository.add.bind(repository);
    const spy = jest.spyOn(repository, 'add').mockImplementation(async (batch, now) => {
      counters.attempted('a', OK);
      await add(batch, now);
    });
    counters.attempted('a', OK);
    await counters.flush();
    expect(spy).toHaveBeenCalledTimes(1);
    spy.mockImplementation(add);
    clock.advance(2_000);
    await counters.onApplicationShutdown();
    expect((await counters.read(['a'])).byAccount.get('a')).toMatchObject({ requests: 2 });
  });

  it('keeps and merges counts while the database is away, and adds a batch once although its commit was not confirmed', async () => {
    const { clock, replica } = await setup();
    const { repository, counters } = replica();
    const add = repository.add.bind(repository);
    const spy = jest.spyOn(repository, 'add').mockImplementationOnce(async (batch, now) => {
      await add(batch, now);
      throw new Error('connection lost');
    });
    counters.attempted('a', OK);
    await expect(counters.flush()).rejects.toThrow('connection lost');
    spy.mockRejectedValueOnce(new Error('away'));
    counters.attempted('a', OK);
    counters.attempted('a', LIMITED);
    await expect(counters.flush()).rejects.toThrow('away');
    jest.spyOn(repository, 'total').mockRejectedValueOnce(new Error('away'));
    expect(await counters.read(['a'])).toMatchObject({ complete: false, total: { requests: 3 } });
    clock.advance(15_000);
    await counters.flush();
    expect((await counters.read(['a'])).byAccount.get('a')).toMatchObject({ requests: 3, limitErrors: 1 });
  });

  it('writes what is left at the end', async () => {
    const { replica } = await setup();
    const { counters } = replica();
    counters.attempted('a', { kind: 'server_error', status: 500, code: 'oops', message: 'broken\0 pipe' });
    await counters.onApplicationShutdown();
    const { byAccount } = await replica().counters.read(['a']);
    expect(byAccount.get('a')).toMatchObject({ requests: 1, serverErrors: 1, lastError: 'server_error: oops: broken pipe' });
  });
});
