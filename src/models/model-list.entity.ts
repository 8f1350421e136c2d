import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { epochMs } from '../database/portable-columns.js';

/** One answer of the backend's models endpoint; accounts that got the same share the row. */
@Entity('model_lists')
export class ModelListEntity {
  /** SHA-256 (hex) of the models. */
  @PrimaryColumn({ name: 'hash', type: 'varchar', length: 64 })
  hash!: string;

  @Column({ name: 'etag', type: 'varchar', length: 256 })
  etag!: string;

  @Column({ name: 'body', type: 'text' })
  body!: string;

  @Column({ name: 'seen_at', type: 'bigint', transformer: epochMs })
  seenAt!: number;
}

/** Who has which list: a plan, and each account that is not offered what its plan is. */
@Entity('model_list_holders')
@Index('model_list_holders_checked', ['checkedAt'])
export class ModelListHolderEntity {
  /** `plan/…`, or the account's id. */
  @PrimaryColumn({ name: 'scope', type: 'varchar', length: 80 })
  scope!: string;

  /** The account that was asked. */
  @Column({ name: 'account_id', type: 'varchar', length: 36 })
  accountId!: string;

  /** Its plan then. */
  @Column({ name: 'plan', type: 'varchar', length: 64 })
  plan!: string;

  @Column({ name: 'list_hash', type: 'varchar', length: 64 })
  listHash!: string;

  @Column({ name: 'checked_at', type: 'bigint', transformer: epochMs })
  checkedAt!: number;
}
