import { Injectable } from '@nestjs/common';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import { type Cancellation, CancelSource } from '../common/cancellation.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { type QuotaCheck, QuotaCheckService } from './quota-check.service.js';

/** What a request pays at most for knowing an account's quota first. */
const PATIENCE_MS = 1_000;
/** So long nobody waits again for an account that was asked about, whatever came of it, nor for any when the answer was late or none. */
const ASKED_MS = 30_000;

/**
 * `quota-precheck`: an account whose quota is not known, or older than `quota-check-cache-ttl-sec`, is asked about before it is used.
 * The answer, not this class, puts a used-up account out of the rotation.
 */
@Injectable()
export class QuotaPrecheck {
  readonly #enabled: boolean;
  readonly #cacheMs: number;
  readonly #asked = new Map<string, number>();
  #silentUntil = 0;

  constructor(
    private readonly checks: QuotaCheckService,
    private readonly clock: Clock,
    pool: AccountPool,
    config: Config,
  ) {
    this.#enabled = config.quotaPrecheck;
    this.#cacheMs = config.quotaCheckCacheTtlSec * 1000;
    pool.onRemoved((id) => this.#asked.delete(id));
  }

  /** Whether the account may be used as it is. Costs nothing when the precheck is off. */
  isKnown({ id, quota }: PoolAccount): boolean {
    if (!this.#enabled) return true;
    const now = this.clock.now();
    if (now < this.#silentUntil || (quota !== null && now - quota.at < this.#cacheMs)) return true;
    return now - (this.#asked.get(id) ?? -Infinity) < ASKED_MS;
  }

  /** Asks; resolves with the answer, or after a second without it. Never rejects. */
  async ask(accountId: string, signal: Cancellation): Promise<void> {
    const patience = new CancelSource().follow(signal);
    const late = this.clock.sleep(PATIENCE_MS, patience).then(() => this.#isSilent());
    const check = this.checks.check(accountId).then((answer) => {
      this.#asked.set(accountId, this.clock.now());
      if (!isAnswer(answer)) this.#isSilent();
    });
    await Promise.race([check, late.catch(() => undefined)]);
    patience.abort();
    this.#asked.set(accountId, this.clock.now());
  }

  #isSilent(): void {
    this.#silentUntil = this.clock.now() + ASKED_MS;
  }
}

/** A refused login is an answer as well. */
const isAnswer = (check: QuotaCheck): boolean => typeof check === 'string' || (check.status !== undefined && check.status < 429);
