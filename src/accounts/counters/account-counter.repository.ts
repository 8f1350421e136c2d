import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThan } from 'typeorm';
import { writeAtomically, WriteStatement } from '../../database/atomic-write.js';
import { AccountCounterEntity, CounterWriterEntity } from './account-counter.entity.js';
import { COUNTS, Counters, noCounters } from './counters.js';

/** Some counts that must be added once, in the order of `number` (1, 2, …) of one writer. */
export interface CounterBatch {
  /** At most 32 characters. */
  readonly writer: string;
  readonly number: number;
  readonly counters: ReadonlyMap<string, Counters>;
}

const TABLE = 'account_counters';
const ADDED: ReadonlySet<string> = new Set(COUNTS);

/** The only SQL for the counts. Rejects when the database is away. */
@Injectable()
export class AccountCounterRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Adds a batch to what is there, whoever counted it; a batch that is in already (its commit was not confirmed) is not added again. */
  async add(batch: CounterBatch, now: number): Promise<void> {
    if (batch.number === 1) await this.introduce(batch.writer, now);
    await writeAtomically(this.dataSource, [this.claim(batch, now), this.upsert(batch.counters)]);
  }

  async findByAccounts(accountIds: readonly string[]): Promise<Map<string, Counters>> {
    if (accountIds.length === 0) return new Map();
    const rows = await this.dataSource.getRepository(AccountCounterEntity).findBy({ accountId: In([...accountIds]) });
    return new Map(rows.map((row) => [row.accountId, row]));
  }

  /** All accounts together, without their last errors. */
  async total(): Promise<Counters> {
    const { columns } = this.dataSource.getMetadata(AccountCounterEntity);
    const query = this.dataSource
      .getRepository(AccountCounterEntity)
      .createQueryBuilder('counter')
      .select('MAX(last_used_at)', 'lastUsedAt');
    for (const { propertyName, databaseName } of columns) {
      if (ADDED.has(propertyName)) query.addSelect(`SUM(${databaseName})`, propertyName);
    }
    const sums = (await query.getRawOne<Record<string, string | number | null>>()) ?? {};
    return { ...noCounters(), ...Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, Number(sum ?? 0)])) };
  }

  /** At the end of a process, and for those that ended without a word. */
  async forgetWriters(ids: { readonly writer: string } | { readonly before: number }): Promise<void> {
    const which = 'writer' in ids ? { id: ids.writer } : { at: LessThan(ids.before) };
    await this.dataSource.getRepository(CounterWriterEntity).delete(which);
  }

  private async introduce(id: string, at: number): Promise<void> {
    await this.dataSource.createQueryBuilder().insert().into(CounterWriterEntity).values({ id, batch: 0, at }).orIgnore().execute();
  }

  private claim({ writer, number }: CounterBatch, now: number): WriteStatement {
    const query = this.dataSource.getRepository(CounterWriterEntity).createQueryBuilder().update().set({ batch: number, at: now });
    const [sql, parameters] = query.where({ id: writer, batch: number - 1 }).getQueryAndParameters();
    return { sql, parameters, expect: 1 };
  }

  /** In the order of the ids, so that replicas cannot lock each other out. */
  private upsert(counters: ReadonlyMap<string, Counters>): WriteStatement {
    const { columns } = this.dataSource.getMetadata(AccountCounterEntity);
    const rows = [...counters].sort(([a], [b]) => (a < b ? -1 : 1)).map(([accountId, counts]) => ({ accountId, ...counts }));
    const parameters = rows.flatMap((row) => columns.map((column) => column.getEntityValue(row, true) as unknown));
    const placeholder = this.dataSource.options.type === 'postgres' ? (n: number): string => `$${n + 1}` : (): string => '?';
    const width = columns.length;
    const tuples = rows.map((_, row) => `(${columns.map((_column, n) => placeholder(row * width + n)).join(',')})`);
    const names = columns.map(({ databaseName }) => databaseName);
    const changes = columns
      .filter(({ isPrimary }) => !isPrimary)
      .map(({ propertyName, databaseName }) => change(propertyName, databaseName));
    const sql = `INSERT INTO ${TABLE} (${names.join(',')}) VALUES ${tuples.join(',')} ON CONFLICT (account_id) DO UPDATE SET ${changes.join(', ')}`;
    return { sql, parameters };
  }
}

/** Counts add up; of the last use and the last error the later one stays. */
function change(property: string, column: string): string {
  const stored = `${TABLE}.${column}`;
  if (ADDED.has(property)) return `${column} = ${stored} + excluded.${column}`;
  const instant = column === 'last_used_at' ? 'last_used_at' : 'last_error_at';
  const newer = `excluded.${instant} > ${TABLE}.${instant}`;
  return `${column} = CASE WHEN ${newer} THEN excluded.${column} ELSE ${stored} END`;
}
