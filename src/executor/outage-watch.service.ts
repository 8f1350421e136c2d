import { Injectable, Logger, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { UsageClient } from '../quota/usage.client.js';
import type { Outcome, OutcomeKind } from '../upstream/outcome.js';
import { UnansweredCalls } from '../upstream/unanswered-calls.js';
import { OUTAGE_OVER, UpstreamFailure } from '../upstream/upstream-failure.js';

const LOOK_INTERVAL_MS = 250;
/** So long nobody gets an answer before the backend is asked whether it is there. */
const SUSPICIOUS_MS = 3_000;
const PROBE_LIMIT_MS = 1_000;
/** It is there, and just slow: not asked again for so long. */
const TRUSTED_MS = 30_000;
/** What the end of an outage sets free by itself has had time to arrive. */
const GRACE_MS = 300;

const AWAY: ReadonlySet<OutcomeKind> = new Set<OutcomeKind>(['network', 'timeout', 'server_error', 'edge_blocked', 'overloaded']);

/**
 * A backend that goes silent leaves calls behind that nobody will ever answer, and they would hold their clients for the whole limit of
 * silence, however soon it is back. So while several turns wait and nobody is answered, one probe at a time (the usage endpoint, which
 * costs nothing) finds the end: only when it has failed before and succeeds now are the calls that began before it given up, to be made
 * again. A backend that is merely slow answers the first probe, and nothing happens.
 */
@Injectable()
export class OutageWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(OutageWatch.name);
  #timer: NodeJS.Timeout | undefined;
  #probing = false;
  #trustedUntil = -Infinity;
  /** When the first probe of this outage failed; null: there is none. */
  #downSince: number | null = null;

  constructor(
    private readonly calls: UnansweredCalls,
    private readonly usage: UsageClient,
    private readonly pool: AccountPool,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_INTERVAL_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }

  /** One look; never rejects. */
  async look(): Promise<void> {
    if (this.#probing) return;
    if (this.calls.size === 0) this.#downSince = null;
    if (this.#downSince !== null && this.calls.answeredAt > this.#downSince) this.#isBack(this.calls.answeredAt);
    if (this.#downSince === null && !this.#isSuspicious()) return;
    this.#probing = true;
    try {
      await this.#probe();
    } finally {
      this.#probing = false;
    }
  }

  #isSuspicious(): boolean {
    const now = performance.now();
    const before = now - SUSPICIOUS_MS;
    return now >= this.#trustedUntil && this.calls.size > 1 && this.calls.answeredAt < before && this.calls.begunBefore(before).length > 1;
  }

  async #probe(): Promise<void> {
    const account = [...this.pool.all()].find(({ state, accessToken }) => state === 'active' && accessToken !== '');
    if (!account) return;
    const startedAt = performance.now();
    const { outcome } = await this.usage.read(account, PROBE_LIMIT_MS);
    if (isAway(outcome)) {
      if (this.#downSince === null) this.logger.warn({ msg: 'the backend answers nobody', waiting: this.calls.size, probe: outcome.kind });
      this.#downSince ??= startedAt;
    } else if (this.#downSince === null) {
      this.#trustedUntil = performance.now() + TRUSTED_MS;
    } else {
      this.#isBack(startedAt);
    }
  }

  /** It answers again, at `at` for the first time. */
  #isBack(at: number): void {
    const seconds = Math.round((at - this.#downSince!) / 1000);
    this.#downSince = null;
    setTimeout(() => {
      const stranded = this.calls.begunBefore(at);
      this.logger.log({ msg: 'the backend answers again', seconds, stranded: stranded.length });
      for (const call of stranded)
        call.stop(new UpstreamFailure('timeout', 'the backend was silent until its outage was over', OUTAGE_OVER));
    }, GRACE_MS).unref();
  }
}

const isAway = ({ kind }: Outcome): boolean => AWAY.has(kind);
