import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AccountPool } from './pool/account-pool.service.js';
import { isNewer, isProvisional, ParsedAccount, tokenHashOf } from './files/account-record.js';
import type { FileTokens } from './files/account-file-rewrite.js';
import { AccountFileRepository } from './files/account-file.repository.js';
import { newAccountRow, REASON, sealTokens, toPoolAccount } from './storage/account-row.js';
import type { StatePatch } from './storage/account-token.types.js';
import { AccountEntity, AccountState } from './storage/account.entity.js';
import { AccountRepository } from './storage/account.repository.js';
import { CredentialCipher, SealedSecretError, SecretField } from './storage/credential-cipher.js';

/**
 * What became of an imported credential. `stale`: the database has newer tokens, which stay. `busy`: its tokens are being
 * renewed at this moment; import it again later.
 */
export type ImportResult = 'added' | 'updated' | 'unchanged' | 'stale' | 'busy';

export interface ImportedAccount {
  parsed: ParsedAccount;
  accountId: string;
  result: ImportResult;
}

export interface LoadedPage {
  ids: string[];
  faults: string[];
  lastId: string | null;
}

/** Takes credentials in and finds accounts; keeps database and pool in step. Rejects when the database is away. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly accounts: AccountRepository,
    private readonly files: AccountFileRepository,
    private readonly cipher: CredentialCipher,
    private readonly pool: AccountPool,
    private readonly clock: Clock,
  ) {}

  /** At most about 500 at a time: on SQLite the whole batch is one synchronous write. Each result stands at its account's place. */
  async importAccounts(parsed: readonly ParsedAccount[]): Promise<ImportedAccount[]> {
    const leading = leadingByToken(parsed);
    const leaderOf = (account: ParsedAccount): ParsedAccount =>
      isProvisional(account.chatgptUserId) ? leading.get(account.tokenHash)! : account;
    const imported = new Map<ParsedAccount, ImportedAccount>();
    for (const result of await this.importDistinct(parsed.filter((account) => leaderOf(account) === account))) {
      imported.set(result.parsed, result);
    }
    return parsed.map((account) => {
      const { accountId, result } = imported.get(leaderOf(account))!;
      const followed = leaderOf(account) === account || result === 'busy' ? result : 'unchanged';
      return { parsed: account, accountId, result: followed };
    });
  }

  private async importDistinct(parsed: readonly ParsedAccount[]): Promise<ImportedAccount[]> {
    const known = await this.findKnown(parsed);
    const fresh = newestOfEach(parsed.filter((account) => !known.has(identityKey(account))));
    const added = await this.insert([...fresh.values()]);
    const results: ImportedAccount[] = [];
    for (const account of parsed) {
      const key = identityKey(account);
      const row = added.get(key);
      if (row && fresh.get(key) === account) results.push({ parsed: account, accountId: row.id, result: 'added' });
      else results.push(await this.update(account, known.get(key) ?? row ?? (await this.winnerOf(account))));
    }
    return results;
  }

  /** Brings the rows after `afterId` into the pool. A row that cannot be opened is counted and left out. `lastId` null: there are no more. */
  async loadPage(afterId: string, limit: number): Promise<LoadedPage> {
    const rows = await this.accounts.findAllPage(afterId, limit);
    const page: LoadedPage = { ids: [], faults: [], lastId: rows.length < limit ? null : rows.at(-1)!.id };
    for (const row of rows.filter(({ state }) => state !== 'retired')) {
      try {
        this.pool.upsert(toPoolAccount(row, this.cipher));
        page.ids.push(row.id);
      } catch (error) {
        page.faults.push(error instanceof Error ? error.message : String(error));
      }
    }
    return page;
  }

  findById(id: string): Promise<AccountEntity | null> {
    return this.accounts.findById(id);
  }

  /** The newest tokens; null: there is no such account, or they cannot be opened. */
  async tokensOf(id: string): Promise<FileTokens | null> {
    const row = await this.accounts.findById(id);
    if (!row) return null;
    const { accessExpiresAt, lastRefreshAt, chatgptAccountId, email } = row;
    try {
      const accessToken = this.cipher.open(id, 'access_token', row.accessToken);
      const refreshToken = this.cipher.open(id, 'refresh_token', row.refreshToken);
      const idToken = this.cipher.open(id, 'id_token', row.idToken);
      return { accessToken, refreshToken, idToken, accessExpiresAt, lastRefreshAt, chatgptAccountId, email };
    } catch (error) {
      if (error instanceof SealedSecretError) return null;
      throw error;
    }
  }

  /** Conditional on the state it has now; the pool follows. False: it is in another state. */
  async changeState(id: string, from: AccountState | readonly AccountState[], patch: StatePatch, reason?: string): Promise<boolean> {
    if ((await this.accounts.updateState(id, from, patch, reason)) === 0) return false;
    await this.reload(id);
    return true;
  }

  /** Back into service, if it still is in that state for that reason. */
  resume(id: string, from: AccountState, reason: string): Promise<boolean> {
    return this.changeState(id, from, { state: 'active', reason: '', evidence: '', since: this.clock.now(), until: 0 }, reason);
  }

  /** Brings accounts into the pool that are not in it. */
  async loadMissing(ids: readonly string[]): Promise<void> {
    for (const id of ids) if (!this.pool.get(id)) await this.reload(id);
  }

  /** The row is in this state now: the pool reads it again where it says otherwise. */
  async agree(id: string, state: AccountState): Promise<void> {
    const known = this.pool.get(id);
    if (known && known.state !== state) await this.reload(id);
  }

  /** Brings the row of the database into the pool. */
  async reload(id: string): Promise<void> {
    const row = await this.accounts.findById(id);
    if (row && row.state !== 'retired') this.pool.upsert(toPoolAccount(row, this.cipher));
    else this.pool.remove(id);
  }

  /** By identity; a bare token, which names nobody, by what files have held before: it may have been spent since. */
  private async findKnown(parsed: readonly ParsedAccount[]): Promise<Map<string, AccountEntity>> {
    const rows = await this.accounts.findByUserIds([...new Set(parsed.map(({ chatgptUserId }) => chatgptUserId))]);
    const known = new Map(rows.map((row) => [identityKey(row), row]));
    const bare = parsed.filter((account) => isProvisional(account.chatgptUserId) && !known.has(identityKey(account)));
    const idByToken = await this.files.findAccountsByTokens(bare.map(({ tokenHash }) => tokenHash));
    const rowById = new Map((await this.accounts.findByIds([...new Set(idByToken.values())])).map((row) => [row.id, row]));
    for (const account of bare) {
      const row = rowById.get(idByToken.get(account.tokenHash) ?? '');
      if (row) known.set(identityKey(account), row);
    }
    return known;
  }

  private async insert(fresh: readonly ParsedAccount[]): Promise<Map<string, AccountEntity>> {
    const now = this.clock.now();
    const rows = new Map(fresh.map((account) => [identityKey(account), newAccountRow(account, this.cipher, now)]));
    if (rows.size === 0) return rows;
    await this.accounts.insertMany([...rows.values()]);
    const stored = await this.accounts.findExistingIds([...rows.values()].map(({ id }) => id));
    for (const [key, row] of rows) {
      if (stored.has(row.id)) this.pool.upsert(toPoolAccount(row, this.cipher));
      else rows.delete(key);
    }
    return rows;
  }

  /** Another process has inserted the same identity a moment ago. */
  private async winnerOf(account: ParsedAccount): Promise<AccountEntity> {
    const row = await this.accounts.findByIdentity(account.chatgptAccountId, account.chatgptUserId);
    if (!row) throw new Error(`the account in line ${account.line} could not be stored`);
    return row;
  }

  private async update(parsed: ParsedAccount, row: AccountEntity): Promise<ImportedAccount> {
    const result = await this.updateTokens(parsed, row);
    if (result !== 'busy') await this.followDisabled(parsed, row);
    if (result === 'updated' || (this.pool.get(row.id)?.tokenGeneration ?? -1) < row.tokenGeneration) await this.reload(row.id);
    return { parsed, accountId: row.id, result };
  }

  private async updateTokens(parsed: ParsedAccount, row: AccountEntity): Promise<ImportResult> {
    const verdict = this.compare(parsed, row);
    if (verdict !== 'updated') return verdict;
    const sealed = sealTokens(this.cipher, row.id, parsed);
    const now = this.clock.now();
    const affected = await this.accounts.replaceTokens(
      row.id,
      row.tokenGeneration,
      {
        accessToken: sealed.accessToken || row.accessToken,
        refreshToken: sealed.refreshToken || row.refreshToken,
        idToken: sealed.idToken || row.idToken,
        accessExpiresAt: parsed.accessToken ? parsed.accessExpiresAt : row.accessExpiresAt,
        lastRefreshAt: parsed.lastRefreshAt || row.lastRefreshAt,
        email: parsed.email || row.email,
        plan: parsed.plan || row.plan,
        fedramp: parsed.fedramp,
        ownership: parsed.ownership,
      },
      now,
    );
    if (affected === 0) return 'busy';
    const patch = { state: 'active', reason: '', evidence: '', since: now, until: 0 } as const;
    if (isLost(row)) await this.accounts.updateState(row.id, row.state, patch, row.stateReason);
    // It rested because another login was refused.
    await this.accounts.endRefusal(row.id);
    this.pool.liftCooldown(row.id, '*', 'unauthorized');
    return 'updated';
  }

  /** Which of the two logins is newer. A lost one has nothing to defend: any other login takes its place. */
  private compare(parsed: ParsedAccount, row: AccountEntity): ImportResult {
    if (isProvisional(parsed.chatgptUserId) && identityKey(parsed) !== identityKey(row)) return 'unchanged';
    const refreshToken = this.opened(row, 'refresh_token', row.refreshToken);
    const accessToken = this.opened(row, 'access_token', row.accessToken);
    const sameRefresh = parsed.refreshToken === '' || tokenHashOf(refreshToken) === tokenHashOf(parsed.refreshToken);
    if (sameRefresh && (parsed.accessToken === '' || parsed.accessToken === accessToken)) {
      return parsed.ownership === row.ownership ? 'unchanged' : 'updated';
    }
    if (isLost(row) && !sameRefresh) return 'updated';
    return isNewer(row, parsed) ? 'stale' : 'updated';
  }

  /** A secret that cannot be opened is lost, and gives way to any other. */
  private opened(row: AccountEntity, field: SecretField, sealed: string): string {
    try {
      return this.cipher.open(row.id, field, sealed);
    } catch (error) {
      if (error instanceof SealedSecretError) return '';
      throw error;
    }
  }

  private async followDisabled(parsed: ParsedAccount, row: AccountEntity): Promise<void> {
    const since = this.clock.now();
    const pause = { state: 'paused', reason: REASON.fileDisabled, evidence: '', since, until: 0 } as const;
    const resume = { state: 'active', reason: '', evidence: '', since, until: 0 } as const;
    if (parsed.disabled && row.state === 'active') await this.changeState(row.id, 'active', pause);
    if (!parsed.disabled && row.state === 'paused') await this.changeState(row.id, 'paused', resume, REASON.fileDisabled);
  }
}

