import { Injectable } from '@nestjs/common';
import { type HealthIndicatorFunction, HealthIndicatorService } from '@nestjs/terminus';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { DatabaseStatus, DatabaseTrouble } from '../database/database-status.service.js';
import { DrainService } from '../inbound/drain.service.js';

const PING_TIMEOUT_MS = 2_000;
/** Probes come from outside and are open: they must not become load on the database. */
const PING_CACHE_MS = 1_000;

/** Whatever else is wrong, traffic is served from memory; without these it is not. */
export const INDISPENSABLE: ReadonlySet<string> = new Set(['accounts', 'migrations', 'shutdown']);

const TROUBLES: Record<DatabaseTrouble, string> = {
  'no answer': 'the database does not answer',
  'takes no writes': 'the database takes no writes',
};

/** What must be true before traffic is sent here, and the database, without which it is served for a while. The messages are public: no host, path or name of an account. */
@Injectable()
export class ReadinessIndicators {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly databaseStatus: DatabaseStatus,
    private readonly pool: AccountPool,
    private readonly drain: DrainService,
  ) {}

  all(): HealthIndicatorFunction[] {
    return [() => this.#database(), () => this.#connections(), () => this.#migrations(), () => this.#accounts(), () => this.#shutdown()];
  }

  #database() {
    const ask = async (): Promise<void> => {
      const trouble = await this.databaseStatus.trouble();
      if (trouble) throw new Error(TROUBLES[trouble]);
    };
    return this.indicators.check('database').attempt(ask).withTimeout(PING_TIMEOUT_MS).cacheFor(PING_CACHE_MS);
  }

  #connections() {
    const check = this.indicators.check('connections');
    return this.databaseStatus.disturbed
      ? check.down('the database cuts connections; what other replicas change is known later than usual')
      : check.up();
  }

  #migrations() {
    const check = this.indicators.check('migrations');
    return this.databaseStatus.migrated ? check.up() : check.down('the migrations have not run');
  }

  #accounts() {
    const check = this.indicators.check('accounts');
    return this.pool.counts().usable > 0 ? check.up() : check.down('no account is usable');
  }

  #shutdown() {
    const check = this.indicators.check('shutdown');
    return this.drain.draining ? check.down('this process is shutting down') : check.up();
  }
}
