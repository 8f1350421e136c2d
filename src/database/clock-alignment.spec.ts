import { expect, it } from '@jest/globals';
import { describeDatabases } from '../../test/support/databases.js';
import { Clock } from '../common/clock.js';
import { ClockAlignment } from './clock-alignment.service.js';

const HOUR_MS = 3_600_000;

describeDatabases('the clock of a replica', (database) => {
  it(`${database.type === 'postgres' ? 'is that of the server' : 'is that of the machine'}, and stays when the database goes away`, async () => {
    const clock = new Clock();
    const dataSource = await database.open();
    const alignment = new ClockAlignment(dataSource, clock);
    await alignment.onModuleInit();
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(100);
    // As on a machine that is an hour behind: what the server says is an hour later.
    const query = dataSource.query.bind(dataSource);
    Object.assign(dataSource, {
      query: async (sql: string) => (await query<{ now: string }[]>(sql)).map(({ now }) => ({ now: Number(now) + HOUR_MS })),
    });
    await alignment.align();
    alignment.onApplicationShutdown();
    const ahead = database.type === 'postgres' ? HOUR_MS : 0;
    expect(Math.abs(clock.now() - Date.now() - ahead)).toBeLessThan(100);
    Object.assign(dataSource, { query });
    await dataSource.destroy();
    await alignment.align();
    expect(Math.abs(clock.now() - Date.now() - ahead)).toBeLessThan(100);
  });
});
