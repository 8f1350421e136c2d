/** What the fake backend has seen; one object a process. */
export const stats = { requests: 0, refused: 0, active: 0, aborted: 0, events: 0 };

export type UpstreamStats = typeof stats & { accounts: number; memory: number };

/** Authorization headers seen while counting is on. */
export const accounts = { seen: null as Set<string | undefined> | null };

export type Command = { cmd: 'stats' } | { cmd: 'accounts'; on: boolean };

/** Carries out a command of the harness; answers only `stats`. */
export function obey(command: Command): UpstreamStats | null {
  if (command.cmd === 'accounts') accounts.seen = command.on ? new Set() : null;
  return command.cmd === 'stats' ? { ...stats, accounts: accounts.seen?.size ?? 0, memory: process.memoryUsage.rss() } : null;
}
