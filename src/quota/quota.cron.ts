import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { QuotaSampler } from './quota-sampler.service.js';
import { QuotaSweep } from './quota.sweep.js';

const START = 'quota-sweep-start';
const ROUNDS = 'quota-sweep';
const RETENTION = 'quota-samples-retention';
const ROUND_MS = 5_000;
/** The first requests bring readings by themselves, and other replicas' are in the database. */
const START_DELAY_MS = 30_000;
const RETENTION_MS = 3_600_000;

/** When sweeps run. Replicas that start together fall out of step by chance. */
@Injectable()
export class QuotaCron implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly sweep: QuotaSweep,
    private readonly samples: QuotaSampler,
    private readonly schedule: SchedulerRegistry,
  ) {}

  onApplicationBootstrap(): void {
    const begin = (): void => this.#every(ROUNDS, ROUND_MS, () => void this.sweep.run());
    this.schedule.addTimeout(START, setTimeout(begin, START_DELAY_MS + Math.random() * ROUND_MS).unref());
    this.#every(RETENTION, RETENTION_MS * (1 + Math.random() / 10), () => void this.samples.forgetOld());
  }

  beforeApplicationShutdown(): void {
    for (const name of [ROUNDS, RETENTION]) if (this.schedule.doesExist('interval', name)) this.schedule.deleteInterval(name);
    if (this.schedule.doesExist('timeout', START)) this.schedule.deleteTimeout(START);
  }

  #every(name: string, ms: number, work: () => void): void {
    this.schedule.addInterval(name, setInterval(work, ms).unref());
  }
}
