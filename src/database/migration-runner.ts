import { DataSource, DataSourceOptions, QueryFailedError } from 'typeorm';
import { Clock } from '../common/clock.js';
import { createSqliteFile } from './sqlite-file.js';

/** Any constant; the same one in every replica. */
const ADVISORY_LOCK = 7_402_281_936_114;
const LOCK_PATIENCE_MS = 120_000;
const LOCK_RETRY_MS = 100;

/**
 * Runs what is pending under a lock of the database, so that any number of processes may start at once; the losers
 * wait and find nothing to do. Uses connections of its own, without the time limits of ordinary statements.
 * @returns the names of the migrations that ran here.
 */
export function runMigrations(options: DataSourceOptions, clock: Clock): Promise<string[]> {
  return locked(options, clock, async (dataSource, transaction) => {
    const done = await dataSource.runMigrations({ transaction });
    return done.map(({ name }) => name);
  });
}

/** Takes back the latest migration. */
export function revertMigration(options: DataSourceOptions, clock: Clock): Promise<void> {
  return locked(options, clock, (dataSource, transaction) => dataSource.undoLastMigration({ transaction }));
}

type TransactionMode = 'all' | 'none';
type Work<T> = (dataSource: DataSource, transaction: TransactionMode) => Promise<T>;

async function locked<T>(options: DataSourceOptions, clock: Clock, work: Work<T>): Promise<T> {
  if (options.type === 'better-sqlite3') createSqliteFile(options.database);
  const dataSource = await new DataSource(migrationOptions(options)).initialize();
  try {
    return await (options.type === 'postgres' ? lockedOnPostgres(dataSource, clock, work) : lockedOnSqlite(dataSource, clock, work));
  } finally {
    await dataSource.destroy();
  }
}

function migrationOptions(options: DataSourceOptions): DataSourceOptions {
  if (options.type !== 'postgres') return { ...options, entities: [] };
  const extra = options.extra as Record<string, unknown> | undefined;
  return { ...options, entities: [], poolSize: 2, extra: { ...extra, statement_timeout: 0, query_timeout: 0 } };
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
