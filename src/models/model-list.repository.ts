import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThan } from 'typeorm';
import { ModelListEntity, ModelListHolderEntity } from './model-list.entity.js';

/** Rejects when the database is away. */
@Injectable()
export class ModelListRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Keeps the body of a list that is there already. */
  async putList(list: ModelListEntity): Promise<void> {
    await this.dataSource.createQueryBuilder().insert().into(ModelListEntity).values(list).orIgnore().execute();
  }

  async putHolder(holder: ModelListHolderEntity): Promise<void> {
    await this.dataSource.getRepository(ModelListHolderEntity).upsert(holder, ['scope']);
  }

  async deleteHolder(scope: string): Promise<void> {
    await this.dataSource.getRepository(ModelListHolderEntity).delete({ scope });
  }

  /** Those checked last, at most `limit`. */
  findHolders(limit: number): Promise<ModelListHolderEntity[]> {
    return this.dataSource.getRepository(ModelListHolderEntity).find({ order: { checkedAt: 'DESC' }, take: limit });
  }

  findHoldersOf(scopes: readonly string[]): Promise<ModelListHolderEntity[]> {
    return this.dataSource.getRepository(ModelListHolderEntity).findBy({ scope: In([...scopes]) });
  }

  findLists(hashes: readonly string[]): Promise<ModelListEntity[]> {
    if (hashes.length === 0) return Promise.resolve([]);
    return this.dataSource.getRepository(ModelListEntity).findBy({ hash: In([...hashes]) });
  }

  /** Changes with every change of a holder. */
  async version(): Promise<string> {
    const [row] = await this.dataSource.query<{ n: string | number; at: string | number | null }[]>(
      'SELECT COUNT(*) AS n, MAX(checked_at) AS at FROM model_list_holders',
    );
    return `${row?.n}/${row?.at}`;
  }

  /** Holders that nobody has asked since `before`, and lists that nobody has. */
  async sweep(before: number): Promise<void> {
    await this.dataSource.getRepository(ModelListHolderEntity).delete({ checkedAt: LessThan(before) });
    await this.dataSource
      .createQueryBuilder()
      .delete()
      .from(ModelListEntity)
      .where('seen_at < :before AND hash NOT IN (SELECT list_hash FROM model_list_holders)', { before })
      .execute();
  }
}
