import { runningProcess } from '../measure/process.ts';
import { clientKey, type Target } from './target.ts';

export interface RunningServer {
  readonly name: string;
  readonly url: string;
  readonly key: string;
  /** Root of its process tree, for CPU and memory. */
  readonly pid: number | null;
}

/**
 * Any server that runs already, whose upstream is the fake backend. It is one process for all rounds, so it is warm where
 * the others start cold, and its accounts are its own.
 */
export function running({ name, url, key, pid }: RunningServer): Target {
  const { protocol, hostname, port, pathname } = new URL(url);
  if (protocol !== 'http:') throw new Error(`--target ${url}: only plain http can be measured`);
  if (!/^\/(v1\/?)?$/.test(pathname)) throw new Error(`--target ${url}: the dialects' paths begin at the root, as /v1/responses`);
  return {
    name,
    label: '',
    refuses: (s) => (s.kind === 'startup' || s.accounts > 50 ? 'it runs already, with accounts of its own' : null),
    headers: (dialect) => (key ? clientKey(dialect, key) : {}),
    start: () => runningProcess(pid, { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }),
  };
}
