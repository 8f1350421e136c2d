import { Injectable } from '@nestjs/common';
import { type HealthIndicatorFunction, HealthIndicatorService } from '@nestjs/terminus';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { DatabaseStatus } from '../database/database-status.service.js';
import { DrainService } from '../inbound/drain.service.js';

const PING_TIMEOUT_MS = 2_000;
/** Probes come from outside and are open: they must not become load on the database. */
const PING_CACHE_MS = 1_000;

/** Whatever else is wrong, traffic is served from memory; without these it is not. */
export const INDISPENSABLE: ReadonlySet<string> = new Set(['accounts', 'migrations', 'shutdown']);

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
    return [() => this.#database(), () => this.#migrations(), () => this.#accounts(), () => this.#shutdown()];
  }

  #database() {
    const ping = async (): Promise<void> => {
      await this.databaseStatus.ping().catch(() => {
        throw new Error('the database does not answer');
      });
    };
    return this.indicators.check('database').attempt(ping).withTimeout(PING_TIMEOUT_MS).cacheFor(PING_CACHE_MS);
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
