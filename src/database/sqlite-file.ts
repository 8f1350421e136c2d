import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';

/** How long a statement waits for another process's write while the file is opened and migrated. The wait blocks this process: see sqlite-patience. */
export const BUSY_TIMEOUT_MS = 3_000;
/** A database that lives and dies with the process; for tests. */
export const IN_MEMORY = ':memory:';
const WAL_ATTEMPTS = 40;
const WAL_PAUSE_MS = 50;

/** Makes the directory and an empty file that only its owner can read; SQLite gives the WAL beside it the same mode. */
export function createSqliteFile(path: string): void {
  if (path === IN_MEMORY) return;
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, 'a', 0o600));
}

/**
 * Durability of every commit (`synchronous=FULL`): a rotated refresh token must survive a power cut.
 * The switch to WAL ignores the busy timeout, so several processes that open a new file at once try again.
 */
export async function prepareSqlite(database: Database.Database): Promise<void> {
  database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  for (let attempt = 1; ; attempt++) {
    try {
      database.pragma('journal_mode = WAL');
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY' || attempt >= WAL_ATTEMPTS) throw error;
      await sleep(WAL_PAUSE_MS);
    }
  }
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
}
