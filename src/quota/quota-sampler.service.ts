import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { Clock } from '../common/clock.js';
import type { QuotaSnapshot, QuotaWindow } from '../upstream/quota-snapshot.js';
import type { QuotaSampleEntity } from './quota-sample.entity.js';
import { QuotaSampleRepository } from './quota-sample.repository.js';

const MINUTE_MS = 60_000;
const CHANGED_PERCENT = 1;
const UNCHANGED_MS = 15 * MINUTE_MS;
const WRITE_INTERVAL_MS = 10_000;
const CHUNK = 500;
/** While the database is away; beyond it the oldest are given up: a history may have a gap, a process may not grow for ever. */
const MAX_WAITING = 50_000;
export const RETENTION_MS = 14 * 24 * 60 * MINUTE_MS;
/** Old samples go in slices: on SQLite a deletion is synchronous. */
const SLICE_MS = 60 * MINUTE_MS;

/** Keeps a history of the quota readings that this process makes: each change of a point or more, and a sign of life every 15 minutes. */
@Injectable()
export class QuotaSampler implements OnApplicationShutdown {
  private readonly logger = new Logger(QuotaSampler.name);
  readonly #last = new Map<string, QuotaSampleEntity[]>();
  readonly #closing = new AbortController();
  #waiting: QuotaSampleEntity[] = [];
  #writing: Promise<void> | null = null;
  #failing = false;
  /** Samples that were given up. */
  dropped = 0;

  constructor(
    private readonly repository: QuotaSampleRepository,
    private readonly clock: Clock,
    effects: AccountEffects,
    pool: AccountPool,
  ) {
    effects.onQuota((accountId, snapshot) => this.note(accountId, snapshot));
    pool.onRemoved((accountId) => this.#last.delete(accountId));
  }

  get pending(): number {
    return this.#waiting.length;
  }

  /** Synchronous: written behind. */
  note(accountId: string, { windows, at }: QuotaSnapshot): void {
    const last = this.#last.get(accountId) ?? [];
    const next = windows.map((window) => {
      const before = last.find(({ windowMinutes }) => windowMinutes === window.minutes);
      return before && !isNews(before, window, at) ? before : this.#sample(accountId, window, at);
    });
    this.#last.set(accountId, next);
    if (this.#waiting.length > 0) this.#writing ??= this.#writeInTurn().finally(() => (this.#writing = null));
  }

  /** Deletes what is older than two weeks. Never rejects; what fails is left to the next time. */
  async forgetOld(): Promise<void> {
    const end = this.clock.now() - RETENTION_MS;
    try {
      for (let oldest = await this.repository.oldest(); oldest !== null && oldest < end; oldest = await this.repository.oldest()) {
        if (this.#closing.signal.aborted) return;
        await this.repository.deleteBefore(Math.min(oldest + SLICE_MS, end));
        await setImmediate();
      }
    } catch (error) {
      this.logger.warn({ msg: 'old quota samples cannot be deleted now', error: String(error) });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.#closing.abort();
    await this.#writing;
    await this.#write();
  }

  #sample(accountId: string, { minutes, usedPercent, resetsAt }: QuotaWindow, at: number): QuotaSampleEntity {
    const sample = { accountId, windowMinutes: minutes, at, usedPercent, resetsAt };
    this.#waiting.push(sample);
    if (this.#waiting.length > MAX_WAITING) this.dropped += this.#waiting.splice(0, CHUNK).length;
    return sample;
  }

  async #writeInTurn(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
      await this.clock.sleep(WRITE_INTERVAL_MS, this.#closing.signal).catch(() => undefined);
      await this.#write();
    }
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const chunk = this.#waiting.slice(0, CHUNK);
        await this.repository.insertMany(chunk);
        const written = new Set(chunk);
        this.#waiting = this.#waiting.filter((sample) => !written.has(sample));
        this.#failing = false;
        await setImmediate();
      }
    } catch (error) {
      if (!this.#failing) this.logger.warn({ msg: 'database does not take quota samples, they wait', error: String(error) });
      this.#failing = true;
    }
  }
}

const isNews = (before: QuotaSampleEntity, { usedPercent }: QuotaWindow, at: number): boolean =>
  Math.abs(usedPercent - before.usedPercent) >= CHANGED_PERCENT || at - before.at >= UNCHANGED_MS;
