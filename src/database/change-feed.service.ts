import { Injectable, Logger, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { APPLICATION_NAME } from './instance.js';
import { PostgresNotices } from './postgres-notices.js';

const SHARED_TABLES = ['accounts', 'cooldowns', 'model_refusals', 'model_list_holders'] as const;

export type SharedTable = (typeof SHARED_TABLES)[number];

/** What a room wants to know of changes that other processes make. Called synchronously; must not throw. */
export interface ChangeListener {
  /** A row of `table` was changed by another process; `id`: its account, or its own key where it is no account's. */
  changed(table: SharedTable, id: string): void;
  /** Anything may have changed: compare everything. */
  resync(): void;
  /** Another process's word that is in no table. */
  hint(text: string): void;
}

/** Notices may get lost with a connection; so much later at the latest everything is compared. */
const SAFETY_MS = 60_000;
/** How often everything is compared while no notices arrive. */
const POLL_MS = 2_000;
/** Of a SQLite file only the version is read so often, which costs microseconds. */
const VERSION_POLL_MS = 1_000;
/** So long a connection must have lasted before it counts as a sound one. */
const SOUND_MS = 5_000;
/** Postgres takes 8000 bytes. */
const MAX_HINT_BYTES = 7_000;

/**
 * Changes that other processes make in the database. On Postgres triggers announce them within milliseconds, and comparing from time
 * to time catches what an announcement missed; processes on one SQLite file look at its version.
 */
@Injectable()
export class ChangeFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ChangeFeed.name);
  readonly #listeners: ChangeListener[] = [];
  readonly #notices: PostgresNotices | null;
  #timer: NodeJS.Timeout | null = null;
  #comparedAt = 0;
  #lostAt: number | null = null;
  #version = 0;

  constructor(private readonly dataSource: DataSource) {
    this.#notices =
      dataSource.options.type === 'postgres'
        ? new PostgresNotices(dataSource, {
            notice: (payload) => this.#received(payload),
            live: (live) => this.#turned(live),
          })
        : null;
  }

  subscribe(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  /** Whether changes of others arrive at once. */
  get live(): boolean {
    return this.#notices?.live ?? true;
  }

  /**
   * Whether the database has cut the connection that announces changes, and it is not back for good. Behind a connection pooler that never
   * passes announcements on nothing is wrong.
   */
  get disturbed(): boolean {
    return this.#lostAt !== null && (!this.live || performance.now() - this.#lostAt < SOUND_MS);
  }

  onApplicationBootstrap(): void {
    this.#comparedAt = performance.now();
    if (this.#notices) void this.#notices.start();
    else this.#version = this.#sqliteVersion() ?? 0;
    const round = this.#notices ? (): void => this.#round() : (): void => this.#lookAtVersion();
    this.#timer = setInterval(round, this.#notices ? POLL_MS : VERSION_POLL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#notices?.stop();
  }

  /** Tells other processes, if they can be told now; at most about 7000 bytes. A hint may get lost. */
  tell(text: string): void {
    if (!this.#notices?.live || Buffer.byteLength(text) > MAX_HINT_BYTES) return;
    this.#notices.send(`hint:${APPLICATION_NAME}:${text}`).catch(() => undefined);
  }

  /** `TABLE:ID:ORIGIN` (from the triggers) or `hint:ORIGIN:TEXT`. */
  #received(payload: string): void {
    const [kind, first, rest] = split(payload);
    if (kind === 'hint' && first !== APPLICATION_NAME) for (const listener of this.#listeners) listener.hint(rest);
    const table = SHARED_TABLES.find((name) => name === kind);
    if (table && rest !== APPLICATION_NAME) for (const listener of this.#listeners) listener.changed(table, first);
  }

  #turned(live: boolean): void {
    this.logger.log({
      msg: live ? 'changes of other replicas arrive at once' : 'no notices from the database: changes of other replicas are polled',
    });
    if (!live) this.#lostAt = performance.now();
    if (live) this.#resync();
  }

  #round(): void {
    if (!this.live || performance.now() - this.#comparedAt >= SAFETY_MS) this.#resync();
  }

  #resync(): void {
    this.#comparedAt = performance.now();
    for (const listener of this.#listeners) listener.resync();
  }

  #lookAtVersion(): void {
    const version = this.#sqliteVersion();
    if (version === null || version === this.#version) return;
    this.#version = version;
    this.#resync();
  }

  /** Changes with every commit of another connection; null while the file cannot be read. */
  #sqliteVersion(): number | null {
    try {
      const { databaseConnection } = this.dataSource.driver as unknown as { databaseConnection: Database.Database };
      return databaseConnection.pragma('data_version', { simple: true }) as number;
    } catch {
      return null;
    }
  }
}

function split(payload: string): [kind: string, first: string, rest: string] {
  const one = payload.indexOf(':');
  const two = payload.indexOf(':', one + 1);
  return [payload.slice(0, one), payload.slice(one + 1, two), payload.slice(two + 1)];
}
