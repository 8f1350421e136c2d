import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Job, LoadResult } from '../loadgen/job.ts';

const LOADGEN = join(import.meta.dirname, '../loadgen/main.ts');
const GRACE_MS = 20_000;

/** Runs a job in a load generator of its own. */
export function runLoad(job: Job, live: Set<number>): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(LOADGEN, [], { serialization: 'advanced' });
    const pid = child.pid!;
    live.add(pid);
    const limitMs = job.prewarmMs + job.rampMs + job.warmMs + job.windowMs + job.drainMs + GRACE_MS;
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error('the load generator overran its time'));
    }, limitMs);
    child.once('message', (result) => {
      clearTimeout(timer);
      resolve(result as LoadResult);
    });
    child.once('exit', () => {
      live.delete(pid);
      clearTimeout(timer);
      reject(new Error('the load generator ended early'));
    });
    child.send(job);
  });
}
