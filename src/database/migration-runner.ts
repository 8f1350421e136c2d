import { DataSource, QueryFailedError } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { Clock } from '../common/clock.js';

/** Any constant; the same one in every replica. */
const ADVISORY_LOCK = 7_402_281_936_114;
const LOCK_PATIENCE_MS = 120_000;
const LOCK_RETRY_MS = 100;

type TransactionMode = 'all' | 'none';
type Work<T> = (dataSource: DataSource, transaction: TransactionMode) => Promise<T>;

/**
 * Runs what is pending under a lock of the database, so that any number of processes may start at once; the losers
 * wait and find nothing to do.
 * @returns the names of the migrations that ran here.
 */
export function runMigrations(dataSource: DataSource, clock: Clock): Promise<string[]> {
  return locked(dataSource, clock, async (source, transaction) => {
    const done = await source.runMigrations({ transaction });
    return done.map(({ name }) => name);
  });
}

/** Takes back the latest migration. */
export function revertMigration(dataSource: DataSource, clock: Clock): Promise<void> {
  return locked(dataSource, clock, (source, transaction) => source.undoLastMigration({ transaction }));
}

const locked = <T>(dataSource: DataSource, clock: Clock, work: Work<T>): Promise<T> =>
  dataSource.options.type === 'postgres' ? withoutTimeLimits(dataSource, clock, work) : lockedOnSqlite(dataSource, clock, work);

/** On connections of its own: a migration may take longer than an ordinary statement is allowed to. */
async function withoutTimeLimits<T>(dataSource: DataSource, clock: Clock, work: Work<T>): Promise<T> {
  const options = dataSource.options as PostgresDataSourceOptions;
  const extra = { ...(options.extra as Record<string, unknown>), statement_timeout: 0, query_timeout: 0 };
  const own = await new DataSource({ ...options, entities: [], poolSize: 2, extra }).initialize();
  try {
    return await lockedOnPostgres(own, clock, work);
  } finally {
    await own.destroy();
  }
}

/** The lock ends with its transaction: a process that dies frees it, and a connection pooler in between does no harm. */
async function lockedOnPostgres<T>(dataSource: DataSource, clock: Clock, work: Work<T>): Promise<T> {
  const guard = dataSource.createQueryRunner();
  try {
    await guard.startTransaction();
    await waitFor(clock, async () => {
      const rows = (await guard.query('SELECT pg_try_advisory_xact_lock($1) AS got', [ADVISORY_LOCK])) as { got: boolean }[];
      return rows[0]?.got === true;
    });
    return await work(dataSource, 'all');
  } finally {
    if (guard.isTransactionActive) await guard.rollbackTransaction();
    await guard.release();
  }
}

/**
 * One connection serves the whole data source, so everything `work` does happens inside this write transaction.
 * Foreign keys are off meanwhile because SQLite alters a table by rebuilding it.
 */
async function lockedOnSqlite<T>(dataSource: DataSource, clock: Clock, work: Work<T>): Promise<T> {
  await dataSource.query('PRAGMA foreign_keys = OFF');
  await waitFor(clock, async () => {
    try {
      await dataSource.query('BEGIN IMMEDIATE');
      return true;
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    }
  });
  try {
    const result = await work(dataSource, 'none');
    await dataSource.query('COMMIT');
    return result;
  } catch (error) {
    await dataSource.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    await dataSource.query('PRAGMA foreign_keys = ON');
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof QueryFailedError && (error.driverError as { code?: string }).code === 'SQLITE_BUSY';

async function waitFor(clock: Clock, attempt: () => Promise<boolean>): Promise<void> {
  const giveUpAt = clock.now() + LOCK_PATIENCE_MS;
  while (!(await attempt())) {
    if (clock.now() >= giveUpAt) throw new Error('another process has held the migration lock of the database for two minutes');
    await clock.sleep(LOCK_RETRY_MS);
  }
}
