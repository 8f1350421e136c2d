import { Injectable } from '@nestjs/common';
import { DataSource, LessThanOrEqual, MoreThan, Repository } from 'typeorm';
import { instantSql } from '../../database/database-clock.js';
import { AccountEntity } from './account.entity.js';
import { leaseIsFree } from './refresh-lease-sql.repository.js';
import { CLOCK_SET_BACK_MS } from './refresh-pause.js';

/** What a sweep needs to know of a row: not its secrets, of which a page of thousands would be megabytes. */
export type RefreshCandidate = Pick<
  AccountEntity,
  'id' | 'tokenGeneration' | 'accessExpiresAt' | 'refreshOwner' | 'refreshLeaseUntil' | 'refreshIntentAt'
>;

/** Where a page of due rows ended. */
export type DueCursor = Pick<AccountEntity, 'accessExpiresAt' | 'id'>;

const COLUMNS = {
  id: true,
  tokenGeneration: true,
  accessExpiresAt: true,
  refreshOwner: true,
  refreshLeaseUntil: true,
  refreshIntentAt: true,
} as const;

const AFTER = '(account.access_expires_at > :end OR (account.access_expires_at = :end AND account.id > :id))';

/** Rows whose tokens ask to be renewed. Instants in epoch ms. Rejects when the database is away. */
@Injectable()
export class RefreshCandidateRepository {
  private readonly rows: Repository<AccountEntity>;
  private readonly instant: string;

  constructor(dataSource: DataSource) {
    this.rows = dataSource.getRepository(AccountEntity);
    this.instant = instantSql(dataSource);
  }

  /**
   * Active rows of a refresh whose end is not known and that are not backing off, in order of the id; a live owner may still be at work
   * on some (`refreshLeaseUntil`). `afterId` is '' for the first page.
   */
  openIntents(now: number, limit: number, afterId = ''): Promise<RefreshCandidate[]> {
    const open = { state: 'active', refreshIntentAt: MoreThan(0), id: MoreThan(afterId) } as const;
    const where = [
      { ...open, refreshNotBefore: LessThanOrEqual(now) },
      { ...open, updatedAt: MoreThan(now + CLOCK_SET_BACK_MS) },
    ];
    return this.rows.find({ select: COLUMNS, where, order: { id: 'ASC' }, take: limit });
  }

  /**
   * Active, owned rows with a refresh token whose access token ends by `horizon` (or whose life is unknown: 0), that are not
   * backing off, not leased and without an open intent; soonest end first.
   */
  due(now: number, horizon: number, limit: number, after?: DueCursor): Promise<RefreshCandidate[]> {
    const query = this.rows
      .createQueryBuilder('account')
      .select(Object.keys(COLUMNS).map((column) => `account.${column}`))
      .where({ state: 'active', ownership: 'owned', refreshIntentAt: 0, accessExpiresAt: LessThanOrEqual(horizon) })
      .andWhere("account.refresh_token <> ''")
      .andWhere('(account.refresh_not_before <= :now OR account.updated_at > :setBack)', { now, setBack: now + CLOCK_SET_BACK_MS })
      .andWhere(leaseIsFree(this.instant, now))
      .orderBy({ 'account.accessExpiresAt': 'ASC', 'account.id': 'ASC' })
      .limit(limit);
    if (after) query.andWhere(AFTER, { end: after.accessExpiresAt, id: after.id });
    return query.getMany();
  }
}
