import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThanOrEqual, Like, Repository } from 'typeorm';
import { AccountEntity } from './account.entity.js';
import { INFERRED_PATTERN } from './state-reason.js';

/** An account that an inferred verdict has taken out of service, and when (epoch ms) it may be asked about again. */
export type RecheckedAccount = Pick<AccountEntity, 'id' | 'stateUntil'>;

const OUT_OF_SERVICE = ['needs_login', 'disabled'] as const;

/** Rows of accounts whose state may end by itself. Rejects when the database is away. */
@Injectable()
export class AccountRecheckRepository {
  private readonly rows: Repository<AccountEntity>;

  constructor(dataSource: DataSource) {
    this.rows = dataSource.getRepository(AccountEntity);
  }

  /** Longest waiting first. */
  due(now: number, limit: number): Promise<RecheckedAccount[]> {
    return this.rows.find({
      select: { id: true, stateUntil: true },
      where: { state: In(OUT_OF_SERVICE), stateReason: Like(INFERRED_PATTERN), stateUntil: LessThanOrEqual(now) },
      order: { stateUntil: 'ASC', id: 'ASC' },
      take: limit,
    });
  }

  /** Moves the next recheck from the instant that was seen to `next`; true for exactly one of many processes. */
  async claim({ id, stateUntil }: RecheckedAccount, next: number): Promise<boolean> {
    const seen = { id, stateUntil, state: In(OUT_OF_SERVICE), stateReason: Like(INFERRED_PATTERN) };
    return ((await this.rows.update(seen, { stateUntil: next })).affected ?? 0) > 0;
  }
}
