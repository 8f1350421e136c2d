import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThanOrEqual, MoreThan, Repository } from 'typeorm';
import { CooldownEntity } from './cooldown.entity.js';
import type { Cooldown } from '../pool/pool-account.js';

@Injectable()
export class CooldownRepository {
  private readonly rows: Repository<CooldownEntity>;

  constructor(dataSource: DataSource) {
    this.rows = dataSource.getRepository(CooldownEntity);
  }

  /** Replaces the one for the same account and model. */
  async put(cooldown: Cooldown): Promise<void> {
    const row = { ...cooldown, model: cooldown.model.slice(0, 128), source: cooldown.source.slice(0, 40) };
    await this.rows.upsert(row, ['accountId', 'model']);
  }

  async lift(accountId: string, model: string): Promise<void> {
    await this.rows.delete({ accountId, model });
  }

  findActive(now: number): Promise<Cooldown[]> {
    return this.rows.findBy({ until: MoreThan(now) });
  }

  findByAccounts(accountIds: readonly string[], now: number): Promise<Cooldown[]> {
    return accountIds.length === 0 ? Promise.resolve([]) : this.rows.findBy({ accountId: In([...accountIds]), until: MoreThan(now) });
  }

  async deleteEnded(now: number): Promise<void> {
    await this.rows.delete({ until: LessThanOrEqual(now) });
  }
}
