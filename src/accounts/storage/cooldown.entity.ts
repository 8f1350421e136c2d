import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { epochMs } from '../../database/portable-columns.js';
import type { CooldownCause } from '../pool/pool-account.js';

/** A pause of one account for one model (`*`: for all of them). Rows whose `until` has passed mean nothing and are swept. */
@Entity('cooldowns')
@Index('cooldowns_until', ['until'])
export class CooldownEntity {
  @PrimaryColumn({ name: 'account_id', type: 'varchar', length: 36 })
  accountId!: string;

  @PrimaryColumn({ name: 'model', type: 'varchar', length: 128 })
  model!: string;

  @Column({ name: 'until', type: 'bigint', transformer: epochMs })
  until!: number;

  @Column({ name: 'since', type: 'bigint', transformer: epochMs })
  since!: number;

  @Column({ name: 'cause', type: 'varchar', length: 24 })
  cause!: CooldownCause;

  @Column({ name: 'source', type: 'varchar', length: 40 })
  source!: string;
}
