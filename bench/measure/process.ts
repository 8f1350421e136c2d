/** Starting and ending the processes that are measured. Only pids started here are ever signalled. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tree } from '../meter/proc-tree.ts';

/** A server that is measured: started by us, or running already. */
export interface Started {
  /** The root of the measured process tree; null when it is not known. */
  readonly pid: number | null;
  /** On the clock of `performance.now()`. */
  readonly spawnedAt: number;
  /** Somebody else's process: never signalled. */
  readonly foreign: boolean;
  /** Set by a server that does not listen where it was told to. */
  readonly address?: { readonly host: string; readonly port: number };
  exited: string | null;
  /** The end of its log. */
  log(chars: number): string;
}

export interface StartOptions {
  /** For its log and temporary files. */
  readonly dir: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The child sees only the named environment, PATH and a private HOME, so that no credentials or proxies leak into it. */
export function startProcess(command: string, args: readonly string[], { dir, cwd = dir, env = {} }: StartOptions): Started {
  const file = join(dir, 'log.txt');
  const fd = openSync(file, 'a');
  const own = { PATH: process.env.PATH, HOME: dir, TMPDIR: dir, LANG: 'C.UTF-8', NODE_ENV: 'production', NO_PROXY: '127.0.0.1,localhost' };
  const spawnedAt = performance.now();
  const child = spawn(command, args, { cwd, stdio: ['ignore', fd, fd], env: { ...own, ...env } });
  closeSync(fd);
  const started: Started = {
    pid: child.pid ?? null,
    spawnedAt,
    foreign: false,
    exited: null,
    log: (chars) => readFileSync(file, 'utf8').slice(-chars),
  };
  child.once('exit', (code, signal) => (started.exited = `code ${code}, signal ${signal}`));
  child.once('error', (e) => (started.exited = String(e)));
  return started;
}

/** A server that somebody else started. */
export function runningProcess(pid: number | null, address: { host: string; port: number }): Started {
  return { pid, spawnedAt: performance.now(), foreign: true, address, exited: null, log: () => '' };
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}

export async function stopProcess(started: Started): Promise<void> {
  const { pid } = started;
  if (pid === null || started.foreign || started.exited) return;
  const before = tree(pid);
  signal(pid, 'SIGTERM');
  for (let i = 0; i < 60 && !started.exited; i++) await sleep(50);
  for (const child of new Set([...before, ...tree(pid)])) if (child !== pid && tree(child).length) signal(child, 'SIGKILL');
  if (!started.exited) signal(pid, 'SIGKILL');
  for (let i = 0; i < 40 && !started.exited; i++) await sleep(25);
}
