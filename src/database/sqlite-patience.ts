import { setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import { DataSource } from 'typeorm';

/** SQLite's own waiting stops the whole process, every stream in it: enough for the short write of another process, and no more. */
const BLOCKING_MS = 20;
const PAUSE_MS = 50;
const PATIENCE_MS = 3_000;
const READS = /^\s*(SELECT|PRAGMA|EXPLAIN)\b/i;

type Query = (sql: string, parameters?: unknown[], structured?: boolean) => Promise<unknown>;

const patients = new WeakMap<DataSource, SqlitePatience>();

/**
 * Writes of a SQLite file that another process has locked: they try again for three seconds, one after the other, while everything else
 * goes on; then they fail as before.
 */
export class SqlitePatience {
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** `isFree`: has no part in the lock, and never waits. */
  async run<T>(attempt: () => T | Promise<T>, isFree = false): Promise<T> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    if (isFree || this.#waiting === 0) {
      try {
        return await attempt();
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
    }
    this.#waiting++;
    const mine = this.#turn.then(() => untilFree(attempt, giveUpAt)).finally(() => this.#waiting--);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

async function untilFree<T>(attempt: () => T | Promise<T>, giveUpAt: number): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= giveUpAt) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

/** From now on no statement of this SQLite file stops the process for longer than a moment. */
export function waitWithPatience(dataSource: DataSource): void {
  const patience = new SqlitePatience();
  patients.set(dataSource, patience);
  const { databaseConnection } = dataSource.driver as unknown as { databaseConnection: Database.Database };
  databaseConnection.pragma(`busy_timeout = ${BLOCKING_MS}`);
  // The whole data source has one.
  const runner = dataSource.createQueryRunner() as unknown as { query: Query };
  const query: Query = runner.query.bind(runner);
  runner.query = (sql, ...rest) => patience.run(() => query(sql, ...rest), READS.test(sql));
}

/** The one of this data source; a new one where there is none yet. */
export const patienceOf = (dataSource: DataSource): SqlitePatience => patients.get(dataSource) ?? new SqlitePatience();

function isBusy(error: unknown): boolean {
  const { driverError, code } = error as { driverError?: { code?: unknown }; code?: unknown };
  return (driverError?.code ?? code) === 'SQLITE_BUSY';
}
