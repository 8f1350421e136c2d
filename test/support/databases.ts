import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { AccountCounterEntity, CounterWriterEntity } from '../../src/accounts/counters/account-counter.entity.js';
import { AccountFileEntity } from '../../src/accounts/files/account-file.entity.js';
import { AccountEntity } from '../../src/accounts/storage/account.entity.js';
import { CiphertextOwnerEntity } from '../../src/accounts/storage/ciphertext-owner.entity.js';
import { CooldownEntity } from '../../src/accounts/storage/cooldown.entity.js';
import { ModelRefusalEntity } from '../../src/accounts/storage/model-refusal.entity.js';
import { Clock } from '../../src/common/clock.js';
import type { Config } from '../../src/config/config.js';
import { databaseOptions } from '../../src/database/database.options.js';
import { openDatabase } from '../../src/database/open-database.js';
import { SettingEntity } from '../../src/database/setting.entity.js';
import { ModelListEntity, ModelListHolderEntity } from '../../src/models/model-list.entity.js';
import { QuotaSampleEntity } from '../../src/quota/quota-sample.entity.js';
import { startPostgres, type TestPostgres } from './postgres.js';
import { testConfig } from './test-config.js';

/** Every entity of the program; the drift test holds the migrations against them. */
export const ENTITIES = [
  AccountCounterEntity,
  AccountEntity,
  AccountFileEntity,
  CiphertextOwnerEntity,
  CooldownEntity,
  CounterWriterEntity,
  ModelListEntity,
  ModelListHolderEntity,
  ModelRefusalEntity,
  QuotaSampleEntity,
  SettingEntity,
];

export interface TestDatabase {
  readonly type: 'sqlite' | 'postgres';
  /** A configuration that names a new, empty database. */
  emptyDatabase(): Promise<Config>;
  options(config: Config): DataSourceOptions;
  /** Opened and migrated; closed after the file's tests. */
  open(config?: Config): Promise<DataSource>;
}

/** Runs the tests on a SQLite file and on a real PostgreSQL. */
export function describeDatabases(name: string, tests: (database: TestDatabase) => void): void {
  describe.each(['sqlite', 'postgres'] as const)(`${name} (%s)`, (type) => {
    let server: TestPostgres | undefined;
    let directory = '';
    let files = 0;
    const opened: DataSource[] = [];
    beforeAll(async () => {
      Logger.overrideLogger(false);
      directory = await mkdtemp(join(tmpdir(), 'codex-proxy-db-'));
      if (type === 'postgres') server = await startPostgres();
    }, 60_000);
    afterAll(async () => {
      for (const dataSource of opened) if (dataSource.isInitialized) await dataSource.destroy();
      await server?.stop();
      await rm(directory, { recursive: true, force: true });
    }, 60_000);

    const options = (config: Config): DataSourceOptions => ({ ...databaseOptions(config), entities: ENTITIES });
    const emptyDatabase = async (): Promise<Config> =>
      server
        ? testConfig({ dbEnabled: true, dbDriver: 'postgres', dbDsn: await server.createDatabase() })
        : testConfig({ dbPath: join(directory, 'deep', `${++files}.db`) });
    const open = async (config?: Config): Promise<DataSource> => {
      const dataSource = await openDatabase(options(config ?? (await emptyDatabase())), new Clock());
      opened.push(dataSource);
      return dataSource;
    };
    tests({ type, emptyDatabase, options, open });
  });
}
