import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { accountFile } from '../../../test/support/account-files.js';
import { accountStorage, temporaryDirectory } from '../../../test/support/account-storage.js';
import { describeDatabases } from '../../../test/support/databases.js';
import { testConfig } from '../../../test/support/test-config.js';
import { AccountEntity } from '../storage/account.entity.js';
import { AccountFileBackup } from './account-file-backup.js';
import { AccountFileRegistry } from './account-file-registry.js';
import { AccountFileWriter } from './account-file-writer.js';

const ACCOUNTS = 3;

describeDatabases('AccountFileBackup', (database) => {
  const setup = async () => {
    const directory = await temporaryDirectory();
    const fileOf = (n: number): string => join(directory.path, `${n}.json`);
    for (let n = 1; n <= ACCOUNTS; n++) writeFileSync(fileOf(n), accountFile(n));
    const config = testConfig({ authDir: directory.path, authScanInterval: 0 });
    const dataSource = await database.open();
    const storage = accountStorage(dataSource, config);
    const { service, fileRows, pool, clock, cipher } = storage;
    await storage.files.start();
    const writer = new AccountFileWriter(fileRows, new AccountFileRegistry(fileRows), clock);
    const backup = new AccountFileBackup(config, fileRows, service, pool, writer);
    const idOf = (n: number): string => [...pool.all()].find(({ email }) => email === `user${n}@example.com`)!.id;
    /** Stored, and the file missed it. */
    const renew = async (n: number, refreshToken: string): Promise<void> => {
      const change = { refreshToken: cipher.seal(idOf(n), 'refresh_token', refreshToken), lastRefreshAt: storage.clock.now() + 1 };
      await dataSource.getRepository(AccountEntity).update({ id: idOf(n) }, change);
      await service.reload(idOf(n));
    };
    const close = async (): Promise<void> => {
      await storage.files.beforeApplicationShutdown();
      await directory.remove();
    };
    return { ...storage, backup, writer, fileOf, renew, close };
  };

  it('writes renewed tokens into the files that have missed them, and into no other', async () => {
    const { backup, fileOf, renew, close } = await setup();
    await renew(1, 'rt_new');
    await backup.catchUp();
    expect(readFileSync(fileOf(1), 'utf8')).toContain('rt_new');
    expect(readFileSync(fileOf(2), 'utf8')).toBe(accountFile(2));
    await renew(2, 'rt_newer');
    await backup.catchUp();
    expect(readFileSync(fileOf(2), 'utf8')).toContain('rt_newer');
    await close();
  });

  it('tries again what could not be written', async () => {
    const { backup, writer, fileOf, renew, close } = await setup();
    await renew(1, 'rt_new');
    const refusing = jest.spyOn(writer, 'writeBack').mockResolvedValue(false);
    await backup.catchUp();
    expect(readFileSync(fileOf(1), 'utf8')).toBe(accountFile(1));
    refusing.mockRestore();
    await backup.catchUp();
    expect(readFileSync(fileOf(1), 'utf8')).toContain('rt_new');
    await close();
  });

  it('asks the database for nothing while no account is renewed, whatever the number of accounts', async () => {
    const { backup, fileRows, accounts, renew, close } = await setup();
    await renew(1, 'rt_new');
    await backup.catchUp();
    const asked = [jest.spyOn(fileRows, 'findSingle'), jest.spyOn(accounts, 'findById')];
    await backup.catchUp();
    expect(asked.map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    await close();
  });
});
