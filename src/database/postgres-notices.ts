import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { APPLICATION_NAME } from './instance.js';

const CHANNEL = 'codex_proxy';
const CONNECT_TIMEOUT_MS = 5_000;
const PROBE_INTERVAL_MS = 10_000;
const PROBE_TIMEOUT_MS = 3_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

export interface NoticeHandler {
  /** `payload` as it was sent. */
  notice(payload: string): void;
  /** From now on (true) notices arrive; whatever happened before may have been missed. False: they do no longer. */
  live(live: boolean): void;
}

/**
 * One connection of its own that listens. It proves itself with a notice to itself, at first and from time to time: a connection pooler
 * between the service and the database may take `LISTEN` and never deliver anything.
 */
export class PostgresNotices {
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #live = false;
  #closed = false;
  #probe = 0;
  #proved: (() => void) | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly handler: NoticeHandler,
  ) {}

  get live(): boolean {
    return this.#live;
  }

  /** Connects, and again whenever the connection is lost. Never rejects. */
  async start(): Promise<void> {
    const client = new pg.Client(this.#options());
    this.#client = client;
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ payload }) => this.#received(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      await this.#prove(client);
    } catch {
      this.#lost(client);
    }
  }

  /** Tells every process that listens, this one as well. Rejects when that is not possible now. */
  async send(payload: string): Promise<void> {
    if (!this.#live || !this.#client) throw new Error('not connected');
    await this.#client.query('SELECT pg_notify($1, $2)', [CHANNEL, payload]);
  }

  async stop(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  async #prove(client: pg.Client): Promise<void> {
    const probe = `probe:${++this.#probe}:${APPLICATION_NAME}`;
    const arrived = new Promise<boolean>((resolve) => {
      this.#proved = () => resolve(true);
      setTimeout(() => resolve(false), PROBE_TIMEOUT_MS).unref();
    });
    await client.query('SELECT pg_notify($1, $2)', [CHANNEL, probe]);
    const live = await arrived;
    if (client !== this.#client || this.#closed) return;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#setLive(live);
    this.#after(PROBE_INTERVAL_MS, () => this.#prove(client).catch(() => this.#lost(client)));
  }

  #received(payload: string): void {
    if (payload === `probe:${this.#probe}:${APPLICATION_NAME}`) this.#proved?.();
    else if (!payload.startsWith('probe:')) this.handler.notice(payload);
  }

  #lost(client: pg.Client): void {
    if (client !== this.#client) return;
    this.#client = null;
    void client.end().catch(() => undefined);
    this.#setLive(false);
    this.#after(this.#pauseMs, () => this.start());
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  #setLive(live: boolean): void {
    if (live === this.#live) return;
    this.#live = live;
    this.handler.live(live);
  }

  #after(ms: number, next: () => Promise<void>): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void next(), ms).unref();
  }

  #options(): pg.ClientConfig {
    const { url, host, port, username, password, database, ssl } = this.dataSource.options as PostgresDataSourceOptions;
    return {
      ...(url ? { connectionString: url } : { host, port, user: username, password: password, database }),
      ssl: ssl as pg.ClientConfig['ssl'],
      application_name: APPLICATION_NAME,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    };
  }
}
