import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger, OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { DrainService } from '../../inbound/drain.service.js';
import { Job, JobItem, JobKind } from './job.js';

/** How long a finished job can be asked about. */
const KEPT_MS = 3_600_000;
/** Items of all jobs together; beyond it the oldest finished job is forgotten early. */
const MAX_ITEMS = 100_000;
/** Items that need no waiting leave room for requests after so many. */
const BREATH = 100;

export interface JobPlan {
  readonly kind: JobKind;
  readonly scope: Readonly<Record<string, boolean>>;
  readonly accountIds: readonly string[];
  /** At the same time. */
  readonly concurrency: number;
  /** One account; what it rejects with ends up as a failed item. */
  work(accountId: string): Promise<JobItem>;
}

/** Runs jobs, one of a kind at a time, whoever watches; keeps them for an hour after their end. */
@Injectable()
export class JobBoard implements OnModuleDestroy {
  private readonly logger = new Logger('Jobs');
  readonly #jobs = new Map<string, Job>();
  readonly #closing = new AbortController();

  constructor(
    private readonly clock: Clock,
    private readonly drain: DrainService,
  ) {}

  find(kind: JobKind, id: string): Job | undefined {
    this.#forget();
    const job = this.#jobs.get(id);
    return job?.kind === kind ? job : undefined;
  }

  running(kind: JobKind): Job | undefined {
    return [...this.#jobs.values()].find((job) => job.kind === kind && job.status === 'running');
  }

  start(plan: JobPlan): Job {
    this.#forget();
    const job = new Job(plan.kind, plan.scope, plan.accountIds.length, this.clock.now());
    this.#jobs.set(job.id, job);
    this.logger.log({ msg: 'job begins', job: job.id, kind: job.kind, accounts: job.total });
    void this.#run(job, plan);
    return job;
  }

  onModuleDestroy(): void {
    this.#closing.abort();
  }

  get #ending(): boolean {
    return this.#closing.signal.aborted || this.drain.draining;
  }

  async #run(job: Job, plan: JobPlan): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < plan.accountIds.length && !this.#ending) {
        const id = plan.accountIds[next++]!;
        job.add(await plan.work(id).catch((error: unknown) => this.#broken(id, error)));
        if (job.items.length % BREATH === 0) await setImmediate();
      }
    };
    await Promise.all(Array.from({ length: Math.min(plan.concurrency, plan.accountIds.length) }, worker));
    job.finish(job.items.length < job.total ? 'interrupted' : 'done', this.clock.now());
    this.logger.log({
      msg: 'job ends',
      job: job.id,
      kind: job.kind,
      status: job.status,
      ms: job.finishedAt - job.startedAt,
      ...job.counts,
    });
    await this.clock.sleep(KEPT_MS, this.#closing.signal).catch(() => undefined);
    this.#forget();
  }

  #broken(id: string, error: unknown): JobItem {
    this.logger.error({ msg: 'job failed on an account', accountId: id, error: error instanceof Error ? error.stack : String(error) });
    return { id, email: '', result: 'failed', reason: 'internal error' };
  }

  #forget(): void {
    const before = this.clock.now() - KEPT_MS;
    let items = 0;
    for (const job of [...this.#jobs.values()].reverse()) {
      items += job.items.length;
      const over = job.finishedAt <= before || items > MAX_ITEMS;
      if (job.status !== 'running' && over) this.#jobs.delete(job.id);
    }
  }
}
