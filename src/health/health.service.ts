import { HttpException, Injectable } from '@nestjs/common';
import { HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { VERSION } from '../common/version.js';
import { ReadinessIndicators } from './readiness.indicators.js';

type Counts = ReturnType<AccountPool['counts']>;

export interface Readiness {
  readonly status: 'ok' | 'error';
  /** Why not, in words; empty when ready. */
  readonly reasons: readonly string[];
  readonly checks: Readonly<Record<string, 'up' | 'down'>>;
}

export interface HealthSummary {
  readonly status: 'ok' | 'degraded' | 'down';
  readonly reasons: readonly string[];
  /** Loaded, in any state. */
  readonly accounts: number;
  readonly states: Counts;
  readonly uptimeSeconds: number;
  readonly version: string;
}

/** Nothing in here names an account or a host: both answers are open to everybody. */
@Injectable()
export class HealthService {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: ReadinessIndicators,
    private readonly pool: AccountPool,
  ) {}

  async readiness(): Promise<Readiness> {
    const { details } = await this.#check();
    const entries = Object.entries(details);
    const down = entries.filter(([, detail]) => detail.status === 'down');
    return {
      status: down.length === 0 ? 'ok' : 'error',
      reasons: down.map(([name, detail]) => (typeof detail.message === 'string' ? detail.message : `${name} is down`)),
      checks: Object.fromEntries(entries.map(([name, detail]) => [name, detail.status === 'down' ? 'down' : 'up'])),
    };
  }

  /**
   * `down`: no request can be served now. `degraded`: requests are served, but the database is away, the process is
   * shutting down, or at least half of the accounts that should work do not.
   */
  async summary(): Promise<HealthSummary> {
    const { reasons } = await this.readiness();
    const states = this.pool.counts();
    const lame = states.needs_login + states.disabled;
    const half = lame > 0 && lame >= states.active;
    return {
      status: states.usable === 0 ? 'down' : reasons.length > 0 || half ? 'degraded' : 'ok',
      reasons: half ? [...reasons, 'at least half of the accounts need a login or are disabled'] : reasons,
      accounts: this.pool.size,
      states,
      uptimeSeconds: Math.floor(process.uptime()),
      version: VERSION,
    };
  }

  /** Terminus throws its result when a check is down. */
  async #check(): Promise<HealthCheckResult> {
    try {
      return await this.health.check(this.indicators.all());
    } catch (error) {
      if (error instanceof HttpException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }
}
