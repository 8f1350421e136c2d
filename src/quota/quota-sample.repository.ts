import { Injectable } from '@nestjs/common';
import { Between, DataSource, LessThan, Repository } from 'typeorm';
import { bulkInsert } from '../database/bulk-insert.js';
import { QuotaSampleEntity } from './quota-sample.entity.js';

const LIMIT = 10_000;

export interface QuotaHistoryQuery {
  /** Epoch ms, both included. */
  readonly from: number;
  readonly to: number;
  /** One window only. */
  readonly windowMinutes?: number;
  /** At most so many, the latest ones; 10 000 if it is not given. */
  readonly limit?: number;
}

/** The history of quota readings. Rejects when the database is away. */
@Injectable()
export class QuotaSampleRepository {
  private readonly rows: Repository<QuotaSampleEntity>;

  constructor(private readonly dataSource: DataSource) {
    this.rows = dataSource.getRepository(QuotaSampleEntity);
  }

  /** At most a few hundred at a time: on SQLite it is one synchronous write. Samples that are there already stay as they are. */
  insertMany(samples: readonly QuotaSampleEntity[]): Promise<void> {
    return bulkInsert(this.dataSource, QuotaSampleEntity, samples, { keepBy: ['account_id', 'window_minutes', 'at'] });
  }

  /** Samples of one account, oldest first. */
  async ofAccount(accountId: string, { from, to, windowMinutes, limit = LIMIT }: QuotaHistoryQuery): Promise<QuotaSampleEntity[]> {
    const where = { accountId, at: Between(from, to), ...(windowMinutes !== undefined && { windowMinutes }) };
    const latest = await this.rows.find({ where, order: { at: 'DESC', windowMinutes: 'DESC' }, take: limit });
    return latest.reverse();
  }

  /** Epoch ms of the oldest sample; null if there is none. */
  async oldest(): Promise<number | null> {
    const [row] = await this.rows.find({ select: { accountId: true, windowMinutes: true, at: true }, order: { at: 'ASC' }, take: 1 });
    return row?.at ?? null;
  }

  async deleteBefore(at: number): Promise<void> {
    await this.rows.delete({ at: LessThan(at) });
  }
}
