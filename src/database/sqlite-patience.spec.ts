import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import { testConfig } from '../../test/support/test-config.js';
import { Clock } from '../common/clock.js';
import { writeAtomically } from './atomic-write.js';
import { databaseOptions } from './database.options.js';
import { openDatabase } from './open-database.js';

const INSERT = 'INSERT INTO settings (key, value) VALUES (?, ?)';

let directory: string;
let dataSource: DataSource;
let other: Database.Database;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'patience-'));
  const dbPath = join(directory, 'some.db');
  dataSource = await openDatabase(databaseOptions(testConfig({ dbPath })), new Clock());
  other = new Database(dbPath);
  other.exec('BEGIN IMMEDIATE');
});
afterEach(async () => {
  other.close();
  await dataSource.destroy();
  rmSync(directory, { recursive: true, force: true });
});

it('writes wait for another process while this one goes on, and reads do not wait', async () => {
  const startedAt = performance.now();
  const writes = Array.from({ length: 40 }, (_, n) =>
    n % 2 ? dataSource.query(INSERT, [`k${n}`, 'v']) : writeAtomically(dataSource, [{ sql: INSERT, parameters: [`k${n}`, 'v'] }]),
  );
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  expect(await dataSource.query("SELECT count(*) AS rows FROM settings WHERE value = 'v'")).toEqual([{ rows: 0 }]);
  // Each of them alone would have stopped the process for as long.
  expect(performance.now() - startedAt).toBeLessThan(1_500);
  other.exec('ROLLBACK');
  await Promise.all(writes);
  const rows = await dataSource.query<{ key: string }[]>("SELECT key FROM settings WHERE value = 'v'");
  expect(rows.map(({ key }) => key).sort()).toEqual(Array.from({ length: 40 }, (_, n) => `k${n}`).sort());
});

it('a write that gets no turn fails, and those behind it with it', async () => {
  const startedAt = performance.now();
  const writes = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => dataSource.query(INSERT, [`k${n}`, 'v'])));
  expect(writes.map(({ status }) => status)).toEqual(Array<string>(10).fill('rejected'));
  expect(performance.now() - startedAt).toBeLessThan(6_000);
});
