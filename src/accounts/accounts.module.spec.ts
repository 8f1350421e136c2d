import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test, TestingModule } from '@nestjs/testing';
import { accountFile } from '../../test/support/account-files.js';
import { temporaryDirectory } from '../../test/support/account-storage.js';
import { testConfig } from '../../test/support/test-config.js';
import { CommonModule } from '../common/common.module.js';
import { Config, KeyValues } from '../config/config.js';
import { ConfigurationModule } from '../config/config.module.js';
import { DatabaseStatus } from '../database/database-status.service.js';
import { DatabaseModule } from '../database/database.module.js';
import { AccountPool } from './pool/account-pool.service.js';
import { AccountsModule } from './accounts.module.js';

const start = async (config: Config): Promise<TestingModule> => {
  const module = await Test.createTestingModule({
    imports: [ConfigurationModule.forRoot(config), CommonModule, DatabaseModule, AccountsModule],
  }).compile();
  return module.init();
};

describe('the accounts module', () => {
  let path: string;
  let remove: () => Promise<void>;
  const config = (patch: Partial<KeyValues> = {}): Config =>
    testConfig({ dbPath: join(path, 'data', 'pool.db'), authDir: path, encryptionKey: '', ...patch });

  beforeAll(async () => {
    Logger.overrideLogger(false);
    ({ path, remove } = await temporaryDirectory());
    writeFileSync(join(path, 'a.json'), accountFile(1));
  });
  afterAll(() => remove());

  it('has migrated and loaded before the service answers, and again after a restart', async () => {
    for (const _run of [1, 2]) {
      const module = await start(config());
      expect(module.get(DatabaseStatus).migrated).toBe(true);
      expect(await module.get(DatabaseStatus).trouble()).toBeNull();
      expect([...module.get(AccountPool).all()].map(({ email }) => email)).toEqual(['user1@example.com']);
      await module.close();
    }
  });

  it('does not start with another key than the one the database is sealed with', async () => {
    await expect(start(config({ encryptionKey: 'quite another passphrase' }))).rejects.toThrow(/encryption-key is not the key/);
  });

  it('does not start on a path that cannot hold a database', async () => {
    await expect(start(config({ dbPath: join(path, 'a.json', 'x.db') }))).rejects.toThrow(/^cannot open the database .*x\.db: /);
  });
});
