import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

const TIMEOUT_MS = 45_000;
/** A port on which nobody listens: a client that wants to leave the machine gets nowhere, and at once. */
const NOWHERE = 'http://127.0.0.1:9';

/** A command line client with a home, a temporary and a working directory that are thrown away. */
export class Cli {
  readonly #root = mkdtempSync(join(tmpdir(), 'client-'));
  readonly home = this.#make('home');
  readonly work = this.#make('work');
  readonly #tmp = this.#make('tmp');

  /** Runs to the end. Stdin holds `input` and is closed; after 45 s its process group is killed. */
  run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): Promise<CliRun> {
    const startedAt = Date.now();
    const child = spawn(command, args, {
      cwd: this.work,
      env: { ...this.#environment(), ...env },
      stdio: [input === '' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // A group of its own, so that the processes it starts end with it.
      detached: true,
    });
    child.stdin?.on('error', () => undefined).end(input);
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const killGroup = (): void => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // already gone
      }
    };
    const timer = setTimeout(killGroup, TIMEOUT_MS);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        clearTimeout(timer);
        killGroup();
        resolve({ code, stdout, stderr, ms: Date.now() - startedAt });
      });
    });
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  #make(name: string): string {
    const path = join(this.#root, name);
    mkdirSync(path);
    return path;
  }

  #environment(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      HOME: this.home,
      TMPDIR: this.#tmp,
      TERM: 'dumb',
      HTTP_PROXY: NOWHERE,
      HTTPS_PROXY: NOWHERE,
      ALL_PROXY: NOWHERE,
      NO_PROXY: '127.0.0.1,localhost',
    };
  }
}
