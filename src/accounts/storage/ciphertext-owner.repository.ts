import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThan, Repository } from 'typeorm';
import { CiphertextOwnerEntity } from './ciphertext-owner.entity.js';

@Injectable()
export class CiphertextOwnerRepository {
  private readonly rows: Repository<CiphertextOwnerEntity>;

  constructor(dataSource: DataSource) {
    this.rows = dataSource.getRepository(CiphertextOwnerEntity);
  }

  async put(owner: CiphertextOwnerEntity): Promise<void> {
    await this.rows.upsert(owner, ['hash']);
  }

  /** Hash → account id, for those that are known. */
  async findOwners(hashes: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.rows.findBy({ hash: In([...hashes]) });
    return new Map(rows.map(({ hash, accountId }) => [hash, accountId]));
  }

  /** The latest first. */
  findRecent(limit: number): Promise<CiphertextOwnerEntity[]> {
    return this.rows.find({ order: { at: 'DESC' }, take: limit });
  }

  async deleteOlderThan(at: number): Promise<void> {
    await this.rows.delete({ at: LessThan(at) });
  }
}
