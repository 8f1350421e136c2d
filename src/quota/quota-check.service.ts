import { BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import type { Cancellation } from '../common/cancellation.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import type { RenewOptions } from '../refresh/refresh-result.js';
import { RefreshService } from '../refresh/refresh.service.js';
import { Semaphore } from '../refresh/semaphore.js';
import { UsageClient, UsageReading } from './usage.client.js';

/** `unusable`: the account has no token to ask with and none can be had now. */
export type QuotaCheck = (UsageReading & { readonly fromCache: boolean }) | 'unknown' | 'unusable';

export interface QuotaCheckOptions {
  /** Also when the last reading is younger than `quota-check-cache-ttl-sec`. */
  readonly force?: boolean;
  readonly timeoutMs?: number;
  /** The account is out of service because its login was lost or refused, and may get a new token all the same. */
  readonly recover?: boolean;
  /** Ends the waiting of this caller with the outcome `aborted`; others who wait for the same answer still get it. */
  readonly signal?: Cancellation;
}

interface Asked {
  readonly reading: UsageReading;
  readonly attempt: { readonly leasedAt: number; readonly generation: number };
}

const TIMEOUT_MS = 10_000;
const ABORTED: QuotaCheck = { outcome: { kind: 'aborted' }, snapshot: null, fromCache: false };

/**
 * One account's quota, asked from the backend: one call per account at a time however many want it, and at most
 * `quota-check-concurrency` in all. What the answer says of the account goes to AccountEffects; a 401 is answered by one refresh and
 * one more call, and so is any status for which the configuration asks it.
 */
@Injectable()
export class QuotaCheckService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(QuotaCheckService.name);
  readonly #running = new Map<string, Promise<QuotaCheck>>();
  readonly #closing = new AbortController();
  readonly #slots: Semaphore;
  readonly #cacheMs: number;

  constructor(
    private readonly pool: AccountPool,
    private readonly usage: UsageClient,
    private readonly effects: AccountEffects,
    private readonly refresh: RefreshService,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.#cacheMs = config.quotaCheckCacheTtlSec * 1000;
    this.#slots = new Semaphore(config.quotaCheckConcurrency || config.refreshConcurrency);
  }

  beforeApplicationShutdown(): void {
    this.#closing.abort();
  }

  /** Never rejects. */
  check(accountId: string, options: QuotaCheckOptions = {}): Promise<QuotaCheck> {
    const account = this.pool.get(accountId);
    if (!account) return Promise.resolve('unknown');
    if (options.signal?.aborted || this.#closing.signal.aborted) return Promise.resolve(ABORTED);
    const fresh = account.quota !== null && this.clock.now() - account.quota.at < this.#cacheMs;
    if (fresh && !options.force) return Promise.resolve({ outcome: { kind: 'ok' }, snapshot: account.quota, fromCache: true });
    return untilAborted(this.#running.get(accountId) ?? this.#start(account, options), options.signal);
  }

  #start(account: PoolAccount, { timeoutMs = TIMEOUT_MS, recover }: QuotaCheckOptions): Promise<QuotaCheck> {
    const check = this.#slots
      .run(() => this.#ask(account.id, timeoutMs, { recover }))
      .catch((error: unknown) => this.#unexpected(account.id, error))
      .finally(() => this.#running.delete(account.id));
    this.#running.set(account.id, check);
    return check;
  }

  #unexpected(accountId: string, error: unknown): QuotaCheck {
    this.logger.error({ msg: 'quota check failed unexpectedly', accountId, error: String(error) });
    return { outcome: { kind: 'network', failure: 'protocol', message: 'internal error' }, snapshot: null, fromCache: false };
  }

  async #ask(id: string, timeoutMs: number, how: RenewOptions): Promise<QuotaCheck> {
    if (this.#closing.signal.aborted) return ABORTED;
    if (!(await this.#hasToken(id, how))) return 'unusable';
    const first = await this.#read(id, timeoutMs);
    if (first === 'unknown' || !this.#isWorthRefresh(first.reading)) return this.#done(id, first, false);
    const { attempt } = first;
    if (!this.effects.mayForceRefresh(id, attempt)) return this.#done(id, first, false);
    if (first.reading.outcome.kind === 'unauthorized') this.effects.noteUnauthorized(id, attempt);
    const renewed = await this.refresh.renew(id, attempt.generation, how);
    return renewed.kind === 'renewed' ? this.#done(id, await this.#read(id, timeoutMs), true) : this.#done(id, first, false);
  }

  #isWorthRefresh({ outcome, status }: UsageReading): boolean {
    const rule = this.effects.usageRule({ outcome, status });
    return rule ? rule.phase === 'refresh_once' : outcome.kind === 'unauthorized' && !outcome.dead;
  }

  async #read(id: string, timeoutMs: number): Promise<Asked | 'unknown'> {
    const account = this.pool.get(id);
    if (!account) return 'unknown';
    const attempt = { leasedAt: this.clock.now(), generation: account.tokenGeneration };
    return { attempt, reading: await this.usage.read(account, timeoutMs, this.#closing.signal) };
  }

  #done(id: string, asked: Asked | 'unknown', refreshed: boolean): QuotaCheck {
    if (asked === 'unknown') return asked;
    const { reading, attempt } = asked;
    this.effects.reportUsage(id, { outcome: reading.outcome, status: reading.status, refreshed }, attempt);
    if (reading.snapshot) this.effects.observeQuota(id, reading.snapshot);
    return { ...reading, fromCache: false };
  }

  async #hasToken(id: string, how: RenewOptions): Promise<boolean> {
    const account = this.pool.get(id);
    if (!account) return false;
    const now = this.clock.now();
    if (account.accessToken !== '' && (account.accessExpiresAt === 0 || account.accessExpiresAt > now)) return true;
    return account.refreshable && (await this.refresh.renew(id, account.tokenGeneration, how)).kind === 'renewed';
  }
}

function untilAborted(check: Promise<QuotaCheck>, signal: Cancellation | undefined): Promise<QuotaCheck> {
  if (!signal) return check;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(ABORTED);
    signal.addEventListener('abort', onAbort, { once: true });
    check.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
