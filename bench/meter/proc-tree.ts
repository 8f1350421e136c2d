/**
 * CPU and memory of a process tree, from /proc. Synchronous and cheap, so that the load generator can take its samples
 * exactly at the edges of its measuring window.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ is 100 on Linux. */
const TICK_MS = 10;
const PAGE = 4096;

export interface CpuMs {
  readonly user: number;
  readonly sys: number;
  readonly total: number;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** The living processes of a tree, its root first. */
export function tree(root: number): number[] {
  const out: number[] = [];
  const todo = [root];
  while (todo.length) {
    const pid = todo.pop()!;
    const tasks = tasksOf(pid);
    if (!tasks.length) continue;
    out.push(pid);
    const children = tasks.flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean));
    todo.push(...children.map(Number));
  }
  return out;
}

/** User and system milliseconds of the tree, with children that have already been reaped. */
export function cpuMs(root: number): CpuMs {
  let user = 0;
  let sys = 0;
  for (const pid of tree(root)) {
    const stat = read(`/proc/${pid}/stat`);
    // Behind the name, which may hold spaces: [11] utime [12] stime [13] cutime [14] cstime.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields.length < 15) continue;
    user += Number(fields[11]) + Number(fields[13]);
    sys += Number(fields[12]) + Number(fields[14]);
  }
  return { user: user * TICK_MS, sys: sys * TICK_MS, total: (user + sys) * TICK_MS };
}

export function rss(root: number): number {
  let bytes = 0;
  for (const pid of tree(root)) bytes += Number(read(`/proc/${pid}/statm`).split(' ')[1] || 0) * PAGE;
  return bytes;
}

export const threads = (root: number): number => tree(root).reduce((sum, pid) => sum + tasksOf(pid).length, 0);

/** Busy and stolen milliseconds of the whole machine, to see who else was running. */
export function machine(): { busy: number; steal: number } {
  const f = read('/proc/stat').split('\n', 1)[0]!.trim().split(/\s+/).slice(1).map(Number);
  const at = (i: number) => f[i] ?? 0;
  return { busy: (at(0) + at(1) + at(2) + at(5) + at(6)) * TICK_MS, steal: at(7) * TICK_MS };
}
