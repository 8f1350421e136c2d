import { BeforeApplicationShutdown, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import type { RefreshResult, RenewOptions } from './refresh-result.js';
import { Rotation } from './rotation.js';
import { Semaphore } from './semaphore.js';

/** A refresh that has come to its end, by whomever it was asked for. */
export interface SettledRefresh {
  readonly accountId: string;
  /** The one that was found wanting. */
  readonly generation: number;
  readonly options: RenewOptions;
  readonly startedAt: number;
  readonly result: RefreshResult;
}

interface Flight {
  readonly startedAt: number;
  readonly options: RenewOptions;
  readonly result: Promise<RefreshResult>;
}

const RENEWED: RefreshResult = { kind: 'renewed' };
/** How often an account that another process refreshes is looked at. */
const BUSY_POLL_MS = 250;

/**
 * Renews access tokens: one refresh per account at a time, however many ask, in this process and (by a lease in the database)
 * in all others; at most `refresh-concurrency` at once.
 */
@Injectable()
export class RefreshService implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger(RefreshService.name);
  private readonly flights = new Map<string, Flight>();
  private readonly slots: Semaphore;
  private readonly listeners: ((settled: SettledRefresh) => void)[] = [];
  private closing = false;

  constructor(
    private readonly pool: AccountPool,
    private readonly rotation: Rotation,
    config: Config,
    private readonly clock: Clock,
  ) {
    this.slots = new Semaphore(config.refreshConcurrency);
  }

  /**
   * Brings a token newer than `seenGeneration`, the one the caller found wanting; returns at once if there is one already.
   * A refresh that has begun goes on whoever stops waiting for it. Cooldowns are not touched. Never rejects.
   */
  async renew(accountId: string, seenGeneration: number, options: RenewOptions = {}): Promise<RefreshResult> {
    for (;;) {
      if (this.isNewer(accountId, seenGeneration)) return RENEWED;
      const running = this.flights.get(accountId);
      if (!running) return this.start(accountId, seenGeneration, options);
      const result = await running.result;
      if (result.kind === 'refused' || (result.kind === 'unavailable' && asksNoMore(options, running.options))) return result;
    }
  }

  /** For how long this process has been renewing the account's token; 0: it does not. */
  runningForMs(accountId: string): number {
    const running = this.flights.get(accountId);
    return running ? this.clock.now() - running.startedAt : 0;
  }

  onSettled(listener: (settled: SettledRefresh) => void): void {
    this.listeners.push(listener);
  }

  /** Requests may still be draining after this; new refreshes are refused only at the very end. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.settle();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing = true;
    await this.settle();
  }

  private start(accountId: string, seenGeneration: number, options: RenewOptions): Promise<RefreshResult> {
    if (this.closing) return Promise.resolve({ kind: 'unavailable', reason: 'shutting down' });
    const startedAt = this.clock.now();
    const result = this.fly(accountId, seenGeneration, options)
      .catch((error: unknown): RefreshResult => {
        this.logger.error({ msg: 'refresh failed unexpectedly', accountId, error: error instanceof Error ? error.message : String(error) });
        return { kind: 'unavailable', reason: 'internal error' };
      })
      .finally(() => this.flights.delete(accountId));
    void result.then((settled) => this.tell({ accountId, generation: seenGeneration, options, startedAt, result: settled }));
    this.flights.set(accountId, { startedAt, options, result });
    return result;
  }

  private tell(settled: SettledRefresh): void {
    for (const listener of this.listeners) listener(settled);
  }

  /** A process that waits for another one's refresh holds no slot meanwhile. */
  private async fly(accountId: string, seenGeneration: number, options: RenewOptions): Promise<RefreshResult> {
    const deadline = this.clock.now() + this.rotation.longestMs;
    for (;;) {
      const result = await this.slots.run(() => this.rotation.rotate(accountId, seenGeneration, options));
      if (result.kind !== 'busy') return result;
      if (this.closing || this.clock.now() >= deadline)
        return { kind: 'unavailable', reason: 'another process is refreshing this account' };
      await this.clock.sleep(BUSY_POLL_MS);
    }
  }

  private isNewer(accountId: string, seenGeneration: number): boolean {
    const account = this.pool.get(accountId);
    return account !== undefined && account.tokenGeneration > seenGeneration;
  }

  /** A refresh that the process leaves alone could lose the only valid token. */
  private async settle(): Promise<void> {
    const running = [...this.flights.values()].map((flight) => flight.result);
    if (running.length === 0) return;
    const patience = new AbortController();
    const limit = this.clock.sleep(this.rotation.longestMs, patience.signal).catch(() => undefined);
    await Promise.race([Promise.allSettled(running), limit]);
    patience.abort();
  }
}

/** Whether a flight with the options `running` has answered a caller with the options `asked` too. */
const asksNoMore = (asked: RenewOptions, running: RenewOptions): boolean =>
  (asked.ifDue === true || running.ifDue !== true) &&
  (asked.force !== true || running.force === true) &&
  (asked.recover !== true || running.recover === true);
