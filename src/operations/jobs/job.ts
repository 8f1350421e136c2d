import { randomUUID } from 'node:crypto';

export type JobKind = 'refresh' | 'check-quota';
/** `interrupted`: the process ended before every account had its turn. */
export type JobStatus = 'running' | 'done' | 'interrupted' | 'failed';

/** What came of one account. `result` is a word that is counted. */
export interface JobItem {
  readonly id: string;
  readonly email: string;
  readonly result: string;
  readonly [more: string]: unknown;
}

/** Work on many accounts that goes on by itself; whoever watches reads `items` from wherever they left off. */
export class Job {
  readonly id = `job_${randomUUID().replaceAll('-', '')}`;
  /** In the order in which they were finished. */
  readonly items: JobItem[] = [];
  /** Result → how often. */
  readonly counts: Record<string, number> = {};
  status: JobStatus = 'running';
  /** Epoch ms; 0 while it runs. */
  finishedAt = 0;
  #change = Promise.withResolvers<void>();

  constructor(
    readonly kind: JobKind,
    /** What was asked for (`due`, `force`). */
    readonly scope: Readonly<Record<string, boolean>>,
    readonly total: number,
    readonly startedAt: number,
  ) {}

  add(item: JobItem): void {
    this.items.push(item);
    this.counts[item.result] = (this.counts[item.result] ?? 0) + 1;
    this.#tell();
  }

  finish(status: JobStatus, at: number): void {
    this.status = status;
    this.finishedAt = at;
    this.#tell();
  }

  /** Resolves with the next item, or with the end. */
  changed(): Promise<void> {
    return this.#change.promise;
  }

  #tell(): void {
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers<void>();
    resolve();
  }
}
