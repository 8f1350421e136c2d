import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { epochMs } from '../../database/portable-columns.js';

/** Which account came from which file, and what that file said when it was last read. One row per account in the file. */
@Entity('account_files')
@Index('account_files_account', ['accountId'])
@Index('account_files_token', ['tokenHash'])
export class AccountFileEntity {
  /** Absolute. */
  @PrimaryColumn({ name: 'path', type: 'varchar', length: 1024 })
  path!: string;

  @PrimaryColumn({ name: 'account_id', type: 'varchar', length: 36 })
  accountId!: string;

  /** SHA-256 (hex) of the whole file; only a different content is read as news. */
  @Column({ name: 'content_hash', type: 'varchar', length: 64 })
  contentHash!: string;

  /** SHA-256 (hex) of the refresh (else access) token in the file: tells a token that was spent long ago from a new login. */
  @Column({ name: 'token_hash', type: 'varchar', length: 64 })
  tokenHash!: string;

  /** Whether the file holds this account alone; only such files are written back to. */
  @Column({ name: 'single', type: 'boolean' })
  single!: boolean;

  @Column({ name: 'seen_at', type: 'bigint', transformer: epochMs })
  seenAt!: number;

  /** 0 while the file is there. */
  @Column({ name: 'removed_at', type: 'bigint', transformer: epochMs })
  removedAt!: number;
}
