import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigCount, epochMs } from '../../database/portable-columns.js';
import type { Counters, ErrorClass } from './counters.js';

/** What all processes have counted of one account since it was imported. Only ever added to. */
@Entity('account_counters')
export class AccountCounterEntity implements Counters {
  @PrimaryColumn({ name: 'account_id', type: 'varchar', length: 36 })
  accountId!: string;

  @Column({ name: 'requests', type: 'bigint', transformer: bigCount })
  requests!: number;

  @Column({ name: 'aborted', type: 'bigint', transformer: bigCount })
  aborted!: number;

  @Column({ name: 'login_errors', type: 'bigint', transformer: bigCount })
  loginErrors!: number;

  @Column({ name: 'billing_errors', type: 'bigint', transformer: bigCount })
  billingErrors!: number;

  @Column({ name: 'forbidden_errors', type: 'bigint', transformer: bigCount })
  forbiddenErrors!: number;

  @Column({ name: 'limit_errors', type: 'bigint', transformer: bigCount })
  limitErrors!: number;

  @Column({ name: 'overload_errors', type: 'bigint', transformer: bigCount })
  overloadErrors!: number;

  @Column({ name: 'server_errors', type: 'bigint', transformer: bigCount })
  serverErrors!: number;

  @Column({ name: 'network_errors', type: 'bigint', transformer: bigCount })
  networkErrors!: number;

  @Column({ name: 'request_errors', type: 'bigint', transformer: bigCount })
  requestErrors!: number;

  @Column({ name: 'input_tokens', type: 'bigint', transformer: bigCount })
  inputTokens!: number;

  @Column({ name: 'cached_tokens', type: 'bigint', transformer: bigCount })
  cachedTokens!: number;

  @Column({ name: 'output_tokens', type: 'bigint', transformer: bigCount })
  outputTokens!: number;

  @Column({ name: 'last_used_at', type: 'bigint', transformer: epochMs })
  lastUsedAt!: number;

  @Column({ name: 'last_error_at', type: 'bigint', transformer: epochMs })
  lastErrorAt!: number;

  @Column({ name: 'last_error_class', type: 'varchar', length: 16 })
  lastErrorClass!: ErrorClass | '';

  @Column({ name: 'last_error', type: 'text' })
  lastError!: string;
}

/** The last batch of counts that a process has written: a batch whose commit was not confirmed is not added twice. */
@Entity('counter_writers')
export class CounterWriterEntity {
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 32 })
  id!: string;

  @Column({ name: 'batch', type: 'integer' })
  batch!: number;

  @Column({ name: 'at', type: 'bigint', transformer: epochMs })
  at!: number;
}
