import { Injectable, Logger, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { ChangeFeed, ChangeListener, SharedTable } from '../../database/change-feed.service.js';
import { AccountPool } from '../pool/account-pool.service.js';
import type { ModelRefusalEntity } from '../storage/model-refusal.entity.js';
import { ModelRefusalRepository } from '../storage/model-refusal.repository.js';

/** Many rows change together: they are read together. */
const GATHER_MS = 50;
/** Accounts times models may be many; what is left out is learnt again. */
const MAX_ROWS = 50_000;
const ACCOUNTS_TOGETHER = 200;
const SWEEP_MS = 3_600_000;

/** Brings refusals of models that an earlier run, or another process, has learnt into the pool. Adds only: a refusal ends by itself. */
@Injectable()
export class ModelRefusalFollower implements ChangeListener, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ModelRefusalFollower.name);
  /** Of accounts that are not in the pool yet. */
  readonly #early = new Map<string, readonly ModelRefusalEntity[]>();
  readonly #changed = new Set<string>();
  #everything = false;
  #timer: NodeJS.Timeout | null = null;
  #sweep: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(
    private readonly refusals: ModelRefusalRepository,
    private readonly pool: AccountPool,
    private readonly feed: ChangeFeed,
    private readonly clock: Clock,
  ) {
    pool.onAdded((id) => this.#arrived(id));
  }

  async onApplicationBootstrap(): Promise<void> {
    this.feed.subscribe(this);
    this.#sweep = setInterval(() => void this.refusals.deleteEnded(this.clock.now()).catch(() => undefined), SWEEP_MS).unref();
    await this.#attempt(() => this.#followAll());
  }

  async onApplicationShutdown(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#sweep) clearInterval(this.#sweep);
    await this.#running;
  }

  changed(table: SharedTable, id: string): void {
    if (table !== 'model_refusals') return;
    this.#changed.add(id);
    this.#schedule();
  }

  resync(): void {
    this.#everything = true;
    this.#schedule();
  }

  hint(): void {
    // Refusals are in a table.
  }

  #schedule(): void {
    if (this.#timer || this.#running || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#running = this.#attempt(() => this.#catchUp()).finally(() => {
        this.#running = null;
        if (this.#everything || this.#changed.size > 0) this.#schedule();
      });
    }, GATHER_MS).unref();
  }

  async #catchUp(): Promise<void> {
    const ids = [...this.#changed];
    const everything = this.#everything;
    this.#changed.clear();
    this.#everything = false;
    if (everything) return this.#followAll();
    for (let start = 0; start < ids.length; start += ACCOUNTS_TOGETHER) {
      this.#take(await this.refusals.findByAccounts(ids.slice(start, start + ACCOUNTS_TOGETHER), this.clock.now()));
    }
  }

  async #followAll(): Promise<void> {
    const rows = await this.refusals.findRunning(this.clock.now(), MAX_ROWS);
    this.#early.clear();
    this.#take(rows);
  }

  #arrived(id: string): void {
    const rows = this.#early.get(id);
    if (!rows) return;
    this.#early.delete(id);
    this.#take(rows);
  }

  #take(rows: readonly ModelRefusalEntity[]): void {
    for (const [accountId, own] of Map.groupBy(rows, (row) => row.accountId)) {
      const account = this.pool.get(accountId);
      if (!account) this.#early.set(accountId, own);
      else for (const { model, plan, until } of own) if (account.plan === plan) this.pool.restoreRefusal(accountId, model, until);
    }
  }

  /** What fails is caught up with by the next comparison of everything, or learnt again. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn({ msg: 'refusals of models cannot be read', error: error instanceof Error ? error.message : String(error) });
    }
  }
}
