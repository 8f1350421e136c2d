import { Injectable } from '@nestjs/common';
import { DataSource, In, MoreThan, Repository, UpdateQueryBuilder } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { writeAtomically, WriteStatement } from '../../database/atomic-write.js';
import { bulkInsert } from '../../database/bulk-insert.js';
import { instantSql } from '../../database/database-clock.js';
import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';
import { AccountFileEntity } from '../files/account-file.entity.js';
import type { ProvisionalMerge, RefreshClaim, RefreshRelease, StatePatch, TokenCommit, TokenReplacement } from './account-token.types.js';
import { AccountEntity, AccountState } from './account.entity.js';
import { CiphertextOwnerEntity } from './ciphertext-owner.entity.js';
import { CooldownEntity } from './cooldown.entity.js';
import { leaseIsFree } from './refresh-lease-sql.repository.js';

/** What an operator wants to know and the pool does not keep. */
export type AccountDetails = Pick<AccountEntity, 'id' | 'stateEvidence' | 'refreshFailures' | 'refreshNotBefore'>;

/** What tells one reading of a row from another. */
export type AccountVersion = Pick<AccountEntity, 'id' | 'state' | 'stateReason' | 'draining' | 'tokenGeneration' | 'quotaAt'>;

const HOUR_MS = 3_600_000;
const TRASH_SHOWN = 1_000;
/** Any constant; the same one in every replica, and not that of the migrations. */
const REMOVAL_LOCK = 7_402_281_936_115;

const NO_LEASE = { refreshOwner: '', refreshLeaseUntil: 0 };
const NO_INTENT = { refreshIntent: '', refreshIntentAt: 0 };

/**
 * All that changes accounts. Every change is one conditional statement whose affected count is returned: 0 means
 * that the row was no longer as its writer had seen it. Instants in epoch ms. Rejects when the database is away.
 */
@Injectable()
export class AccountRepository {
  private readonly rows: Repository<AccountEntity>;
  private readonly instantSql: string;

  constructor(private readonly dataSource: DataSource) {
    this.rows = dataSource.getRepository(AccountEntity);
    this.instantSql = instantSql(dataSource);
  }

  /** Rows whose identity is taken already are left out without an error: read back who won. */
  insertMany(accounts: readonly AccountEntity[]): Promise<void> {
    return bulkInsert(this.dataSource, AccountEntity, accounts, { keepBy: ['chatgpt_account_id', 'chatgpt_user_id'] });
  }

  /** In order of the id; `afterId` is '' for the first page. */
  findAllPage(afterId: string, limit: number): Promise<AccountEntity[]> {
    return this.rows.find({ where: { id: MoreThan(afterId) }, order: { id: 'ASC' }, take: limit });
  }

  /** Like `findAllPage`, with nothing but what tells whether a row is the one that is known. */
  versions(afterId: string, limit: number): Promise<AccountVersion[]> {
    const select = { id: true, state: true, stateReason: true, draining: true, tokenGeneration: true, quotaAt: true } as const;
    return this.rows.find({ select, where: { id: MoreThan(afterId) }, order: { id: 'ASC' }, take: limit });
  }

  findById(id: string): Promise<AccountEntity | null> {
    return this.rows.findOneBy({ id });
  }

  findByIds(ids: readonly string[]): Promise<AccountEntity[]> {
    return ids.length === 0 ? Promise.resolve([]) : this.rows.findBy({ id: In([...ids]) });
  }

  /** What is in the trash, at most a thousand. */
  findRetired(): Promise<AccountEntity[]> {
    return this.rows.find({ where: { state: 'retired' }, order: { email: 'ASC', id: 'ASC' }, take: TRASH_SHOWN });
  }

  /** By id, without the secrets. */
  async findDetails(ids: readonly string[]): Promise<Map<string, AccountDetails>> {
    if (ids.length === 0) return new Map();
    const select = { id: true, stateEvidence: true, refreshFailures: true, refreshNotBefore: true } as const;
    const rows = await this.rows.find({ select, where: { id: In([...ids]) } });
    return new Map(rows.map((row) => [row.id, row]));
  }

  async findExistingIds(ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.rows.find({ select: { id: true }, where: { id: In([...ids]) } });
    return new Set(rows.map(({ id }) => id));
  }

  findByIdentity(chatgptAccountId: string, chatgptUserId: string): Promise<AccountEntity | null> {
    return this.rows.findOneBy({ chatgptAccountId, chatgptUserId });
  }

  /** Every row of one of the users, in whatever workspace: the caller compares the pair. */
  findByUserIds(userIds: readonly string[]): Promise<AccountEntity[]> {
    return userIds.length === 0 ? Promise.resolve([]) : this.rows.findBy({ chatgptUserId: In([...userIds]) });
  }

  /** `reason`: only where the present reason is this one (a returned file resumes only what its removal has paused). */
  updateState(id: string, from: AccountState | readonly AccountState[], patch: StatePatch, reason?: string): Promise<number> {
    const state = typeof from === 'string' ? from : In([...from]);
    const { since, until } = patch;
    const columns = { state: patch.state, stateReason: patch.reason.slice(0, 120), stateEvidence: patch.evidence };
    const where = { id, state, ...(reason === undefined ? {} : { stateReason: reason }) };
    return affected(this.rows.update(where, { ...columns, stateSince: since, stateUntil: until, updatedAt: since }));
  }

