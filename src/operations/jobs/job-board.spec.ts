import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { FakeClock } from '../../../test/support/fake-clock.js';
import type { DrainService } from '../../inbound/drain.service.js';
import type { Job, JobItem } from './job.js';
import { JobBoard, JobPlan } from './job-board.service.js';

const item = (id: string, result = 'renewed'): JobItem => ({ id, email: `${id}@example.com`, result });
const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `a${n}`);

const ended = async (job: Job): Promise<Job> => {
  while (job.status === 'running') await job.changed();
  return job;
};

describe('JobBoard', () => {
  let clock: FakeClock;
  let drain: { draining: boolean };
  let board: JobBoard;
  beforeEach(() => {
    Logger.overrideLogger(false);
    clock = new FakeClock();
    drain = { draining: false };
    board = new JobBoard(clock, drain as DrainService);
  });
  afterEach(() => board.onModuleDestroy());

  const plan = (patch: Partial<JobPlan> = {}): JobPlan => ({
    kind: 'refresh',
    scope: {},
    accountIds: ids(3),
    concurrency: 2,
    work: async (id) => item(id),
    ...patch,
  });

  it('gives every account its turn once, never more at the same time than allowed, and counts the results', async () => {
    let atOnce = 0;
    let most = 0;
    const work = async (id: string): Promise<JobItem> => {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce--;
      return item(id, Number(id.slice(1)) % 2 ? 'skipped' : 'renewed');
    };
    const job = await ended(board.start(plan({ accountIds: ids(20_000), concurrency: 50, work })));
    expect([job.status, job.counts, most]).toEqual(['done', { renewed: 10_000, skipped: 10_000 }, 50]);
    expect(new Set(job.items.map(({ id }) => id)).size).toBe(20_000);
  });

  it('goes on after an account on which it breaks', async () => {
    const work = async (id: string): Promise<JobItem> => (id === 'a1' ? Promise.reject(new TypeError('bug')) : item(id));
    const job = await ended(board.start(plan({ work })));
    expect([job.status, job.counts]).toEqual(['done', { renewed: 2, failed: 1 }]);
  });

  it('ends without accounts, too', async () => {
    expect(await ended(board.start(plan({ accountIds: [] })))).toMatchObject({ status: 'done', items: [] });
  });

  it('begins nothing more when the process ends, and says so', async () => {
    const work = async (id: string): Promise<JobItem> => {
      drain.draining = true;
      return item(id);
    };
    const job = await ended(board.start(plan({ work, concurrency: 1 })));
    expect([job.status, job.items.length]).toEqual(['interrupted', 1]);
  });

  it('keeps a finished job for an hour, and knows it by its kind only', async () => {
    const job = await ended(board.start(plan()));
    clock.advance(3_599_000);
    expect(board.find('refresh', job.id)).toBe(job);
    expect(board.find('check-quota', job.id)).toBeUndefined();
    expect(board.running('refresh')).toBeUndefined();
    clock.advance(2_000);
    expect(board.find('refresh', job.id)).toBeUndefined();
  });

  it('forgets the oldest early when jobs hold too much together, but never one that runs', async () => {
    const running = board.start(plan({ kind: 'check-quota', work: () => new Promise(() => undefined) }));
    const jobs: Job[] = [];
    for (let n = 0; n < 6; n++) jobs.push(await ended(board.start(plan({ accountIds: ids(20_000), concurrency: 100 }))));
    expect(jobs.map(({ id }) => board.find('refresh', id) !== undefined)).toEqual([false, true, true, true, true, true]);
    expect(board.running('check-quota')).toBe(running);
  });
});
