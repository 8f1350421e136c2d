import { Injectable } from '@nestjs/common';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { RefreshService } from '../refresh/refresh.service.js';
import { UsageClient, UsageReading } from './usage.client.js';

/** `unusable`: the account has no token to ask with and none can be had now. */
export type QuotaCheck = (UsageReading & { readonly fromCache: boolean }) | 'unknown' | 'unusable';

export interface QuotaCheckOptions {
  /** Also when the last reading is younger than `quota-check-cache-ttl-sec`. */
  readonly force?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 10_000;

/**
 * One account's quota, asked from the backend: one call per account at a time however many want it. What the answer says goes through
 * the table of effects like the outcome of any attempt; a 401 is answered by one refresh and one more call.
 */
@Injectable()
export class QuotaCheckService {
  readonly #running = new Map<string, Promise<QuotaCheck>>();

  constructor(
    private readonly pool: AccountPool,
    private readonly usage: UsageClient,
    private readonly effects: AccountEffects,
    private readonly refresh: RefreshService,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.#cacheMs = config.quotaCheckCacheTtlSec * 1000;
  }

  readonly #cacheMs: number;

  /** Never rejects. */
  check(accountId: string, options: QuotaCheckOptions = {}): Promise<QuotaCheck> {
    const account = this.pool.get(accountId);
    if (!account) return Promise.resolve('unknown');
    const fresh = account.quota !== null && this.clock.now() - account.quota.at < this.#cacheMs;
    if (fresh && !options.force) return Promise.resolve({ outcome: { kind: 'ok' }, snapshot: account.quota, fromCache: true });
    const running = this.#running.get(accountId);
    if (running) return running;
    const check = this.#ask(account, options).finally(() => this.#running.delete(accountId));
    this.#running.set(accountId, check);
    return check;
  }

  async #ask({ id }: PoolAccount, { timeoutMs = TIMEOUT_MS, signal }: QuotaCheckOptions): Promise<QuotaCheck> {
    if (!(await this.#hasToken(id))) return 'unusable';
    const first = await this.#read(id, timeoutMs, signal);
    if (first === 'unknown' || first.reading.outcome.kind !== 'unauthorized' || first.reading.outcome.dead) return this.#done(id, first);
    const attempt = first.attempt;
    if (!this.effects.mayForceRefresh(id, attempt)) return this.#done(id, first);
    this.effects.noteUnauthorized(id, attempt);
    const renewed = await this.refresh.renew(id, attempt.generation);
    return this.#done(id, renewed.kind === 'renewed' ? await this.#read(id, timeoutMs, signal) : first);
  }

  async #read(id: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<Asked | 'unknown'> {
    const account = this.pool.get(id);
    if (!account) return 'unknown';
    const attempt = { leasedAt: this.clock.now(), generation: account.tokenGeneration };
    return { attempt, reading: await this.usage.read(account, timeoutMs, signal) };
  }

  #done(id: string, asked: Asked | 'unknown'): QuotaCheck {
    if (asked === 'unknown') return asked;
    const { reading, attempt } = asked;
    if (reading.snapshot) this.effects.observeQuota(id, reading.snapshot);
    if (reading.outcome.kind !== 'aborted') this.effects.report(id, '*', reading.outcome, attempt);
    return { ...reading, fromCache: false };
  }

  async #hasToken(id: string): Promise<boolean> {
    const account = this.pool.get(id);
    if (!account) return false;
    const now = this.clock.now();
    if (account.accessToken !== '' && (account.accessExpiresAt === 0 || account.accessExpiresAt > now)) return true;
    return account.refreshable && (await this.refresh.renew(id, account.tokenGeneration)).kind === 'renewed';
  }
}

interface Asked {
  readonly reading: UsageReading;
  readonly attempt: { readonly leasedAt: number; readonly generation: number };
}
