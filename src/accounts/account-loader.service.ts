import { setImmediate } from 'node:timers/promises';
import { BeforeApplicationShutdown, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { collectGarbage } from '../common/collect-garbage.js';
import { AccountFilesService } from './files/account-files.service.js';
import { AccountPool } from './pool/account-pool.service.js';
import { AccountsService } from './accounts.service.js';
import { CooldownRepository } from './storage/cooldown.repository.js';
import type { Cooldown } from './pool/pool-account.js';

const FIRST_PAGE = 100;
const PAGE = 500;
const RETRY_MS = 5_000;
/** From so many accounts on loading leaves enough garbage behind to be worth a collection. */
const BULK = 2_000;

export interface LoadProgress {
  state: 'waiting' | 'loading' | 'loaded';
  /** Rows of the database that are in the pool. */
  fromDatabase: number;
  /** Accounts read from files, known or new. */
  fromFiles: number;
  /** Rows that could not be opened. */
  faults: number;
}

/**
 * Fills the pool at start: accounts and running cooldowns from the database, page by page, then the account files. The
 * service may answer as soon as the first page or batch is in; the rest comes while requests are served.
 */
@Injectable()
export class AccountLoader implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(AccountLoader.name);
  private readonly counts: LoadProgress = { state: 'waiting', fromDatabase: 0, fromFiles: 0, faults: 0 };
  private readonly closing = new AbortController();
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly accounts: AccountsService,
    private readonly cooldowns: CooldownRepository,
    private readonly files: AccountFilesService,
    private readonly pool: AccountPool,
    private readonly clock: Clock,
  ) {}

  get progress(): Readonly<LoadProgress> {
    return this.counts;
  }

  /** When everything is in the pool (or the process ends). */
  get whenLoaded(): Promise<void> {
    return this.work;
  }

  onApplicationBootstrap(): Promise<void> {
    return this.start();
  }

  /** Resolves when the first accounts are in the pool, or when there are none. Rejects only if the database fails at the very first page. */
  async start(): Promise<void> {
    this.counts.state = 'loading';
    const first = await this.loadFirstPage();
    await new Promise<void>((resolve) => {
      this.work = this.loadRest(first, resolve).finally(resolve);
      if (this.counts.fromDatabase > 0) resolve();
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await this.work;
  }

  private async loadFirstPage(): Promise<{ lastId: string | null; cooling: Map<string, Cooldown[]> }> {
    const cooling = Map.groupBy(await this.cooldowns.findActive(this.clock.now()), ({ accountId }) => accountId);
    return { lastId: await this.loadPage('', FIRST_PAGE, cooling), cooling };
  }

  private async loadRest(first: { lastId: string | null; cooling: Map<string, Cooldown[]> }, onFirst: () => void): Promise<void> {
    const startedAt = performance.now();
    let lastId = first.lastId;
    while (lastId !== null && !this.closing.signal.aborted) {
      const from: string = lastId;
      await this.untilDone(async () => {
        lastId = await this.loadPage(from, PAGE, first.cooling);
      });
      await setImmediate();
    }
    const onBatch = (count: number): void => {
      this.counts.fromFiles += count;
      if (count > 0) onFirst();
    };
    await this.untilDone(() => this.files.start({ onBatch }));
    await this.cooldowns.deleteEnded(this.clock.now()).catch(() => undefined);
    this.counts.state = 'loaded';
    const { fromDatabase, fromFiles, faults } = this.counts;
    if (fromDatabase + fromFiles >= BULK) await collectGarbage();
    this.logger.log({ msg: 'accounts loaded', fromDatabase, fromFiles, faults, tookMs: Math.round(performance.now() - startedAt) });
  }

  private async loadPage(afterId: string, limit: number, cooling: ReadonlyMap<string, readonly Cooldown[]>): Promise<string | null> {
    const { ids, faults, lastId } = await this.accounts.loadPage(afterId, limit);
    for (const id of ids) for (const cooldown of cooling.get(id) ?? []) this.pool.applyCooldown(cooldown);
    for (const fault of faults) this.logger.error({ msg: 'account cannot be loaded', fault });
    this.counts.fromDatabase += ids.length;
    this.counts.faults += faults.length;
    return lastId;
  }

  /** A database that goes away after the first page ends nothing: it is asked again. */
  private async untilDone(step: () => Promise<void>): Promise<void> {
    while (!this.closing.signal.aborted) {
      try {
        return await step();
      } catch (error) {
        this.logger.warn({ msg: 'loading accounts failed, trying again', error: error instanceof Error ? error.message : String(error) });
        await this.clock.sleep(RETRY_MS, this.closing.signal).catch(() => undefined);
      }
    }
  }
}
