import { Injectable, Logger, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { ChangeFeed, ChangeListener, SharedTable } from '../../database/change-feed.service.js';
import { AccountLoader } from '../account-loader.service.js';
import { AccountPool } from '../pool/account-pool.service.js';
import { AccountFollower } from './account-follower.js';
import { AffinityHints } from './affinity-hints.js';
import { CooldownFollower } from './cooldown-follower.js';

/** Many rows change together (an import, a sweep): they are read together. */
const GATHER_MS = 50;

/**
 * Keeps the pool in step with what other processes on the same database do: tokens, states, cooldowns and quota, and which account a
 * conversation is on. Reads only; nothing here writes.
 */
@Injectable()
export class AccountReplication implements ChangeListener, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(AccountReplication.name);
  readonly #changed = { accounts: new Set<string>(), cooldowns: new Set<string>() };
  readonly #hints: AffinityHints;
  #everything = false;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(
    private readonly feed: ChangeFeed,
    private readonly accounts: AccountFollower,
    private readonly cooldowns: CooldownFollower,
    private readonly loader: AccountLoader,
    pool: AccountPool,
  ) {
    this.#hints = new AffinityHints(feed, pool);
  }

  onApplicationBootstrap(): void {
    this.feed.subscribe(this);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#closed = true;
    this.#hints.stop();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  changed(table: SharedTable, id: string): void {
    if (table !== 'accounts' && table !== 'cooldowns') return;
    this.#changed[table].add(id);
    this.#schedule();
  }

  resync(): void {
    this.#everything = true;
    this.#schedule();
  }

  hint(text: string): void {
    this.#hints.take(text);
  }

  #schedule(): void {
    if (this.#timer || this.#running || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#running = this.#catchUp().finally(() => {
        this.#running = null;
        if (this.#waits()) this.#schedule();
      });
    }, GATHER_MS).unref();
  }

  #waits(): boolean {
    return this.#everything || this.#changed.accounts.size > 0 || this.#changed.cooldowns.size > 0;
  }

  /** What fails is caught up with by the next comparison of everything. */
  async #catchUp(): Promise<void> {
    const { accounts, cooldowns } = this.#changed;
    const ids = [...accounts];
    const cooling = [...cooldowns];
    // While the loader is at work everything is compared in vain; afterwards it is, once more.
    const everything = this.#everything && this.loader.progress.state === 'loaded';
    if (everything) this.#everything = false;
    accounts.clear();
    cooldowns.clear();
    try {
      await this.accounts.follow(everything ? [...new Set([...ids, ...(await this.accounts.differing())])] : ids);
      await (everything ? this.cooldowns.followAll() : this.cooldowns.follow(cooling));
    } catch (error) {
      this.logger.warn({ msg: 'changes of other processes cannot be read', error: error instanceof Error ? error.message : String(error) });
    }
  }
}
