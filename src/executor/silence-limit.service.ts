import { Injectable } from '@nestjs/common';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import type { Turn } from './turn.js';

/** The connection's own timer is this coarse. */
const TOLERANCE_MS = 1_000;
const LEAST_CHANCE_MS = 500;
const CHANCE_SHARE = 0.1;

/**
 * What follows when an attempt has met nothing but silence. A backend that is silent as a whole would hold the client as long again on
 * every further account, so that the limit of silence holds for the request and not for each of its attempts.
 */
@Injectable()
export class SilenceLimit {
  readonly #limitMs: number;

  constructor(
    private readonly effects: AccountEffects,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.#limitMs = config.upstreamIdleTimeoutSeconds * 1000;
  }

  /**
   * Whether another attempt may follow. Freely while the limit is not used up (another timeout was shorter), or if others were served
   * while this account was silent. Not if others failed meanwhile. Where nothing is known of others, once, and for so short a time that the
   * limit holds all the same: one silent account costs the client nothing then.
   */
  mayGoOn(turn: Turn, lease: AccountLease): boolean {
    const now = this.clock.now();
    if (this.#limitMs === 0 || now - turn.startedAt < this.#limitMs - TOLERANCE_MS) return true;
    const { id } = lease.account;
    if (this.effects.othersWorkedSince(id, (now + lease.leasedAt) / 2)) return true;
    if (
      this.effects.othersFailedSince(id, lease.leasedAt) ||
      turn.request.operation === 'compact' ||
      turn.sawOutput ||
      turn.lastChanceMs !== null
    )
      return false;
    turn.lastChance(Math.min(this.#limitMs, Math.max(LEAST_CHANCE_MS, this.#limitMs * CHANCE_SHARE)));
    return true;
  }
}
