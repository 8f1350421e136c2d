import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { epochMs } from '../../database/portable-columns.js';

/** Which account made a compaction item: no other account can read it. */
@Entity('ciphertext_owners')
@Index('ciphertext_owners_at', ['at'])
export class CiphertextOwnerEntity {
  /** SHA-256 (hex) of the ciphertext. */
  @PrimaryColumn({ name: 'hash', type: 'varchar', length: 64 })
  hash!: string;

  @Column({ name: 'account_id', type: 'varchar', length: 36 })
  accountId!: string;

  @Column({ name: 'at', type: 'bigint', transformer: epochMs })
  at!: number;
}
