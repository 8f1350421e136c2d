import type Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { patienceOf } from './sqlite-patience.js';

/** One parametrised statement, as a query builder's `getQueryAndParameters()` gives it. */
export interface WriteStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Rows it must change; any other number takes everything back. */
  readonly expect?: number;
}

class UnexpectedCount extends Error {}

/**
 * All statements or none; false when one of them did not change the number of rows it had to.
 * On SQLite the whole data source is one connection: a transaction that awaits would swallow (and roll back) what others
 * write meanwhile. There the statements therefore run in one synchronous stretch.
 */
export async function writeAtomically(dataSource: DataSource, statements: readonly WriteStatement[]): Promise<boolean> {
  try {
    if (dataSource.options.type === 'better-sqlite3') await patienceOf(dataSource).run(() => writeOnSqlite(dataSource, statements));
    else await writeOnPostgres(dataSource, statements);
    return true;
  } catch (error) {
    if (error instanceof UnexpectedCount) return false;
    throw error;
  }
}

function writeOnSqlite(dataSource: DataSource, statements: readonly WriteStatement[]): void {
  const { databaseConnection } = dataSource.driver as unknown as { databaseConnection: Database.Database };
  const prepared = new Map<string, Database.Statement>();
  const run = databaseConnection.transaction(() => {
    for (const { sql, parameters, expect } of statements) {
      const statement = prepared.get(sql) ?? databaseConnection.prepare(sql);
      prepared.set(sql, statement);
      const { changes } = statement.run(...parameters.map((value) => (typeof value === 'boolean' ? Number(value) : value)));
      if (expect !== undefined && changes !== expect) throw new UnexpectedCount();
    }
  });
  run.immediate();
}

async function writeOnPostgres(dataSource: DataSource, statements: readonly WriteStatement[]): Promise<void> {
  await dataSource.transaction(async ({ queryRunner }) => {
    for (const { sql, parameters, expect } of statements) {
      const result = await queryRunner!.query(sql, [...parameters], true);
      if (expect !== undefined && result.affected !== expect) throw new UnexpectedCount();
    }
  });
}
