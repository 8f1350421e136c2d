import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import type { Command, UpstreamStats } from '../upstream/stats.ts';
import { signal } from './process.ts';

const UPSTREAM = join(import.meta.dirname, '../upstream/main.ts');

/** What all measurements of one run share: the fake backend, a temporary directory, the processes to end with it. */
export class Session {
  /** Processes that must not outlive the run. */
  readonly live = new Set<number>();
  readonly dir = mkdtempSync(join(os.tmpdir(), 'bench-'));
  readonly model: string;
  upstreamPort = 0;
  readonly #upstream: ChildProcess;

  constructor(model: string, upstream: { port: number; workers: number }) {
    this.model = model;
    this.#upstream = fork(UPSTREAM, ['--port', String(upstream.port), '--workers', String(upstream.workers)]);
    this.live.add(this.upstreamPid);
  }

  get upstreamPid(): number {
    return this.#upstream.pid!;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.upstreamPort}/backend-api/codex`;
  }

  async ready(): Promise<void> {
    this.upstreamPort = await new Promise<number>((resolve, reject) => {
      this.#upstream.once('message', (message: { port: number }) => resolve(message.port));
      this.#upstream.once('exit', () => reject(new Error('the fake backend did not start')));
    });
  }

  countAccounts(on: boolean): void {
    this.#tell({ cmd: 'accounts', on });
  }

  upstreamStats(): Promise<UpstreamStats> {
    return new Promise((resolve) => {
      this.#upstream.once('message', (message) => resolve(message as UpstreamStats));
      this.#tell({ cmd: 'stats' });
    });
  }

  close(): void {
    for (const pid of this.live) signal(pid, 'SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  #tell(command: Command): void {
    this.#upstream.send(command);
  }
}