  /**
   * A verdict inferred from statuses: only while, within the last hour, fewer than `allowed` other accounts were taken out of service by
   * such verdicts, whichever process made them. 0: the limit is reached, or the account is not in a state of `from` any more.
   */
  async takeOut(id: string, from: AccountState, patch: StatePatch, allowed: number): Promise<number> {
    const { state, reason, evidence, since, until } = patch;
    const columns = { state, stateReason: reason.slice(0, 120), stateEvidence: evidence, stateSince: since, stateUntil: until };
    const others = 'SELECT COUNT(*) FROM accounts other WHERE other.taken_out_at > :hourAgo AND other.id <> :id';
    const update = this.update({ ...columns, takenOutAt: since, updatedAt: since })
      .where({ id, state: from })
      .andWhere(`(${others}) < :allowed`, { id, hourAgo: since - HOUR_MS, allowed });
    // Two replicas that count at the same time would not see each other's row.
    const turn: WriteStatement[] =
      this.dataSource.options.type === 'postgres' ? [{ sql: 'SELECT pg_advisory_xact_lock($1)', parameters: [REMOVAL_LOCK] }] : [];
    return (await writeAtomically(this.dataSource, [...turn, statement(update, 1)])) ? 1 : 0;
  }

  /** A refused login was replaced by another one: what it rested for is over. */
  async endRefusal(id: string): Promise<void> {
    await this.dataSource.getRepository(CooldownEntity).delete({ accountId: id, cause: 'unauthorized' });
  }

  /**
   * One commit for all of them, since each commit costs a disk flush; in one order, so that replicas cannot lock each other out. An
   * older observation never overwrites a newer one.
   */
  async saveQuotas(snapshots: readonly { accountId: string; snapshot: QuotaSnapshot }[]): Promise<void> {
    const ordered = [...snapshots].sort((a, b) => (a.accountId < b.accountId ? -1 : 1));
    const statements = ordered.map(({ accountId, snapshot }) =>
      statement(
        this.update({ quota: JSON.stringify(snapshot), quotaAt: snapshot.at }).where('id = :id AND quota_at <= :at', {
          id: accountId,
          at: snapshot.at,
        }),
      ),
    );
    await writeAtomically(this.dataSource, statements);
  }

  /**
   * Tokens of an import replace those of `generation`. Nothing happens while somebody holds the refresh lease: the token
   * that is being bought at this moment is newer than any file.
   */
  replaceTokens(id: string, generation: number, tokens: TokenReplacement, now: number): Promise<number> {
    const columns = { ...tokens, ...NO_LEASE, ...NO_INTENT, refreshFailures: 0, refreshNotBefore: 0 };
    return affected(
      this.update({ ...columns, tokenGeneration: generation + 1, updatedAt: now })
        .where('id = :id AND token_generation = :generation', { id, generation })
        .andWhere(leaseIsFree(this.instantSql, now))
        .execute(),
    );
  }

  /** Takes the refresh lease of a row whose tokens are still those of `claim.generation`. Exactly one of many wins (1). */
  claimRefresh(id: string, claim: RefreshClaim): Promise<number> {
    const durationMs = claim.leaseUntil - claim.now;
    const leaseUntil = (): string => `${this.instantSql} + ${Math.trunc(durationMs)}`;
    return affected(
      this.update({ refreshOwner: claim.owner, refreshLeaseUntil: leaseUntil })
        .where('id = :id AND token_generation = :generation', { id, generation: claim.generation })
        .andWhere(claim.recovery ? 'refresh_intent_at > 0' : 'refresh_intent_at = 0')
        .andWhere(leaseIsFree(this.instantSql, claim.now, claim.silentForMs))
        .execute(),
    );
  }

  /**
   * For who holds the tokens that come after `claim.generation`: the lease, whoever has it. What another process gets for the spent
   * token can only be a refusal, and its commit then finds a newer generation.
   */
  seizeRefresh(id: string, { owner, generation, leaseUntil, now }: RefreshClaim): Promise<number> {
    const until = (): string => `${this.instantSql} + ${Math.trunc(leaseUntil - now)}`;
    const query = this.update({ refreshOwner: owner, refreshLeaseUntil: until });
    return affected(query.where('id = :id AND token_generation = :generation', { id, generation }).setParameter('now', now).execute());
  }

  /** The present by the clock that leases go by: the server's on Postgres, else `now`. */
  async instant(now: number): Promise<number> {
    if (this.dataSource.options.type !== 'postgres') return now;
    const [row] = await this.dataSource.query<{ instant: string }[]>(`SELECT ${this.instantSql} AS instant`);
    return Number(row!.instant);
  }

