import { BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { AccountEntity } from '../accounts/storage/account.entity.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { AccountRepository } from '../accounts/storage/account.repository.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { messageOf } from './message-of.js';
import { refreshHorizonMs } from './refresh-due.js';
import type { RefreshResult } from './refresh-result.js';
import { RefreshService } from './refresh.service.js';
import { Semaphore } from './semaphore.js';

export type SweepReport = Record<RefreshResult['kind'], number>;

const AUTO_BATCH = 500;

/**
 * Renews every account whose token is due, and tries again those whose last refresh was cut off. Only one sweep runs at a time; it
 * holds back so that a request's own refresh never queues behind it for longer than one call.
 */
@Injectable()
export class RefreshSweep implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RefreshSweep.name);
  private readonly slots: Semaphore;
  private current: Promise<SweepReport> | null = null;
  private again = false;
  private closing = false;

  constructor(
    private readonly refresh: RefreshService,
    private readonly accounts: AccountRepository,
    private readonly config: Config,
    private readonly clock: Clock,
    pool: AccountPool,
  ) {
    this.slots = new Semaphore(config.refreshConcurrency);
    pool.onAdded(() => {
      this.again ||= this.current !== null;
    });
  }

  /** Joins a sweep that is running; accounts that arrive meanwhile are looked at before it ends. Never rejects. */
  run(): Promise<SweepReport> {
    this.current ??= this.sweep().finally(() => (this.current = null));
    return this.current;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing = true;
    await this.current;
  }

  private async sweep(): Promise<SweepReport> {
    const report: SweepReport = { renewed: 0, refused: 0, unavailable: 0 };
    const tried = new Set<string>();
    try {
      do {
        this.again = false;
        await this.sweepBatches((limit) => this.accounts.openIntents(limit), tried, report);
        await this.sweepBatches((limit) => this.due(limit), tried, report);
      } while (this.again && !this.closing);
    } catch (error) {
      this.logger.warn({ msg: 'refresh sweep ends early: the database does not answer', error: messageOf(error) });
    }
    if (tried.size > 0) this.logger.log({ msg: 'refresh sweep', ...report });
    return report;
  }

  private due(limit: number): Promise<AccountEntity[]> {
    const now = this.clock.now();
    return this.accounts.dueForRefresh(now, now + refreshHorizonMs(this.config.refreshInterval), limit);
  }

  /** Ends at a batch that holds nothing new: what stays due after its turn has failed and is for a later sweep. */
  private async sweepBatches(next: (limit: number) => Promise<AccountEntity[]>, tried: Set<string>, report: SweepReport): Promise<void> {
    const size = this.config.refreshBatchSize || AUTO_BATCH;
    while (!this.closing) {
      // Accounts that were tried may stand at the front of the order again.
      const rows = await next(size + tried.size);
      const fresh = rows.filter(({ id }) => !tried.has(id)).slice(0, size);
      if (fresh.length === 0) return;
      for (const { id } of fresh) tried.add(id);
      await Promise.all(fresh.map((row) => this.slots.run(() => this.renew(row, report))));
    }
  }

  private async renew({ id, tokenGeneration }: AccountEntity, report: SweepReport): Promise<void> {
    if (this.closing) return;
    const { kind } = await this.refresh.renew(id, tokenGeneration, { ifDue: true });
    report[kind]++;
  }
}
