import { BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { AccountEffects } from '../../accounts/policy/account-effects.service.js';
import { AccountPool } from '../../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../../accounts/pool/pool-account.js';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { AccountProbe, type ProbeResult } from './account-probe.service.js';
import { FailedProbes } from './failed-probes.js';
import { FailingAlike } from './failing-alike.js';

export type ProbeReport = Record<ProbeResult['kind'], number>;

/** A round comes a little early or late; an account that was seen so recently is left to the next one. */
const SEEN_RECENTLY = 0.5;

/**
 * Asks about accounts in service that nobody has seen working for a while. Turns come first: an account whose quota arrived with
 * one counts as checked, in whichever replica, since readings are shared; so replicas divide the work without agreeing on it.
 */
@Injectable()
export class ProbeRounds implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ProbeRounds.name);
  readonly #failed = new FailedProbes();
  readonly #alike = new FailingAlike();
  /** When this process has asked about each account. */
  readonly #askedAt = new Map<string, number>();
  #current: Promise<ProbeReport> | null = null;
  #closing = false;

  constructor(
    private readonly pool: AccountPool,
    private readonly probes: AccountProbe,
    private readonly effects: AccountEffects,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {
    const forget = (id: string): void => {
      this.#failed.forget(id);
      this.#askedAt.delete(id);
    };
    pool.onRemoved(forget);
    pool.onReturned(forget);
  }

  /** Probes fail for everybody: rounds end early and come sooner, with one probe each, until one is answered. */
  get trouble(): boolean {
    return this.#alike.trouble;
  }

  /** One round; joins the one that is running. Never rejects. */
  run(): Promise<ProbeReport> {
    this.#current ??= this.#round().finally(() => (this.#current = null));
    return this.#current;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#closing = true;
    await this.#current;
  }

  async #round(): Promise<ProbeReport> {
    const report: ProbeReport = { ok: 0, refused: 0, trouble: 0, skipped: 0 };
    const due = this.#due();
    let ended = due.length === 0;
    while (!ended && !this.#closing) {
      const together = due.splice(0, this.trouble ? 1 : this.config.healthCheckConcurrency);
      const results = await Promise.all(together.map((id) => this.#probe(id)));
      for (const { kind } of results) report[kind]++;
      this.#alike.note(results, this.effects.vendorWide401());
      ended = due.length === 0 || this.trouble;
    }
    if (report.refused + report.trouble > 0) this.logger.log({ msg: 'health checks', ...report, backendTrouble: this.trouble });
    return report;
  }

  /** The longest unseen first. */
  #due(): string[] {
    const before = this.clock.now() - this.config.healthCheckInterval * 1000 * SEEN_RECENTLY;
    const due: { id: string; at: number }[] = [];
    for (const account of this.pool.all()) {
      const at = this.#seenAt(account);
      if (account.state === 'active' && at <= before) due.push({ id: account.id, at });
    }
    due.sort((a, b) => a.at - b.at);
    return due.slice(0, this.config.healthCheckBatchSize || due.length).map(({ id }) => id);
  }

  #seenAt({ id, quota }: PoolAccount): number {
    return Math.max(quota?.at ?? 0, this.#askedAt.get(id) ?? 0);
  }

  async #probe(id: string): Promise<ProbeResult> {
    const askedAt = this.clock.now();
    this.#askedAt.set(id, askedAt);
    const result = await this.probes.probe(id);
    if (result.kind === 'ok') this.#failed.ok(id, this.clock.now());
    // What everybody gets is nobody's own.
    if (result.kind === 'refused' && !this.effects.vendorWide401()) this.#refused(id, result);
    if (!this.pool.get(id)) this.#askedAt.delete(id);
    return result;
  }

  #refused(id: string, { outcome }: Extract<ProbeResult, { outcome: unknown }>): void {
    const account = this.pool.get(id);
    if (account?.state !== 'active') return;
    const checks = this.#failed.refused(id, account.quota?.at ?? 0, this.clock.now());
    if (checks.inRow >= this.config.healthCheckMaxFailures) this.effects.reportFailedChecks(id, outcome, checks);
  }
}