  /** Longer for whoever holds the lease, for example while tokens wait in a rescue file. */
  extendRefresh(id: string, owner: string, leaseUntil: number, now: number): Promise<number> {
    const until = (): string => `${this.instantSql} + ${Math.trunc(leaseUntil - now)}`;
    const query = this.update({ refreshLeaseUntil: until }).where('id = :id AND refresh_owner = :owner', { id, owner });
    return affected(query.setParameter('now', now).execute());
  }

  /** Durable before the token endpoint is called. `hash`: SHA-256 (hex) of the refresh token that will be spent. */
  recordIntent(id: string, owner: string, generation: number, hash: string, at: number): Promise<number> {
    const holder = { id, refreshOwner: owner, tokenGeneration: generation };
    return affected(this.rows.update(holder, { refreshIntent: hash, refreshIntentAt: at, updatedAt: at }));
  }

  /** New tokens, generation + 1, intent and lease cleared, failures forgotten: one durable statement, before anybody uses them. */
  commitTokens(id: string, owner: string, generation: number, commit: TokenCommit): Promise<number> {
    const columns = { ...tokenColumns(commit), ...commit.identity, tokenGeneration: generation + 1 };
    return affected(this.rows.update({ id, refreshOwner: owner, tokenGeneration: generation }, columns));
  }

  /** Gives the lease back without new tokens. */
  releaseRefresh(id: string, owner: string, { failure, notBefore, keepIntent, now }: RefreshRelease): Promise<number> {
    return affected(
      this.update({
        ...NO_LEASE,
        ...(keepIntent ? {} : NO_INTENT),
        ...(failure ? { refreshFailures: () => 'refresh_failures + 1' } : {}),
        ...(notBefore === undefined ? {} : { refreshNotBefore: notBefore }),
        updatedAt: now,
      })
        .where('id = :id AND refresh_owner = :owner', { id, owner })
        .execute(),
    );
  }

  /**
   * The bare refresh token of the provisional row belongs to an account that exists: the new tokens go to that row, what
   * pointed at the provisional one points there, the provisional row goes. All or nothing; 0 when either row has moved on
   * or the target is being refreshed at this moment (then commit to the provisional row and try again later).
   */
  async mergeProvisional(merge: ProvisionalMerge): Promise<number> {
    const { provisionalId, targetId, owner, generation, tokens, now } = merge;
    const target = this.update({ ...tokenColumns(tokens), ownership: 'owned', tokenGeneration: () => 'token_generation + 1' })
      .where('id = :targetId', { targetId })
      .andWhere(leaseIsFree(this.instantSql, now));
    const revive = this.update({ state: 'active', stateReason: '', stateEvidence: '', stateSince: now, stateUntil: 0 }).where(
      "id = :targetId AND (state = 'needs_login' OR (state = 'paused' AND state_reason = 'file_removed'))",
      { targetId },
    );
    const provisional = this.rows
      .createQueryBuilder()
      .delete()
      .where({ id: provisionalId, refreshOwner: owner, tokenGeneration: generation });
    const merged = await writeAtomically(this.dataSource, [
      statement(target, 1),
      statement(revive),
      statement(provisional, 1),
      ...this.repoint(provisionalId, targetId),
    ]);
    return merged ? 1 : 0;
  }

  /** For an explicit order of an operator only; nothing automatic deletes a credential. */
  delete(id: string): Promise<number> {
    return affected(this.rows.delete({ id }));
  }

  private update(columns: QueryDeepPartialEntity<AccountEntity>): UpdateQueryBuilder<AccountEntity> {
    return this.rows.createQueryBuilder().update().set(columns);
  }

  private repoint(fromId: string, toId: string): WriteStatement[] {
    const files = this.dataSource.getRepository(AccountFileEntity).createQueryBuilder();
    const owners = this.dataSource.getRepository(CiphertextOwnerEntity).createQueryBuilder();
    const cooldowns = this.dataSource.getRepository(CooldownEntity).createQueryBuilder();
    const both = 'account_id = :fromId AND path IN (SELECT f.path FROM account_files f WHERE f.account_id = :toId)';
    return [
      statement(files.delete().where(both, { fromId, toId })),
      statement(files.update().set({ accountId: toId }).where('account_id = :fromId', { fromId })),
      statement(owners.update().set({ accountId: toId }).where('account_id = :fromId', { fromId })),
      // The target rested because another login was refused.
      statement(cooldowns.delete().where("account_id = :fromId OR (account_id = :toId AND cause = 'unauthorized')", { fromId, toId })),
    ];
  }
}

const affected = async (result: Promise<{ affected?: number | null }>): Promise<number> => (await result).affected ?? 0;

const statement = (query: { getQueryAndParameters(): [string, unknown[]] }, expect?: number): WriteStatement => {
  const [sql, parameters] = query.getQueryAndParameters();
  return { sql, parameters, expect };
};

const tokenColumns = ({ accessToken, refreshToken, idToken, accessExpiresAt, lastRefreshAt, labels }: Omit<TokenCommit, 'identity'>) => ({
  ...{ accessToken, refreshToken, idToken, accessExpiresAt, lastRefreshAt },
  ...labels,
  ...NO_LEASE,
  ...NO_INTENT,
  refreshFailures: 0,
  refreshNotBefore: 0,
  updatedAt: lastRefreshAt,
});
