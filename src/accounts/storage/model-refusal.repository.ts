import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThanOrEqual, MoreThan, Repository } from 'typeorm';
import { ModelRefusalEntity } from './model-refusal.entity.js';

const MAX_MODEL = 128;
const MAX_PLAN = 64;

/** Rejects when the database is away. */
@Injectable()
export class ModelRefusalRepository {
  private readonly rows: Repository<ModelRefusalEntity>;

  constructor(dataSource: DataSource) {
    this.rows = dataSource.getRepository(ModelRefusalEntity);
  }

  /** Replaces the one for the same account and model. A name that no model can have is not kept. */
  async put({ accountId, model, plan, until }: ModelRefusalEntity): Promise<void> {
    if (model.length > MAX_MODEL) return;
    await this.rows.upsert({ accountId, model, plan: plan.slice(0, MAX_PLAN), until }, ['accountId', 'model']);
  }

  /** Those that last longest, at most `limit`. */
  findRunning(now: number, limit: number): Promise<ModelRefusalEntity[]> {
    return this.rows.find({ where: { until: MoreThan(now) }, order: { until: 'DESC' }, take: limit });
  }

  findByAccounts(accountIds: readonly string[], now: number): Promise<ModelRefusalEntity[]> {
    return accountIds.length === 0 ? Promise.resolve([]) : this.rows.findBy({ accountId: In([...accountIds]), until: MoreThan(now) });
  }

  async deleteEnded(now: number): Promise<void> {
    await this.rows.delete({ until: LessThanOrEqual(now) });
  }
}
