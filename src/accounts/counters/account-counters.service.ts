import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { redactText } from '../../common/redact.js';
import type { Outcome } from '../../upstream/outcome.js';
import type { TokenUsage } from '../../upstream/token-usage.js';
import { AccountCounterRepository, CounterBatch } from './account-counter.repository.js';
import { addCounters, Counters, errorClassOf, noCounters } from './counters.js';

/** What `kill -9` may lose. */
const WRITE_INTERVAL_MS = 2_000;
const LONGEST_PAUSE_MS = 5_000;
const BATCH = 500;
const READ_PATIENCE_MS = 2_000;
const FLUSH_PATIENCE_MS = 5_000;
const MAX_MESSAGE = 300;
/** A writer that has been silent for so long is no more. */
const WRITER_LIFE_MS = 86_400_000;

export interface CounterReading {
  readonly byAccount: ReadonlyMap<string, Counters>;
  /** Of every account there is or was. */
  readonly total: Counters;
  /** False: the database does not answer, and these are only the counts that wait to be written. */
  readonly complete: boolean;
  /** Accounts of which this process has counts that are not in the database yet. */
  readonly unwritten: number;
}

/**
 * Counts what goes through each account. In memory at once, and written behind, together, every two seconds: counts of all replicas add
 * up, and none is lost or added twice while the database is away. A request never waits for it.
 */
@Injectable()
export class AccountCounters implements OnApplicationShutdown {
  private readonly logger = new Logger(AccountCounters.name);
  readonly #writer = randomBytes(8).toString('hex');
  readonly #closing = new AbortController();
  #gathered = new Map<string, Counters>();
  /** Taken out of `#gathered` and not known to be in the database: neither its number nor its content may change any more. */
  #batch: CounterBatch | null = null;
  #batches = 0;
  #turns: Promise<void> | null = null;
  #writing: Promise<void> | null = null;
  #failures = 0;

  constructor(
    private readonly repository: AccountCounterRepository,
    private readonly clock: Clock,
  ) {}

  /** A call that went out through the account, and what it came to; streams when they have ended. */
  attempted(accountId: string, outcome: Outcome): void {
    if (outcome.kind === 'queue_full') return;
    const counters = this.#of(accountId);
    const now = this.clock.now();
    counters.requests++;
    counters.lastUsedAt = now;
    if (outcome.kind === 'aborted') counters.aborted++;
    const failure = errorClassOf(outcome);
    if (failure === null) return;
    counters[`${failure}Errors`]++;
    counters.lastErrorAt = now;
    counters.lastErrorClass = failure;
    counters.lastError = wordsOf(outcome);
  }

  /** Tokens that an answer says it took, whatever became of the answer. */
  spent(accountId: string, usage: TokenUsage | null): void {
    if (usage === null) return;
    const counters = this.#of(accountId);
    counters.inputTokens += usage.input;
    counters.cachedTokens += usage.cached;
    counters.outputTokens += usage.output;
  }

