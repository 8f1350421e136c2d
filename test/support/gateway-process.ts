import { ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { SandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { sandboxAccountFile } from '../../src/sandbox/sandbox.seed.js';
import { LogEntry, ProcessLog } from './process-log.js';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
const START_TIMEOUT_MS = 20_000;

export const KEY = 'sk-test-key';

export interface GatewayOptions {
  readonly backend: CodexBackend;
  /** Written to auth-dir before the start. */
  readonly accounts?: readonly SandboxAccount[];
  /** kebab-case keys, over the defaults of a test. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** A directory of an earlier process, to start on what it left. */
  readonly dir?: string;
}

/** The built program as a child process, as its users run it. */
export class GatewayProcess {
  readonly #log = new ProcessLog();
  url = '';
  exit: { code: number | null; signal: NodeJS.Signals | null } | null = null;

  private constructor(
    readonly dir: string,
    readonly child: ChildProcess,
    private readonly keepDir: boolean,
  ) {
    this.#log.follow(child.stdout!);
    this.#log.follow(child.stderr!);
    child.once('exit', (code, signal) => (this.exit = { code, signal }));
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    // Later than `exit`: everything it wrote has been read then.
    child.once('close', () => this.#log.end());
  }

  /** Starts and waits until it answers. Rejects with its output when it ends instead. */
  static async start(options: GatewayOptions): Promise<GatewayProcess> {
    const gateway = GatewayProcess.spawn(options);
    try {
      await gateway.listening();
    } catch (error) {
      gateway.child.kill('SIGKILL');
      throw error;
    }
    return gateway;
  }

  /** Starts without waiting. */
  static spawn({ backend, accounts = [], config = {}, env = {}, dir }: GatewayOptions): GatewayProcess {
    const home = dir ?? mkdtempSync(join(tmpdir(), 'gateway-'));
    mkdirSync(join(home, 'auths'), { recursive: true });
    for (const account of accounts) {
      const { name, content } = sandboxAccountFile(account);
      writeFileSync(join(home, 'auths', name), content, { mode: 0o600 });
    }
    writeFileSync(join(home, 'config.yaml'), JSON.stringify({ ...defaults(home, backend), ...config }));
    const child = spawn(process.execPath, [MAIN, '--config', join(home, 'config.yaml')], {
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new GatewayProcess(home, child, dir !== undefined);
  }

  /** All it has written. */
  get log(): string {
    return this.#log.text;
  }

  /** The log, one object a line. */
  get entries(): readonly LogEntry[] {
    return this.#log.entries;
  }

  get authDir(): string {
    return join(this.dir, 'auths');
  }

  /** Resident memory in bytes. */
  get rssBytes(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))![1]) * 1024;
  }

  /** The most that `rssBytes` has been. */
  get peakRssBytes(): number {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))![1]) * 1024;
  }

  async listening(): Promise<void> {
    const entry = await this.logged((line) => line.msg === 'listening', START_TIMEOUT_MS);
    this.url = entry.url as string;
  }

  /** The first log line (at or after line `from`) that fits, now or later. */
  logged(fits: (line: LogEntry) => boolean, timeoutMs = 10_000, from = 0): Promise<LogEntry> {
    return this.#log.waitFor(fits, { timeoutMs, from });
  }

  async ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (!this.exit) await new Promise((done) => this.child.once('exit', done));
    return this.exit!;
  }

  request(path: string, init: RequestInit & { json?: unknown } = {}): Promise<Response> {
    const { json, ...rest } = init;
    const headers = {
      authorization: `Bearer ${KEY}`,
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(rest.headers as object),
    };
    return fetch(`${this.url}${path}`, { ...rest, ...(json !== undefined && { method: 'POST', body: JSON.stringify(json) }), headers });
  }

  /** A Responses request; `input` may carry a scenario marker. */
  responses(body: Record<string, unknown>, init: RequestInit = {}): Promise<Response> {
    return this.request('/v1/responses', { ...init, json: { model: 'gpt-5.4', ...body } });
  }

  async health(): Promise<{ status: string; accounts: number; states: Record<string, number>; reasons: string[] }> {
    return (await fetch(`${this.url}/health`)).json() as ReturnType<GatewayProcess['health']>;
  }

  /** Adds or replaces the file of an account, at once, as a copy or an editor would. */
  writeAccount(account: SandboxAccount): string {
    const { name, content } = sandboxAccountFile(account);
    return this.writeFile(name, content);
  }

  /** Returns the path. */
  writeFile(name: string, content: string): string {
    const path = join(this.authDir, name);
    writeFileSync(`${path}.part`, content, { mode: 0o600 });
    renameSync(`${path}.part`, path);
    return path;
  }

  removeAccount(account: SandboxAccount): void {
    rmSync(join(this.authDir, sandboxAccountFile(account).name), { force: true });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.exit) {
      this.child.kill(signal);
      await this.ended();
    }
    if (!this.keepDir) rmSync(this.dir, { recursive: true, force: true });
  }
}

const defaults = (home: string, backend: CodexBackend): Record<string, unknown> => ({
  listen: '127.0.0.1:0',
  'auth-dir': join(home, 'auths'),
  'db-path': join(home, 'data', 'gateway.db'),
  'base-url': backend.baseUrl,
  'oauth-token-url': backend.oauthTokenUrl,
  'usage-url': backend.usageUrl,
  'api-keys': [KEY],
  'log-format': 'json',
  'log-level': 'info',
  'keepalive-interval': 0,
  'shutdown-timeout': 5,
});
