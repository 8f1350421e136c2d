import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { CodexBackend } from '../../src/sandbox/codex-backend.server.js';
import type { SandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { sandboxAccountFile } from '../../src/sandbox/sandbox.seed.js';
import { GatewayProcess } from './gateway-process.js';
import { startPostgres, TestPostgres } from './postgres.js';

export interface ReplicaOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** A directory that an earlier replica has left. */
  readonly dir?: string;
}

/** Replicas of the built program on one real PostgreSQL, with one directory of account files. */
export class ReplicaSet {
  readonly authDir = mkdtempSync(join(tmpdir(), 'replica-set-'));
  readonly gateways: GatewayProcess[] = [];

  private constructor(
    private readonly backend: CodexBackend,
    /** Null: somebody else's. */
    private readonly postgres: TestPostgres | null,
    private readonly dsn: string,
    private readonly config: Readonly<Record<string, unknown>>,
  ) {}

  static async open(
    backend: CodexBackend,
    accounts: readonly SandboxAccount[],
    config: Readonly<Record<string, unknown>> = {},
    shared?: TestPostgres,
  ): Promise<ReplicaSet> {
    const server = shared ?? (await startPostgres());
    const set = new ReplicaSet(backend, shared ? null : server, await server.createDatabase(), config);
    for (const account of accounts) set.writeAccount(account);
    return set;
  }

  writeAccount(account: SandboxAccount): void {
    const { name, content } = sandboxAccountFile(account);
    writeFileSync(join(this.authDir, name), content, { mode: 0o600 });
  }

  /** Without waiting for it. */
  spawn({ config = {}, env = {}, dir }: ReplicaOptions = {}): GatewayProcess {
    const database = { 'db-enabled': true, 'db-driver': 'postgres', 'db-dsn': this.dsn, 'auth-dir': this.authDir };
    const gateway = GatewayProcess.spawn({
      backend: this.backend,
      config: { ...database, ...this.config, ...config },
      env: { CODEX_PROXY_ENCRYPTION_KEY: 'the same words for every replica', ...env },
      dir,
    });
    this.gateways.push(gateway);
    return gateway;
  }

  /** Answers, and has loaded every account. */
  async start(options: ReplicaOptions = {}): Promise<GatewayProcess> {
    const gateway = this.spawn(options);
    await gateway.listening();
    await gateway.logged(({ msg }) => msg === 'accounts loaded');
    return gateway;
  }

  async sql<Row extends object>(text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.dsn });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** The refresh tokens that the account files hold. */
  refreshTokensInFiles(): string[] {
    const names = readdirSync(this.authDir).filter((name) => name.endsWith('.json'));
    return names.map((name) => (JSON.parse(readFileSync(join(this.authDir, name), 'utf8')) as { refresh_token: string }).refresh_token);
  }

  async close(): Promise<void> {
    for (const gateway of this.gateways) await gateway.stop('SIGKILL');
    for (const { dir } of this.gateways) rmSync(dir, { recursive: true, force: true });
    await this.postgres?.stop();
    rmSync(this.authDir, { recursive: true, force: true });
  }
}
