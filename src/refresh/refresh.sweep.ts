import { BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { RefreshCandidate } from '../accounts/storage/refresh-candidate.repository.js';
import { Config } from '../config/config.js';
import { DueAccounts, DueKind } from './due-accounts.js';
import { messageOf } from './message-of.js';
import { RefreshService } from './refresh.service.js';
import { Semaphore } from './semaphore.js';
import { SweepReport, SweepRun } from './sweep-run.js';

/** The rest of `refresh-concurrency` stays free for the refreshes of requests. */
const SWEEP_SHARE = 0.8;

/**
 * Renews every account whose token is due, and tries again those whose last refresh was cut off. Only one sweep runs at a time; it
 * leaves slots free, so that a request's own refresh never queues behind it, and ends early when the token endpoint fails everybody.
 */
@Injectable()
export class RefreshSweep implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RefreshSweep.name);
  private readonly width: number;
  private readonly slots: Semaphore;
  private current: Promise<SweepReport> | null = null;
  private again = false;
  private closing = false;

  constructor(
    private readonly refresh: RefreshService,
    private readonly accounts: DueAccounts,
    config: Config,
    pool: AccountPool,
  ) {
    this.width = Math.max(1, Math.floor(config.refreshConcurrency * SWEEP_SHARE));
    this.slots = new Semaphore(this.width);
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
    const run = new SweepRun(2 * this.width);
    try {
      do {
        this.again = false;
        await this.sweepPages('open-intent', run);
        await this.sweepPages('due', run);
      } while (this.again && this.goesOn(run));
    } catch (error) {
      this.logger.warn({ msg: 'refresh sweep ends early: the database does not answer', error: messageOf(error) });
    }
    if (run.hopeless) this.logger.warn({ msg: 'refresh sweep ends early: the token endpoint fails everybody', tried: run.tried.size });
    if (run.tried.size > 0) this.logger.log({ msg: 'refresh sweep', ...run.report });
    return run.report;
  }

  /** Each account has one turn: what stays due after it has failed, and is for a later sweep. */
  private async sweepPages(kind: DueKind, run: SweepRun): Promise<void> {
    let last: RefreshCandidate | null = null;
    do {
      const page = await this.accounts.page(kind, last);
      const fresh = page.rows.filter(({ id }) => !run.tried.has(id));
      await Promise.all(fresh.map((row) => this.slots.run(() => this.renew(row, run))));
      last = page.last;
    } while (last && this.goesOn(run));
  }

  private async renew({ id, tokenGeneration }: RefreshCandidate, run: SweepRun): Promise<void> {
    if (!this.goesOn(run)) return;
    run.tried.add(id);
    run.note(await this.refresh.renew(id, tokenGeneration, { ifDue: true }));
  }

  private goesOn(run: SweepRun): boolean {
    return !this.closing && !run.hopeless;
  }
}
