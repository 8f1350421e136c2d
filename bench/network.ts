import { spawn } from 'node:child_process';

const INSIDE = 'BENCH_INSIDE';

/**
 * As root, runs the same command again in a network namespace with nothing but loopback: no target can reach anything else,
 * and no port is shared. Resolves with its exit code; null when there is no such namespace and the caller must go on itself.
 */
export async function runInOwnNetwork(script: string, argv: readonly string[]): Promise<number | null> {
  if (process.getuid?.() !== 0 || process.env[INSIDE]) return null;
  const inside = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, script, ...argv];
  const code = await new Promise<number | null>((resolve) => {
    const probe = spawn('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
    probe.once('error', () => resolve(null));
    probe.once('exit', (status) => resolve(status));
  });
  if (code !== 0) {
    console.error('unshare is not available; running in the shared network');
    return null;
  }
  const child = spawn('unshare', ['-n', ...inside], { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill(name));
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (status) => resolve(status ?? 1));
  });
}
