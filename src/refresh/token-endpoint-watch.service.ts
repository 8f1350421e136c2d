import { BeforeApplicationShutdown, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import type { RenewOptions } from './refresh-result.js';
import { RefreshService, SettledRefresh } from './refresh.service.js';
import { Semaphore } from './semaphore.js';

const LOOK_INTERVAL_MS = 500;
/** One account that fails has trouble of its own; when several do and nobody is renewed, it is the endpoint. */
const SEVERAL = 2;
/** Whose refresh began so soon after somebody was renewed, and failed, has trouble of its own. */
const WORKS_MS = 5_000;
/** The pause between two probes is this share of the time that the trouble has lasted, within these bounds. */
const PROBE_SHARE = 1 / 30;
const SHORTEST_PROBE_PAUSE_MS = 1_000;
const LONGEST_PROBE_PAUSE_MS = 30_000;
/** No account is asked for again sooner than after its own first pause: each call spends a token that the vendor may have rotated. */
const ACCOUNT_PAUSE_MS = 5_000;
/** The rest of `refresh-concurrency` stays free for the refreshes of requests. */
const SHARE = 0.5;

interface Waiting {
  readonly accountId: string;
  readonly generation: number;
  readonly options: RenewOptions;
  /** When the refresh that failed began. */
  readonly askedAt: number;
  /** Not before this instant: the pause that it needs at least, or that the vendor named. */
  readonly notBefore: number;
}

/**
 * Ends the pauses of accounts whose refresh failed because the token endpoint was in trouble, as soon as it works again: by themselves
 * they would last half a minute and more, in which a pool whose access tokens have ended serves nobody. One probe at a time, with one of
 * the accounts that wait, finds the end; any refresh that succeeds tells it too.
 */
@Injectable()
export class TokenEndpointWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(TokenEndpointWatch.name);
  /** Those that failed longest ago first. At most one small record an account. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #slots: Semaphore;
  #timer: NodeJS.Timeout | undefined;
  #troubleSince = 0;
  /** Whether the log has this trouble. */
  #told = false;
  #workedAt = -Infinity;
  #probedAt = -Infinity;
  #probing = false;
  #closed = false;

  constructor(
    private readonly refresh: RefreshService,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.#slots = new Semaphore(Math.floor(config.refreshConcurrency * SHARE));
    refresh.onSettled((refreshed) => this.#note(refreshed));
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_INTERVAL_MS).unref();
  }

  beforeApplicationShutdown(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  /** Lets go whose pause has no reason any more, and probes the endpoint if it is time. Never rejects. */
  async look(): Promise<void> {
    if (this.#closed) return;
    const now = this.clock.now();
    for (const waiting of this.#ready(now)) if (this.#workedAt > waiting.askedAt) this.#free(waiting);
    if (this.#probing || this.#waiting.size < SEVERAL) return;
    const pause = Math.max(SHORTEST_PROBE_PAUSE_MS, (now - this.#troubleSince) * PROBE_SHARE);
    if (now - this.#probedAt < Math.min(pause, LONGEST_PROBE_PAUSE_MS)) return;
    const [next] = this.#ready(now);
    if (!next) return;
    this.#probing = true;
    this.#probedAt = now;
    await this.#renew(next);
    this.#probing = false;
  }

  #note({ accountId, generation, options, startedAt, result }: SettledRefresh): void {
    // The endpoint was not asked: the account is still waiting, if it was.
    if (result.kind === 'unavailable' && result.endpoint !== 'failed') return;
    const now = this.clock.now();
    this.#waiting.delete(accountId);
    if (result.kind === 'renewed') return this.#works(now);
    const since = startedAt - this.#workedAt;
    if (result.kind === 'refused' || (since >= 0 && since < WORKS_MS)) return;
    if (this.#waiting.size === 0) this.#begins(now);
    const notBefore = Math.max(now + ACCOUNT_PAUSE_MS, result.askedToWaitUntil ?? 0);
    this.#waiting.set(accountId, { accountId, generation, options, askedAt: startedAt, notBefore });
    if (this.#waiting.size < SEVERAL || this.#told) return;
    this.#told = true;
    this.logger.warn({ msg: 'the token endpoint renews nobody', waiting: this.#waiting.size, reason: result.reason });
  }

  #begins(now: number): void {
    this.#troubleSince = now;
    this.#told = false;
  }

  *#ready(now: number): Generator<Waiting> {
    for (const waiting of this.#waiting.values()) if (waiting.notBefore <= now) yield waiting;
  }

  #works(now: number): void {
    if (this.#told) {
      this.#told = false;
      const seconds = Math.round((now - this.#troubleSince) / 1000);
      this.logger.log({ msg: 'the token endpoint works again', seconds, waiting: this.#waiting.size });
    }
    this.#workedAt = now;
    for (const waiting of this.#ready(now)) this.#free(waiting);
  }

  #free(waiting: Waiting): void {
    this.#waiting.delete(waiting.accountId);
    void this.#slots.run(() => this.#renew(waiting));
  }

  async #renew(waiting: Waiting): Promise<void> {
    const { accountId, generation, options } = waiting;
    if (!this.#closed) await this.refresh.renew(accountId, generation, { ...options, force: true });
    // It cannot be asked for now, for reasons of its own.
    if (this.#waiting.get(accountId) === waiting) this.#waiting.delete(accountId);
  }
}
