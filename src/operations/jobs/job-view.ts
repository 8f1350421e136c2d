import { masked, shownInstant } from '../shown.js';
import type { Job, JobItem } from './job.js';

/** Whoever looks at a job. */
export interface JobViewer {
  /** Whether addresses may be shown. */
  readonly emails: boolean;
}

export const shownItem = ({ email, ...item }: JobItem, n: number, { emails }: JobViewer): Record<string, unknown> => ({
  n,
  email: emails ? email : masked(email),
  ...item,
});

/** Everything but the items. */
export const shownJob = (job: Job): Record<string, unknown> => ({
  job: job.id,
  kind: job.kind,
  status: job.status,
  ...job.scope,
  total: job.total,
  finished: job.items.length,
  counts: { ...job.counts },
  started_at: shownInstant(job.startedAt),
  finished_at: shownInstant(job.finishedAt),
});

const frame = (event: string, data: unknown, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

export const beginFrame = (job: Job): string => frame('job', shownJob(job));
/** Its SSE id is the number of the item: `Last-Event-ID` goes on after it. */
export const itemFrame = (item: JobItem, n: number, viewer: JobViewer): string => frame('item', shownItem(item, n, viewer), n);
export const endFrame = (job: Job): string => frame('done', shownJob(job));
