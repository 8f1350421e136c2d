import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { PostgresServer, startPostgresServer } from './postgres.js';

/** A real PostgreSQL that goes away and comes back, in every way that databases do. */
export class FaultyPostgres {
  private constructor(
    private readonly postgres: PostgresServer,
    readonly dsn: string,
  ) {}

  static async start(): Promise<FaultyPostgres> {
    const postgres = await startPostgresServer({ persistent: true });
    return new FaultyPostgres(postgres, await postgres.createDatabase());
  }

  /** A database of its own; returns its DSN. */
  createDatabase(): Promise<string> {
    return this.postgres.createDatabase();
  }

  /** Connections are cut, and new ones refused. */
  stop(): Promise<void> {
    return this.postgres.server.stop();
  }

  async start(): Promise<void> {
    await this.postgres.server.start();
  }

  /** Without a word to anybody: the server dies in the middle of what it does. */
  async kill(): Promise<void> {
    for (const pid of this.#processes()) signal(pid, 'SIGKILL');
    await this.postgres.server.stop().catch(() => undefined);
  }

  /** Connections stay, new ones are accepted, and nobody ever answers. */
  freeze(): void {
    for (const pid of this.#processes()) signal(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.#processes()) signal(pid, 'SIGCONT');
  }

  /** As after a failover: every connection is cut at once, and again for as long as it is asked to. */
  async cutConnections(): Promise<void> {
    await this.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = $1', [
      'client backend',
    ]);
  }

  /** As a replica that has not been promoted yet: it reads, and refuses to write. */
  async readOnly(on: boolean): Promise<void> {
    await this.query(`ALTER SYSTEM SET default_transaction_read_only = ${on ? 'on' : 'off'}`);
    await this.query('SELECT pg_reload_conf()');
  }

  async query<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.dsn });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<T>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    this.thaw();
    await this.postgres.server.stop();
    await rm(dirname(this.postgres.dataDir), { recursive: true, force: true });
  }

  /** The server's own process and those that it has started. */
  #processes(): number[] {
    let server: number;
    try {
      server = Number(readFileSync(join(this.postgres.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
    } catch {
      return [];
    }
    const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === server);
    return [server, ...children.map(Number)];
  }
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
