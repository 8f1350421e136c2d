import { Injectable } from '@nestjs/common';
import { DataSource, In, Not, Repository } from 'typeorm';
import { bulkInsert } from '../../database/bulk-insert.js';
import { AccountFileEntity } from './account-file.entity.js';

/** The only SQL for account_files. */
@Injectable()
export class AccountFileRepository {
  private readonly rows: Repository<AccountFileEntity>;

  constructor(private readonly dataSource: DataSource) {
    this.rows = dataSource.getRepository(AccountFileEntity);
  }

  findAll(): Promise<AccountFileEntity[]> {
    return this.rows.find();
  }

  findByAccount(accountId: string): Promise<AccountFileEntity[]> {
    return this.rows.findBy({ accountId, removedAt: 0 });
  }

  /** Token hash → account id, of tokens that some file has held. */
  async findAccountsByTokens(tokenHashes: readonly string[]): Promise<Map<string, string>> {
    if (tokenHashes.length === 0) return new Map();
    const rows = await this.rows.findBy({ tokenHash: In([...tokenHashes]) });
    return new Map(rows.map(({ tokenHash, accountId }) => [tokenHash, accountId]));
  }

  put(rows: readonly AccountFileEntity[]): Promise<void> {
    return bulkInsert(this.dataSource, AccountFileEntity, rows, { replaceBy: ['path', 'account_id'] });
  }

  /** Those accounts stand no longer in that file. */
  async markRemoved(path: string, accountIds: readonly string[], now: number): Promise<void> {
    if (accountIds.length > 0) await this.rows.update({ path, accountId: In([...accountIds]) }, { removedAt: now });
  }

  /** Its file is there again. */
  async markReturned(path: string, accountIds: readonly string[], now: number): Promise<void> {
    if (accountIds.length > 0) await this.rows.update({ path, accountId: In([...accountIds]) }, { removedAt: 0, seenAt: now });
  }

  /** Files that are there and hold one of these accounts alone; at most some hundreds of accounts. */
  findSingle(accountIds: readonly string[]): Promise<AccountFileEntity[]> {
    if (accountIds.length === 0) return Promise.resolve([]);
    return this.rows.findBy({ accountId: In([...accountIds]), single: true, removedAt: 0 });
  }

  /** After our own write into a file that held `from`. */
  async updateContent(
    path: string,
    accountId: string,
    from: string,
    to: { contentHash: string; tokenHash: string; seenAt: number },
  ): Promise<void> {
    await this.rows.update({ path, accountId, contentHash: from }, to);
  }

  /** Of these accounts, those that another file still holds. */
  async findHeldElsewhere(accountIds: readonly string[], path: string): Promise<Set<string>> {
    if (accountIds.length === 0) return new Set();
    const rows = await this.rows.findBy({ accountId: In([...accountIds]), path: Not(path), removedAt: 0 });
    return new Set(rows.map(({ accountId }) => accountId));
  }
}
