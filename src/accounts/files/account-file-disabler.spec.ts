import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { accountFile, login } from '../../../test/support/account-files.js';
import { accountStorage, temporaryDirectory } from '../../../test/support/account-storage.js';
import { describeDatabases } from '../../../test/support/databases.js';
import { testConfig } from '../../../test/support/test-config.js';
import { AccountFileDisabler } from './account-file-disabler.js';
import { AccountFileRegistry } from './account-file-registry.js';
import { AccountFileWriter } from './account-file-writer.js';
import { AccountFileImporter } from './account-file-importer.js';
import { AccountFilesService } from './account-files.service.js';

describeDatabases('AccountFileDisabler', (database) => {
  const setup = async (write: (path: string) => void) => {
    const directory = await temporaryDirectory();
    write(directory.path);
    const config = testConfig({ authDir: directory.path, authScanInterval: 0 });
    const storage = accountStorage(await database.open(), config);
    const registry = new AccountFileRegistry(storage.fileRows);
    const importer = new AccountFileImporter(registry, storage.fileRows, storage.service, storage.clock);
    const writer = new AccountFileWriter(storage.fileRows, registry, storage.clock);
    const files = new AccountFilesService(config, registry, importer, writer, storage.clock);
    await files.start();
    const disabler = new AccountFileDisabler(storage.fileRows, registry, storage.clock, config);
    const idOf = (n: number): string => [...storage.pool.all()].find(({ email }) => email === `user${n}@example.com`)!.id;
    const lose = (n: number) =>
      storage.service.changeState(idOf(n), 'active', { state: 'needs_login', reason: 'gone', evidence: '', since: 1, until: 0 });
    const close = async (): Promise<void> => {
      await files.beforeApplicationShutdown();
      await directory.remove();
    };
    return { ...storage, path: directory.path, files, disabler, idOf, lose, close };
  };

  it('renames the file of one account, keeps the account and its reason, and pauses nobody', async () => {
    const scene = await setup((path) => [1, 2].forEach((n) => writeFileSync(join(path, `${n}.json`), accountFile(n))));
    const { path, files, disabler, idOf, lose, pool } = scene;
    await lose(1);
    expect(await disabler.disable(idOf(1))).toEqual(['1.json.disabled']);
    expect(await disabler.disable(idOf(1))).toEqual([]);
    await files.scan();
    expect(readdirSync(path).sort()).toEqual(['1.json.disabled', '2.json']);
    expect(readFileSync(join(path, '1.json.disabled'), 'utf8')).toBe(accountFile(1));
    expect([pool.get(idOf(1))!.state, pool.get(idOf(1))!.stateReason, pool.get(idOf(2))!.state]).toEqual(['needs_login', 'gone', 'active']);
    await scene.close();
  });

  it('leaves alone what holds other accounts, what somebody has changed, and links', async () => {
    const scene = await setup((path) => {
      writeFileSync(join(path, 'team.json'), JSON.stringify([login(1), login(2)]));
      writeFileSync(join(path, 'changed.json'), accountFile(3));
      writeFileSync(join(path, 'target.data'), accountFile(4));
      symlinkSync('target.data', join(path, 'link.json'));
    });
    const { path, disabler, idOf, lose } = scene;
    for (const n of [1, 3, 4]) await lose(n);
    writeFileSync(join(path, 'changed.json'), accountFile(3, { serial: 'a new login' }));
    for (const n of [1, 3, 4]) expect(await disabler.disable(idOf(n))).toEqual([]);
    expect(readdirSync(path).sort()).toEqual(['changed.json', 'link.json', 'target.data', 'team.json']);
    await scene.close();
  });
});
