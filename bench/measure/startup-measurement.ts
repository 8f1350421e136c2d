import { cpuMs, rss } from '../meter/proc-tree.ts';
import type { Scenario } from '../scenarios.ts';
import type { Target } from '../targets/target.ts';
import { settle } from './probe.ts';
import type { StartupRecord, StartupSize } from './record.ts';
import type { Session } from './session.ts';
import { withTarget, type Running } from './with-target.ts';

async function startupSize({ started: { pid }, readyMs }: Running): Promise<StartupSize> {
  if (pid === null) throw new Error('a start-up needs a process');
  const rssReady = rss(pid);
  const more = await settle(pid);
  return { readyMs, settledMs: more === null ? null : readyMs + more, cpuMs: cpuMs(pid).total, rssReady, rssSettled: rss(pid) };
}

/** From the start of the process to its first right answer, with different numbers of accounts. */
export async function measureStartup(target: Target, s: Scenario, session: Session): Promise<StartupRecord> {
  const sizes: Record<string, StartupSize> = {};
  // Floors know no accounts.
  const counts = target.name.startsWith('floor') ? [1] : (s.sizes ?? [1]);
  for (const n of counts) sizes[n] = await withTarget(target, s, session, n, startupSize);
  return { sizes };
}
