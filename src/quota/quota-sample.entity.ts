import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { epochMs } from '../database/portable-columns.js';

/** How much of one usage window of an account was used at an instant. Instants in epoch ms; 0 where the reset is not known. */
@Entity('quota_samples')
@Index('quota_samples_at', ['at'])
export class QuotaSampleEntity {
  @PrimaryColumn({ name: 'account_id', type: 'varchar', length: 36 })
  accountId!: string;

  /** Length of the window, which tells it from the others; 0 where it is not known. */
  @PrimaryColumn({ name: 'window_minutes', type: 'integer' })
  windowMinutes!: number;

  @PrimaryColumn({ name: 'at', type: 'bigint', transformer: epochMs })
  at!: number;

  /** 0-100. */
  @Column({ name: 'used_percent', type: 'double precision' })
  usedPercent!: number;

  @Column({ name: 'resets_at', type: 'bigint', transformer: epochMs })
  resetsAt!: number;
}
