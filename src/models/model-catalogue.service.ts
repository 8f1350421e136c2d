import { hash } from 'node:crypto';
import { Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { UpstreamClient } from '../upstream/upstream.client.js';
import { UpstreamHeaders } from '../upstream/upstream-headers.js';
import { CatalogueEntry, readCatalogue } from './catalogue-entry.js';

const FRESH_MS = 300_000;
const RETRY_MS = 60_000;
/** While no account is usable: looking for one goes through all of them. */
const NOBODY_MS = 1_000;
const CALL_TIMEOUT_MS = 5_000;
const MAX_BYTES = 16 * 1024 * 1024;
/** The backend's list depends on the plan; this many plans are asked. */
const MAX_PLANS = 6;

interface PlanList {
  readonly etag: string;
  readonly entries: readonly CatalogueEntry[];
}

/**
 * The backend's own list of models, one per plan among the accounts, joined. Fetched when somebody wants it and it is old; a failure
 * changes nothing. No turn ever waits for it: until it is known, the built-in table has to do.
 */
@Injectable()
export class ModelCatalogue implements OnApplicationShutdown {
  private readonly logger = new Logger(ModelCatalogue.name);
  readonly #plans = new Map<string, PlanList>();
  readonly #stop = new AbortController();
  readonly #url: URL;
  #entries: readonly CatalogueEntry[] = [];
  #bySlug = new Map<string, CatalogueEntry>();
  #etag = '';
  #nextFetch = 0;
  #fetching: Promise<void> | null = null;

  constructor(
    config: Config,
    private readonly pool: AccountPool,
    private readonly client: UpstreamClient,
    private readonly headers: UpstreamHeaders,
    private readonly clock: Clock,
  ) {
    this.#url = new URL(`${config.baseUrl}/models?client_version=${encodeURIComponent(config.upstreamClientVersion)}`);
  }

  /** Whether the backend has told its list. */
  get known(): boolean {
    return this.#entries.length > 0;
  }

  get entries(): readonly CatalogueEntry[] {
    return this.#entries;
  }

  /** Changes with the list; empty while it is not known. */
  get etag(): string {
    return this.#etag;
  }

  find(slug: string): CatalogueEntry | undefined {
    return this.#bySlug.get(slug);
  }

  /** Whether some account has the model; null while nobody knows. */
  available(slug: string): boolean | null {
    return this.known ? this.#bySlug.has(slug) : null;
  }

  /** Starts a fetch in the background if the list is old. */
  touch(): void {
    if (this.#fetching || this.clock.now() < this.#nextFetch || this.#stop.signal.aborted) return;
    this.#fetching = this.#fetchAll().finally(() => (this.#fetching = null));
  }

  /** As `touch`; while nothing is known yet it waits for the answer, at most `limitMs`. */
  async settle(limitMs: number): Promise<void> {
    this.touch();
    if (this.known || !this.#fetching) return;
    const done = new AbortController();
    const limit = this.clock.sleep(limitMs, done.signal).catch(() => undefined);
    await Promise.race([this.#fetching, limit]);
    done.abort();
  }

  onApplicationShutdown(): void {
    this.#stop.abort(new Error('shutting down'));
  }

  async #fetchAll(): Promise<void> {
    const accounts = this.#onePerPlan();
    if (accounts.length === 0) {
      this.#nextFetch = this.clock.now() + NOBODY_MS;
      return;
    }
    const results = await Promise.all(accounts.map((account) => this.#fetchPlan(account)));
    this.#nextFetch = this.clock.now() + (results.includes(false) ? RETRY_MS : FRESH_MS);
    for (const plan of this.#plans.keys()) if (!accounts.some((account) => account.plan === plan)) this.#plans.delete(plan);
    this.#join();
  }

  #onePerPlan(): PoolAccount[] {
    const now = this.clock.now();
    const byPlan = new Map<string, PoolAccount>();
    for (const account of this.pool.all()) {
      const usable =
        account.state === 'active' && account.accessToken !== '' && (account.accessExpiresAt === 0 || account.accessExpiresAt > now);
      if (usable && !byPlan.has(account.plan)) byPlan.set(account.plan, account);
      if (byPlan.size >= MAX_PLANS) break;
    }
    return [...byPlan.values()];
  }

  /** False if the backend did not tell. */
  async #fetchPlan(account: PoolAccount): Promise<boolean> {
    try {
      const known = this.#plans.get(account.plan);
      const headers = this.headers.forAccount(account);
      if (known?.etag) headers['if-none-match'] = known.etag;
      const {
        status,
        headers: answered,
        body,
      } = await this.client.open({
        url: this.#url,
        method: 'GET',
        headers,
        signal: this.#stop.signal,
        totalTimeoutMs: CALL_TIMEOUT_MS,
      });
      const entries = readCatalogue(await body.text(MAX_BYTES));
      if (status === 304 && known) return true;
      if (status !== 200 || !entries || entries.length === 0) throw new Error(`the models endpoint answered HTTP ${status}`);
      this.#plans.set(account.plan, { etag: answered['etag'] ?? '', entries });
      return true;
    } catch (error) {
      if (!this.#stop.signal.aborted)
        this.logger.debug({ msg: 'model catalogue not fetched', accountId: account.id, error: String(error) });
      return false;
    }
  }

  #join(): void {
    const bySlug = new Map<string, CatalogueEntry>();
    for (const { entries } of this.#plans.values()) for (const entry of entries) if (!bySlug.has(entry.slug)) bySlug.set(entry.slug, entry);
    this.#bySlug = bySlug;
    this.#entries = [...bySlug.values()].sort((a, b) => a.priority - b.priority);
    this.#etag = this.known ? `"${hash('sha256', JSON.stringify(this.#entries.map(({ raw }) => raw))).slice(0, 16)}"` : '';
  }
}
