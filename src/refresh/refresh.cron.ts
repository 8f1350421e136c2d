import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { Config } from '../config/config.js';
import { RefreshSweep } from './refresh.sweep.js';

const NAME = 'refresh-sweep';
/** The rounds are shorter than `refresh-interval`, which says how early a token is renewed: failures come back after seconds. */
const LONGEST_ROUND_MS = 15_000;
/** Accounts of one import come together. */
const ARRIVAL_PAUSE_MS = 250;

/** When sweeps run: at regular rounds, and soon after accounts arrive (at start, or by an import). */
@Injectable()
export class RefreshCron implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private arrival: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(
    private readonly sweep: RefreshSweep,
    private readonly schedule: SchedulerRegistry,
    private readonly config: Config,
    private readonly pool: AccountPool,
  ) {}

  onApplicationBootstrap(): void {
    const round = setInterval(() => void this.sweep.run(), Math.min(this.config.refreshInterval * 1000, LONGEST_ROUND_MS));
    round.unref();
    this.schedule.addInterval(NAME, round);
    this.pool.onAdded(() => this.afterArrival());
    this.afterArrival();
  }

  beforeApplicationShutdown(): void {
    this.closed = true;
    if (this.arrival) clearTimeout(this.arrival);
    if (this.schedule.doesExist('interval', NAME)) this.schedule.deleteInterval(NAME);
  }

  private afterArrival(): void {
    if (this.arrival || this.closed) return;
    this.arrival = setTimeout(() => {
      this.arrival = null;
      void this.sweep.run();
    }, ARRIVAL_PAUSE_MS);
    this.arrival.unref();
  }
}
