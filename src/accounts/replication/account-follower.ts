import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { AccountPool } from '../pool/account-pool.service.js';
import { AccountChangeWriter } from '../storage/account-change.writer.js';
import { toPoolAccount } from '../storage/account-row.js';
import type { AccountEntity } from '../storage/account.entity.js';
import { AccountRepository, AccountVersion } from '../storage/account.repository.js';
import { CredentialCipher } from '../storage/credential-cipher.js';

const PAGE = 1000;
const CHUNK = 200;

/** Brings rows that another process has changed into this one's pool. Rejects when the database is away. */
@Injectable()
export class AccountFollower {
  private readonly logger = new Logger(AccountFollower.name);

  constructor(
    private readonly accounts: AccountRepository,
    private readonly pool: AccountPool,
    private readonly writer: AccountChangeWriter,
    private readonly cipher: CredentialCipher,
  ) {}

  /** Rows that are gone, or retired, leave the pool. */
  async follow(ids: readonly string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += CHUNK) {
      const chunk = ids.slice(start, start + CHUNK);
      const { mark } = this.writer;
      const rows = new Map((await this.accounts.findByIds(chunk)).map((row) => [row.id, row]));
      for (const id of chunk) this.#take(id, rows.get(id), mark);
      await setImmediate();
    }
  }

  /** Accounts of which database and pool do not say the same. Compares everything. */
  async differing(): Promise<string[]> {
    const missing = new Set<string>();
    for (const { id } of this.pool.all()) missing.add(id);
    const differing: string[] = [];
    let afterId: string | undefined = '';
    while (afterId !== undefined) {
      const page: AccountVersion[] = await this.accounts.versions(afterId, PAGE);
      for (const version of page) {
        missing.delete(version.id);
        if (this.#differs(version)) differing.push(version.id);
      }
      afterId = page.length < PAGE ? undefined : page.at(-1)!.id;
      await setImmediate();
    }
    return [...differing, ...missing];
  }

  #differs(version: AccountVersion): boolean {
    const known = this.pool.get(version.id);
    if (!known) return version.state !== 'retired';
    if (known.tokenGeneration < version.tokenGeneration || (known.quota?.at ?? 0) < version.quotaAt) return true;
    const same = known.state === version.state && known.stateReason === version.stateReason && known.draining === version.draining;
    return !same && !this.writer.hasState(version.id);
  }

  #take(id: string, row: AccountEntity | undefined, mark: number): void {
    if (!row || row.state === 'retired') return this.pool.remove(id);
    try {
      const account = toPoolAccount(row, this.cipher);
      const known = this.pool.get(id);
      // What this process has decided and not written yet, or only after the row was asked for, is newer.
      if (known && this.writer.hasState(id, mark)) {
        const { state, stateReason, stateSince } = known;
        Object.assign(account, { state, stateReason, stateSince });
      }
      this.pool.upsert(account);
    } catch (error) {
      this.logger.error({ msg: 'account of another process cannot be read', accountId: id, error: String(error) });
    }
  }
}
