import { HttpException, Injectable } from '@nestjs/common';
import { HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { VERSION } from '../common/version.js';
import { DegradationIndicators } from './degradation.indicators.js';
import { INDISPENSABLE, ReadinessIndicators } from './readiness.indicators.js';

type Counts = ReturnType<AccountPool['counts']>;

export interface Readiness {
  /** `degraded`: requests are served, and something is wrong. `error`: do not send requests here. */
  readonly status: 'ok' | 'degraded' | 'error';
  /** What is wrong, in words. */
  readonly reasons: readonly string[];
  readonly checks: Readonly<Record<string, CheckStatus>>;
}

type CheckStatus = 'up' | 'degraded' | 'down';

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
    private readonly degradation: DegradationIndicators,
    private readonly pool: AccountPool,
  ) {}

  async readiness(): Promise<Readiness> {
    const { details } = await this.#check();
    const entries = Object.entries(details);
    const down = entries.filter(([, detail]) => detail.status === 'down');
    const checks = Object.fromEntries(entries.map(([name, detail]) => [name, statusOf(name, detail.status)]));
    const served = !Object.values(checks).includes('down');
    return {
      status: down.length === 0 ? 'ok' : served ? 'degraded' : 'error',
      reasons: down.map(([name, detail]) => (typeof detail.message === 'string' ? detail.message : `${name} is down`)),
      checks,
    };
  }

  /**
   * `down`: no request can be served now. `degraded`: requests are served, but one of the reasons of readiness is there, or at
   * least half of the accounts that should work do not.
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
      return await this.health.check([...this.indicators.all(), ...this.degradation.all()]);
    } catch (error) {
      if (error instanceof HttpException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }
}

const statusOf = (name: string, status: string): CheckStatus => {
  if (status !== 'down') return 'up';
  return INDISPENSABLE.has(name) ? 'down' : 'degraded';
};
