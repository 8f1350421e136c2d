import { Logger } from '@nestjs/common';
import { DataSource, DataSourceOptions } from 'typeorm';
import { Clock } from '../common/clock.js';
import { runMigrations } from './migration-runner.js';
import { isAway } from './away.js';
import { createSqliteFile } from './sqlite-file.js';
import { waitWithPatience } from './sqlite-patience.js';

/** The start may fail, and says why in one sentence; once the process runs, a database that goes away is never fatal. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

const PAUSE_MS = 1_000;
/** How often a start that waits says so. */
const SAY_EVERY_MS = 15_000;

/**
 * Opens and migrates. A Postgres that cannot be reached, or goes away meanwhile, is waited for up to `waitMs` (default: not at all): after
 * a power cut everything starts at once. @throws DatabaseUnavailableError
 */
export async function openDatabase(options: DataSourceOptions, clock: Clock, waitMs = 0): Promise<DataSource> {
  const giveUpAt = clock.now() + waitMs;
  let saidAt = -Infinity;
  for (;;) {
    try {
      return await openOnce(options, clock);
    } catch (error) {
      if (clock.now() >= giveUpAt || !isAway((error as DatabaseUnavailableError).cause)) throw error;
      if (clock.now() - saidAt >= SAY_EVERY_MS) {
        saidAt = clock.now();
        new Logger('Database').warn({
          msg: 'waiting for the database',
          forSeconds: Math.ceil((giveUpAt - saidAt) / 1000),
          error: reason(error),
        });
      }
      await clock.sleep(PAUSE_MS);
    }
  }
}

async function openOnce(options: DataSourceOptions, clock: Clock): Promise<DataSource> {
  const dataSource = await connectDatabase(options);
  try {
    const ran = await runMigrations(dataSource, clock);
    if (ran.length > 0) new Logger('Database').log({ msg: 'database migrated', migrations: ran });
    if (options.type === 'better-sqlite3') waitWithPatience(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy().catch(() => undefined);
    throw new DatabaseUnavailableError(`cannot migrate the database ${describe(options)}: ${reason(error)}`, { cause: error });
  }
}

/** Opens without migrating. @throws DatabaseUnavailableError */
export async function connectDatabase(options: DataSourceOptions): Promise<DataSource> {
  try {
    if (options.type === 'better-sqlite3') createSqliteFile(options.database);
    return await new DataSource(options).initialize();
  } catch (error) {
    throw new DatabaseUnavailableError(`cannot open the database ${describe(options)}: ${reason(error)}`, { cause: error });
  }
}

/** Where it is, without user and password. */
function describe(options: DataSourceOptions): string {
  if (options.type === 'better-sqlite3') return options.database;
  if (options.type !== 'postgres') return options.type;
  if (!options.url) return `postgres at ${options.host}:${options.port}/${options.database}`;
  const url = URL.parse(options.url);
  return url ? `postgres at ${url.host}${url.pathname}` : 'postgres (db-dsn)';
}

/** A refused connection to a name with several addresses is an AggregateError without a message of its own. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  return error instanceof Error ? error.message || ((error as { code?: string }).code ?? error.name) : String(error);
}
