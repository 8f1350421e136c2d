import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { accountFile, login } from '../../test/support/account-files.js';
import { accountStorage, temporaryDirectory } from '../../test/support/account-storage.js';
import { describeDatabases } from '../../test/support/databases.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { testConfig } from '../../test/support/test-config.js';
import { Clock } from '../common/clock.js';
import { databaseOptions } from '../database/database.options.js';
import { openDatabase } from '../database/open-database.js';
import { AccountFileEntity } from './files/account-file.entity.js';
import { parseRecord } from './files/account-record.js';
import { AccountEntity } from './storage/account.entity.js';
import { CiphertextOwnerEntity } from './storage/ciphertext-owner.entity.js';
import { CooldownEntity } from './storage/cooldown.entity.js';

afterEach(() => {
  jest.restoreAllMocks();
});

describeDatabases('AccountLoader', (database) => {
  it('brings accounts with their running cooldowns back, and a row that cannot be opened stops nobody else', async () => {
    const dataSource = await database.open();
    const clock = new FakeClock();
    const before = accountStorage(dataSource, testConfig(), clock);
    const imported = await before.service.importAccounts([1, 2, 3, 4].map((n) => parseRecord(login(n), n)));
    const [cooling, damaged, retired] = imported.map(({ accountId }) => accountId) as [string, string, string];
    const base = { accountId: cooling, since: clock.now(), cause: 'quota', source: 'resets_at' } as const;
    await before.cooldowns.put({ ...base, model: '*', until: clock.now() + 60_000 });
    await before.cooldowns.put({ ...base, model: 'gpt-5', until: clock.now() - 1 });
    await dataSource.getRepository(AccountEntity).update({ id: damaged }, { accessToken: 'v1.AAAA' });
    await before.accounts.updateState(retired, 'active', { state: 'retired', reason: 'operator', evidence: '', since: 1, until: 0 });
    const faults = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const after = accountStorage(dataSource, testConfig(), clock);
    await after.loader.start();
    await after.loader.whenLoaded;
    expect(after.loader.progress).toEqual({ state: 'loaded', fromDatabase: 2, fromFiles: 0, faults: 1 });
    expect(after.pool.size).toBe(2);
    expect(after.pool.cooldowns(cooling).map(({ model }) => model)).toEqual(['*']);
    expect(faults).toHaveBeenCalledTimes(1);
    expect(await after.cooldowns.findActive(0)).toHaveLength(1);
  });

  it('goes on when the database comes back', async () => {
    const dataSource = await database.open();
    const clock = new FakeClock();
    const storage = accountStorage(dataSource, testConfig(), clock);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => clock.advance(60_000));
    const start = jest.spyOn(storage.files, 'start').mockRejectedValueOnce(new Error('away'));
    const sleep = jest.spyOn(clock, 'sleep').mockResolvedValue(undefined);
    await storage.loader.start();
    await storage.loader.whenLoaded;
    expect(start).toHaveBeenCalledTimes(2);
    expect(sleep).toHaveBeenCalledTimes(1);
    expect(storage.loader.progress.state).toBe('loaded');
  });
});

describe('20 000 account files', () => {
  it('are loaded in seconds, the first ones at once, without long pauses for the requests in between', async () => {
    jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    const directory = await temporaryDirectory();
    const auths = await temporaryDirectory();
    const config = testConfig({ dbPath: join(directory.path, 'pool.db'), authDir: auths.path });
    for (let n = 0; n < 20_000; n++) writeFileSync(join(auths.path, `codex-${n}.json`), accountFile(n));
    const entities = [AccountEntity, AccountFileEntity, CiphertextOwnerEntity, CooldownEntity];
    const dataSource = await openDatabase({ ...databaseOptions(config), entities }, new Clock());
    const load = async (name: string) => {
      const storage = accountStorage(dataSource, config, new Clock());
      let longestPause = 0;
      let last = performance.now();
      const pulse = setInterval(() => {
        longestPause = Math.max(longestPause, performance.now() - last);
        last = performance.now();
      }, 5);
      const startedAt = performance.now();
      await storage.loader.start();
      const firstMs = performance.now() - startedAt;
      await storage.loader.whenLoaded;
      const allMs = performance.now() - startedAt;
      clearInterval(pulse);
      await storage.files.beforeApplicationShutdown();
      const figures = `first after ${firstMs.toFixed(0)} ms, all after ${allMs.toFixed(0)} ms, longest pause ${longestPause.toFixed(0)} ms`;
      process.stdout.write(`20 000 accounts, ${name}: ${figures}\n`);
      expect(storage.pool.size).toBe(20_000);
      return { firstMs, allMs, longestPause };
    };
    const fresh = await load('files into an empty database');
    const again = await load('started again');
    await dataSource.destroy();
    await Promise.all([directory.remove(), auths.remove()]);
    expect(fresh.allMs).toBeLessThan(60_000);
    expect(fresh.firstMs).toBeLessThan(5_000);
    expect(again.allMs).toBeLessThan(30_000);
  }, 180_000);
});