  /** Counts of these accounts and of all together, what is not written yet included. Does not wait longer than two seconds for the database. */
  async read(accountIds: readonly string[]): Promise<CounterReading> {
    const patience = new AbortController();
    const away = this.clock.sleep(READ_PATIENCE_MS, patience.signal).then(() => null);
    const stored = await Promise.race([this.#stored(accountIds), away]).catch(() => null);
    patience.abort();
    const byAccount = new Map<string, Counters>();
    const total = noCounters();
    if (stored) addCounters(total, stored.total);
    for (const [id, counters] of this.#unwritten()) {
      addCounters(total, counters);
      const sum = byAccount.get(id) ?? noCounters();
      addCounters(sum, counters);
      byAccount.set(id, sum);
    }
    for (const [id, counters] of stored?.byAccount ?? []) {
      const sum = byAccount.get(id) ?? noCounters();
      addCounters(sum, counters);
      byAccount.set(id, sum);
    }
    return { byAccount, total, complete: stored !== null, unwritten: this.#unwrittenAccounts };
  }

  /** Resolves when everything that was counted before is written; rejects when the database is away. */
  async flush(): Promise<void> {
    // No more batches than that: under load there is always something new.
    const due = (this.#batch ? 1 : 0) + Math.ceil(this.#gathered.size / BATCH);
    for (let n = 0; n < due; n++) {
      await this.#writing;
      this.#batch ??= this.#take();
      if (this.#batch === null) return;
      await (this.#writing ??= this.#write(this.#batch).finally(() => (this.#writing = null)));
      await setImmediate();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.#closing.abort();
    const patience = new AbortController();
    const limit = this.clock.sleep(FLUSH_PATIENCE_MS, patience.signal).catch(() => undefined);
    await Promise.race([this.#turns?.then(() => this.#finish()) ?? this.#finish(), limit]);
    patience.abort();
    const accounts = this.#unwrittenAccounts;
    if (accounts > 0) this.logger.warn({ msg: 'counts of accounts could not be written before the end', accounts });
  }

  async #finish(): Promise<void> {
    try {
      while (this.#unwrittenAccounts > 0) await this.flush();
      if (this.#batches > 0) await this.repository.forgetWriters({ writer: this.#writer });
    } catch {
      // Told by what is left.
    }
  }

  #of(accountId: string): Counters {
    let counters = this.#gathered.get(accountId);
    if (!counters) {
      this.#gathered.set(accountId, (counters = noCounters()));
      this.#turns ??= this.#writeInTurn().finally(() => (this.#turns = null));
    }
    return counters;
  }

  *#unwritten(): Generator<readonly [string, Counters]> {
    yield* this.#batch?.counters ?? [];
    yield* this.#gathered;
  }

  get #unwrittenAccounts(): number {
    return new Set([...this.#unwritten()].map(([id]) => id)).size;
  }

  /** A batch that is written while its rows are read would count twice or not at all: then they are read again. */
  async #stored(accountIds: readonly string[]): Promise<Pick<CounterReading, 'byAccount' | 'total'>> {
    for (;;) {
      await this.#writing?.catch(() => undefined);
      const before = this.#batches;
      const [byAccount, total] = await Promise.all([this.repository.findByAccounts(accountIds), this.repository.total()]);
      if (this.#writing === null && this.#batches === before) return { byAccount, total };
    }
  }

  async #writeInTurn(): Promise<void> {
    do {
      const pause = Math.min(WRITE_INTERVAL_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
      await this.clock.sleep(pause, this.#closing.signal).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      await this.flush().catch((error: unknown) => this.#failed(error));
    } while (this.#gathered.size > 0 || this.#batch !== null);
  }

  #failed(error: unknown): void {
    if (this.#failures++ > 0) return;
    this.logger.warn({
      msg: 'database does not take counts of accounts, they wait',
      error: error instanceof Error ? error.message : String(error),
    });
  }

  #take(): CounterBatch | null {
    if (this.#gathered.size === 0) return null;
    const counters = new Map<string, Counters>();
    for (const [id, counted] of this.#gathered) {
      if (counters.size >= BATCH) break;
      counters.set(id, counted);
      this.#gathered.delete(id);
    }
    return { writer: this.#writer, number: this.#batches + 1, counters };
  }

  async #write(batch: CounterBatch): Promise<void> {
    const now = this.clock.now();
    await this.repository.add(batch, now);
    this.#batches = batch.number;
    this.#batch = null;
    this.#failures = 0;
    if (batch.number === 1) await this.repository.forgetWriters({ before: now - WRITER_LIFE_MS }).catch(() => undefined);
  }
}

/** Postgres takes no NUL in a text. */
function wordsOf(outcome: Outcome): string {
  const message = 'message' in outcome ? outcome.message : '';
  const code = 'code' in outcome && outcome.code ? `${outcome.code}: ` : '';
  return redactText(`${outcome.kind}: ${code}${message}`.slice(0, 2 * MAX_MESSAGE))
    .replaceAll('\0', '')
    .replace(/:\s*$/, '')
    .slice(0, MAX_MESSAGE);
}
