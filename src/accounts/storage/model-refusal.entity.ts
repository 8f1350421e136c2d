import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { epochMs } from '../../database/portable-columns.js';

/** The backend said that the account may not use the model. Rows whose `until` has passed mean nothing and are swept. */
@Entity('model_refusals')
@Index('model_refusals_until', ['until'])
export class ModelRefusalEntity {
  @PrimaryColumn({ name: 'account_id', type: 'varchar', length: 36 })
  accountId!: string;

  @PrimaryColumn({ name: 'model', type: 'varchar', length: 128 })
  model!: string;

  /** The plan that the account had: with another one the refusal means nothing. */
  @Column({ name: 'plan', type: 'varchar', length: 64 })
  plan!: string;

  @Column({ name: 'until', type: 'bigint', transformer: epochMs })
  until!: number;
}
