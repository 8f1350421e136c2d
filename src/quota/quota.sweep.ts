import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { Cooldown } from '../accounts/pool/pool-account.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { Semaphore } from '../refresh/semaphore.js';
import { AskAgain } from './ask-again.js';
import { DueList } from './due-list.js';
import { QuotaCheck, QuotaCheckService } from './quota-check.service.js';
import { readingDueAt } from './reading-age.js';
import { VerificationTimes } from './verification-times.js';

/** Of one round. `failed`: the usage endpoint did not answer with a reading. */
export interface QuotaSweepReport {
  readonly asked: number;
  readonly failed: number;
}

/** Many accounts come due together (a start with 20 000 of them): a round takes so many, the rest is for the next ones. */
const ROUND = 50;
const SLICE = 1_000;
/** Whoever waits for an answer (a request, an operator) comes first. */
const MAX_PARALLEL = 8;

/**
 * Asks the usage endpoint where nobody else does: about cooldowns, whether they still hold, and about accounts whose reading is old.
 * Costs no tokens. What the answers do is up to AccountEffects.
 */
@Injectable()
export class QuotaSweep implements BeforeApplicationShutdown {
  private readonly logger = new Logger(QuotaSweep.name);
  readonly #seed = randomUUID();
  readonly #times = new VerificationTimes(this.#seed);
  readonly #again = new AskAgain();
  readonly #slots: Semaphore;
  #current: Promise<QuotaSweepReport> | null = null;
  #closing = false;

  constructor(
    private readonly pool: AccountPool,
    private readonly checks: QuotaCheckService,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.#slots = new Semaphore(Math.min(config.quotaCheckConcurrency || config.refreshConcurrency, MAX_PARALLEL));
    pool.onRemoved((id) => this.#again.forget(id));
  }

  /** One round; joins the one that is running. Never rejects. */
  run(): Promise<QuotaSweepReport> {
    this.#current ??= this.#round().finally(() => (this.#current = null));
    return this.#current;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#closing = true;
    await this.#current;
  }

  async #round(): Promise<QuotaSweepReport> {
    const due = this.#again.isPaused(this.clock.now()) ? [] : await this.#due();
    const before = due.map((id) => this.pool.cooldowns(id));
    const results = await Promise.all(due.map((id) => this.#slots.run(() => this.#ask(id))));
    const asked = results.filter((result) => result !== null).length;
    const failed = results.filter((result) => result === false).length;
    this.#noteLifted(before.flat());
    this.#again.roundEnded(asked, failed, this.clock.now());
    if (failed > 0 && failed === asked && !this.#closing)
      this.logger.warn({ msg: 'the usage endpoint does not answer; it is asked again later', asked });
    return { asked, failed };
  }

  /** Cooldowns first: they keep an account out that may be free. Then the accounts whose reading is due the longest. */
  async #due(): Promise<string[]> {
    const verifications = new DueList(ROUND);
    await inSlices(this.pool.coolingDown(), (cooldown) => {
      const account = this.pool.get(cooldown.accountId);
      if (account) this.#addDue(verifications, account.id, this.#times.nextAt(cooldown, account));
    });
    const readings = new DueList(ROUND);
    await inSlices(this.pool.all(), (account) => {
      const at = readingDueAt(account, this.pool.lastUsedAt(account.id), this.clock.now(), this.#seed);
      if (at <= this.clock.now() && !this.#rests(account.id)) this.#addDue(readings, account.id, at);
    });
    return [...new Set([...verifications.ids, ...readings.ids])].slice(0, ROUND);
  }

  #addDue(list: DueList, accountId: string, at: number): void {
    const now = this.clock.now();
    if (at <= now && this.#again.mayAsk(accountId, now)) list.add(accountId, at);
  }

  /** One whose login is refused is for the health probes. */
  #rests(id: string): boolean {
    return this.pool.restingCooldown(id)?.cause === 'unauthorized';
  }

  /** Whether there was a reading; null: nobody was asked. */
  async #ask(id: string): Promise<boolean | null> {
    if (this.#closing) return null;
    const check = await this.checks.check(id, { force: true });
    if (wasNotAsked(check)) {
      this.#again.failed(id, this.clock.now());
      return null;
    }
    if (check.outcome.kind === 'ok') this.#again.answered(id);
    else this.#again.failed(id, this.clock.now());
    // A refused login is an answer, too.
    return check.status !== undefined && check.status < 429 && check.outcome.kind !== 'edge_blocked';
  }

  #noteLifted(before: readonly Cooldown[]): void {
    const now = this.clock.now();
    for (const cooldown of before) {
      if (cooldown.until <= now) continue;
      const runs = this.pool.cooldowns(cooldown.accountId).some(({ model, cause }) => model === cooldown.model && cause === cooldown.cause);
      if (!runs) this.#times.lifted(cooldown, now);
    }
  }
}

/** Thousands of accounts are looked at; requests go on in between. */
async function inSlices<T>(all: Iterable<T>, look: (one: T) => void): Promise<void> {
  let count = 0;
  for (const one of all) {
    if (++count % SLICE === 0) await setImmediate();
    look(one);
  }
}

const wasNotAsked = (check: QuotaCheck): check is 'unknown' | 'unusable' => typeof check === 'string';