/** Its login is refused: a new one is what it waits for, in the trash too, unless an operator has put it there. */
const isLost = ({ state, stateReason }: AccountEntity): boolean =>
  state === 'needs_login' || (state === 'retired' && stateReason !== REASON.operator);

/** Identity → its newest login. The others are compared with it, as if they came later. */
function newestOfEach(parsed: readonly ParsedAccount[]): Map<string, ParsedAccount> {
  const newest = new Map<string, ParsedAccount>();
  for (const account of parsed) {
    const other = newest.get(identityKey(account));
    if (!other || isNewer(account, other)) newest.set(identityKey(account), account);
  }
  return newest;
}

/**
 * Token → the record that stands for all that hold it: one that names its user, else one that names its account, else the first. A
 * token that were taken in twice would be spent twice.
 */
function leadingByToken(parsed: readonly ParsedAccount[]): Map<string, ParsedAccount> {
  const leading = new Map<string, ParsedAccount>();
  for (const account of parsed) {
    const leader = leading.get(account.tokenHash);
    if (!leader || telling(account) > telling(leader)) leading.set(account.tokenHash, account);
  }
  return leading;
}

const telling = ({ chatgptUserId, chatgptAccountId }: ParsedAccount): number =>
  isProvisional(chatgptUserId) ? Number(chatgptAccountId !== '') : 2;

const identityKey = (of: { chatgptAccountId: string; chatgptUserId: string }): string => `${of.chatgptAccountId}\n${of.chatgptUserId}`;
