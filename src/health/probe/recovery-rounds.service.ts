import { BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { AccountEffects } from '../../accounts/policy/account-effects.service.js';
import { firstRecheckMs } from '../../accounts/policy/state-ledger.js';
import { AccountRecheckRepository, type RecheckedAccount } from '../../accounts/storage/account-recheck.repository.js';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { AccountProbe, type ProbeResult } from './account-probe.service.js';
import { FailingAlike } from './failing-alike.js';

const ALL_AT_ONCE = 100;

/**
 * Asks about accounts that an inferred verdict has taken out of service, and brings those back that the backend takes again. Each is
 * claimed in the database, so that one replica asks; what was said for good (a code that names the login as lost, an operator's word)
 * is never asked about.
 */
@Injectable()
export class RecoveryRounds implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RecoveryRounds.name);
  readonly #alike = new FailingAlike();
  #current: Promise<number> | null = null;
  #closing = false;

  constructor(
    private readonly rechecks: AccountRecheckRepository,
    private readonly probes: AccountProbe,
    private readonly effects: AccountEffects,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** One round; joins the one that is running. How many accounts came back. Never rejects. */
  run(): Promise<number> {
    this.#current ??= this.#round().finally(() => (this.#current = null));
    return this.#current;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#closing = true;
    await this.#current;
  }

  async #round(): Promise<number> {
    let back = 0;
    try {
      const due = await this.rechecks.due(this.clock.now(), this.config.healthCheckBatchSize || ALL_AT_ONCE);
      let ended = due.length === 0;
      while (!ended && !this.#closing) {
        const together = due.splice(0, this.#alike.trouble ? 1 : this.config.healthCheckConcurrency);
        const results = await Promise.all(together.map((account) => this.#ask(account)));
        this.#alike.note(results, this.effects.vendorWide401());
        back += results.filter(({ kind }) => kind === 'ok').length;
        ended = due.length === 0 || this.#alike.trouble;
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn({ msg: 'accounts out of service cannot be asked about: the database does not answer', error: reason });
    }
    return back;
  }

  /** The long pause begins with a clear refusal; after trouble on the way, or for want of a token, the account is asked about sooner. */
  async #ask(account: RecheckedAccount): Promise<ProbeResult> {
    const askedAt = this.clock.now();
    const soon = Math.round(askedAt + firstRecheckMs(this.config, Math.random()));
    if (!(await this.rechecks.claim(account, soon))) return { kind: 'skipped' };
    const result = await this.probes.probe(account.id, true);
    if (result.kind === 'ok') this.effects.comeBack(account.id, askedAt);
    else if (result.kind === 'refused') await this.rechecks.claim({ id: account.id, stateUntil: soon }, this.#later());
    return result;
  }

  #later(): number {
    const intervalMs = this.config.disabledRecoveryIntervalSec * 1000;
    return Math.round(this.clock.now() + intervalMs * (0.9 + 0.2 * Math.random()));
  }
}
