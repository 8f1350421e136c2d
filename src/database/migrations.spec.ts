import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { migrations } from '#migrations';
import { describeDatabases } from '../../test/support/databases.js';
import { testConfig } from '../../test/support/test-config.js';
import { Clock } from '../common/clock.js';
import { databaseOptions } from './database.options.js';
import { revertMigration, runMigrations } from './migration-runner.js';
import { openDatabase } from './open-database.js';

const drift = async (dataSource: DataSource): Promise<string[]> => {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
};

describeDatabases('migrations', (database) => {
  it('make exactly the tables that the entities describe, go back, and come again', async () => {
    const dataSource = await database.open();
    expect(await drift(dataSource)).toEqual([]);
    for (const _ of migrations) await revertMigration(dataSource, new Clock());
    expect((await drift(dataSource)).length).toBeGreaterThan(0);
    await runMigrations(dataSource, new Clock());
    expect(await drift(dataSource)).toEqual([]);
  });

  it('run once when several replicas start at once', async () => {
    const config = await database.emptyDatabase();
    const replicas = await Promise.all(Array.from({ length: 4 }, () => database.open(config)));
    const rows = await replicas[0]!.query<{ name: string }[]>('SELECT name FROM migrations');
    expect(rows.map(({ name }) => name)).toEqual(migrations.map((Migration) => new Migration().name));
    for (const replica of replicas) expect(await runMigrations(replica, new Clock())).toEqual([]);
  });

  it('commit durably', async () => {
    const dataSource = await database.open();
    if (database.type === 'sqlite') {
      expect(await dataSource.query('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
      expect(await dataSource.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
      expect(await dataSource.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
    } else {
      expect(await dataSource.query('SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'on' }]);
      expect(await dataSource.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '15s' }]);
    }
  });
});

describe('opening a database', () => {
  it('says where it is and why it cannot be reached, without the password', async () => {
    const config = testConfig({ dbEnabled: true, dbDriver: 'postgres', dbDsn: 'postgres://me:hunter2@127.0.0.1:1/pool' });
    const failure = await openDatabase(databaseOptions(config), new Clock()).catch((error: Error) => error.message);
    expect(failure).toMatch(/^cannot open the database postgres at 127\.0\.0\.1:1\/pool: .*ECONNREFUSED/);
    expect(failure).not.toContain('hunter2');
  });
});
