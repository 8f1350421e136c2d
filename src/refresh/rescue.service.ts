import { dirname, join } from 'node:path';
import { Injectable, Logger, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { AccountEntity } from '../accounts/storage/account.entity.js';
import { AccountRepository } from '../accounts/storage/account.repository.js';
import { CredentialCipher } from '../accounts/storage/credential-cipher.js';
import { Config } from '../config/config.js';
import { messageOf } from './message-of.js';
import { HeldLease, RefreshLease } from './refresh-lease.js';
import { readRescues, removeRescue, Rescue, writeRescue } from './rescue-file.js';
import { RescueReserve } from './rescue-reserve.js';
import type { TokenSet } from './token-set.js';
import { StoreResult, TokenStore } from './token-store.js';

interface Pending {
  readonly lease: HeldLease;
  readonly tokens: TokenSet;
  /** What holds them too, beside the memory of this process. */
  onDisk: 'nothing' | 'file' | 'reserve';
}

interface Unopened {
  readonly rescue: Rescue;
  readonly onDisk: 'file' | 'reserve';
}

/** Called when tokens have reached the database at last. */
export type OnStored = (result: StoreResult, tokens: TokenSet, row: AccountEntity) => Promise<void>;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5_000;

/** Beside the database where that is a file, else under ./data. */
export const rescueDirectory = (config: Config): string =>
  join(config.databaseDriver === 'sqlite' && config.dbPath !== ':memory:' ? dirname(config.dbPath) : 'data', 'rescue');

/**
 * Tokens that the vendor has issued while the database could not take them: sealed on disk first, then tried again until they are
 * stored. Meanwhile the intent in the database stays open and nobody refreshes the account.
 */
@Injectable()
export class RescueService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(RescueService.name);
  private readonly directory: string;
  private readonly pending = new Map<string, Pending>();
  /** Found at the start; their rows have not been read yet. */
  private readonly unopened = new Map<string, Unopened>();
  private onStored: OnStored = () => Promise.resolve();
  private timer: NodeJS.Timeout | null = null;
  private pauseMs = FIRST_PAUSE_MS;
  private running: Promise<void> | null = null;
  private closed = false;

  constructor(
    config: Config,
    private readonly cipher: CredentialCipher,
    private readonly store: TokenStore,
    private readonly accounts: AccountRepository,
    private readonly leases: RefreshLease,
    private readonly reserve: RescueReserve,
  ) {
    this.directory = rescueDirectory(config);
  }

  /** What an earlier process could not store is stored before anything is refreshed. */
  async onModuleInit(): Promise<void> {
    try {
      const { rescues, unreadable } = await readRescues(this.directory);
      for (const name of unreadable) this.logger.error({ msg: 'rescue file cannot be read', file: join(this.directory, name) });
      for (const rescue of rescues) this.unopened.set(rescue.accountId, { rescue, onDisk: 'file' });
      for (const rescue of await this.reserve.load()) this.unopened.set(rescue.accountId, { rescue, onDisk: 'reserve' });
    } catch (error) {
      this.logger.error({ msg: 'rescue files cannot be read', directory: this.directory, error: messageOf(error) });
    }
    await this.retry();
  }

  /** Who brings them into service once they are stored. */
  whenStored(listener: OnStored): void {
    this.onStored = listener;
  }

  /** Such an account must not be refreshed: its newest refresh token is not in the database. */
  has(accountId: string): boolean {
    return this.pending.has(accountId) || this.unopened.has(accountId);
  }

  /** How many accounts have new tokens that neither the database nor the disk has taken: they would end with this process. */
  get inMemoryOnly(): number {
    let count = 0;
    for (const { onDisk } of this.pending.values()) if (onDisk === 'nothing') count++;
    return count;
  }

  /** Room for the tokens that a call will bring. False: there is none, and the call must not be made. Never rejects. */
  prepare(accountId: string): Promise<boolean> {
    return this.reserve.take(accountId);
  }

  /** After the call: the room is free again, unless its tokens still wait. Never rejects. */
  async relax(accountId: string): Promise<void> {
    if (!this.has(accountId)) await this.reserve.giveBack(accountId, false);
  }

  /** On disk when it resolves, or at least reported as not. Never rejects. */
  async keep(lease: HeldLease, tokens: TokenSet): Promise<void> {
    const pending: Pending = { lease, tokens, onDisk: 'nothing' };
    this.pending.set(lease.row.id, pending);
    await this.write(pending);
    this.schedule();
  }

  /** Tries to store everything now. Never rejects. */
  retry(): Promise<void> {
    this.running ??= this.storeAll().finally(() => (this.running = null));
    return this.running;
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    await this.retry();
    const lost = [...this.pending.values()].filter(({ onDisk }) => onDisk === 'nothing').map(({ lease }) => lease.row.id);
    if (lost.length > 0) this.logger.error({ msg: 'new tokens could be stored nowhere and end with this process', accounts: lost });
  }

  private async storeAll(): Promise<void> {
    for (const unopened of [...this.unopened.values()]) await this.load(unopened);
    for (const pending of [...this.pending.values()]) {
      try {
        await this.storeOne(pending);
        this.pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        this.logger.warn({ msg: 'rescued tokens cannot be stored yet', accountId: pending.lease.row.id, error: messageOf(error) });
        if (pending.onDisk === 'nothing') await this.write(pending);
        await this.leases.extend(pending.lease).catch(() => false);
      }
    }
    this.schedule();
  }

  private async storeOne(pending: Pending): Promise<void> {
    const { lease, tokens } = pending;
    const result = await this.store.store(lease, tokens);
    if (result.kind !== 'lost') return this.finish(pending, result);
    const row = await this.accounts.findById(lease.row.id);
    if (!row || row.tokenGeneration !== lease.row.tokenGeneration) {
      this.logger.warn({ msg: 'rescued tokens are not needed any more: the account has newer ones or is gone', accountId: lease.row.id });
      return this.finish(pending, result);
    }
    const seized = await this.leases.seize(row);
    const again: StoreResult = seized ? await this.store.store(seized, tokens) : { kind: 'lost' };
    if (again.kind === 'lost') throw new Error('another process has changed the account at this moment');
    await this.finish({ ...pending, lease: { ...lease, row } }, again);
  }

  private async finish({ lease, tokens, onDisk }: Pending, result: StoreResult): Promise<void> {
    this.pending.delete(lease.row.id);
    await this.onStored(result, tokens, lease.row);
    if (onDisk === 'file') await removeRescue(this.directory, lease.row.id);
    await this.reserve.giveBack(lease.row.id, onDisk === 'reserve');
    if (result.kind !== 'lost') this.logger.log({ msg: 'rescued tokens are stored', accountId: lease.row.id });
  }

  private async write(pending: Pending): Promise<void> {
    const { row } = pending.lease;
    try {
      const sealed = this.cipher.seal(row.id, 'rescue', JSON.stringify(pending.tokens));
      pending.onDisk = await this.writeSealed({ accountId: row.id, generation: row.tokenGeneration, sealed });
      this.logger.warn({
        msg: 'the database did not take new tokens; they wait in a rescue file',
        accountId: row.id,
        directory: this.directory,
      });
    } catch (error) {
      this.logger.error({
        msg: 'new tokens are in memory only: neither database nor rescue file takes them',
        accountId: row.id,
        error: messageOf(error),
      });
    }
  }

  private async writeSealed(rescue: Rescue): Promise<'file' | 'reserve'> {
    try {
      await writeRescue(this.directory, rescue);
      return 'file';
    } catch (error) {
      await this.reserve.fill(rescue.accountId, rescue).catch(() => {
        throw error;
      });
      return 'reserve';
    }
  }

  private schedule(): void {
    if (this.timer || this.closed || this.pending.size + this.unopened.size === 0) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.retry();
    }, this.pauseMs);
    this.timer.unref();
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** A database that does not answer is asked again: a rescue that is forgotten would cost the account. */
  private async load({ rescue, onDisk }: Unopened): Promise<void> {
    const { accountId, generation, sealed } = rescue;
    let row: AccountEntity | null;
    try {
      row = await this.accounts.findById(accountId);
    } catch (error) {
      return this.logger.warn({ msg: 'rescued tokens cannot be stored yet', accountId, error: messageOf(error) });
    }
    this.unopened.delete(accountId);
    if (!row) return this.logger.warn({ msg: 'rescue file of an account that does not exist', accountId });
    try {
      const tokens = JSON.parse(this.cipher.open(accountId, 'rescue', sealed)) as TokenSet;
      const lease = { row: { ...row, tokenGeneration: generation }, owner: this.leases.owner, until: 0, recovery: true, urgent: false };
      this.pending.set(accountId, { lease, tokens, onDisk });
    } catch (error) {
      this.logger.error({ msg: 'rescue file cannot be opened; it stays where it is', accountId, error: messageOf(error) });
    }
  }
}
