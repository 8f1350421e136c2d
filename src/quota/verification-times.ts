import { isVerifiable } from '../accounts/policy/quota-evidence.js';
import type { Cooldown, PoolAccount } from '../accounts/pool/pool-account.js';
import { nextReset } from '../accounts/pool/remaining-quota.js';
import { jitterOf } from './jitter.js';

const MINUTE_MS = 60_000;
const FIRST_MS = MINUTE_MS;
const LONGEST_MS = 60 * MINUTE_MS;
/** Part of the pause by which replicas come at different times: the first one's answer is everybody's by then. */
const SPREAD = 0.2;
const LONGEST_SPREAD_MS = 10 * MINUTE_MS;
/** The vendor is asked after a reset, not in the same moment. */
const AFTER_RESET_MS = 1_000;
const SHORTEST_MS = 5_000;

interface Lift {
  readonly pauseMs: number;
  readonly at: number;
}

const keyOf = ({ accountId, model, cause }: Cooldown): string => `${accountId} ${model} ${cause}`;

/**
 * When a running cooldown is held against the usage endpoint: after a minute, then at pauses that double up to an hour, and at the
 * reset that the last reading promised. The times follow from what the database holds (since when the cooldown runs, when the usage
 * endpoint answered last), so that restarts do not change them and every replica knows them.
 *
 * A limit that comes back soon after a reading had lifted it is verified at longer pauses than before: what the usage endpoint says is
 * not always what turns meet.
 */
export class VerificationTimes {
  readonly #lifts = new Map<string, Lift>();

  constructor(private readonly seed: string) {}

  /** Epoch ms; Infinity: the cooldown ends by itself first, or no reading can prove anything about it. */
  nextAt(cooldown: Cooldown, account: PoolAccount): number {
    const { since, until } = cooldown;
    if (!isVerifiable(cooldown) || until - since <= MINUTE_MS) return Infinity;
    const from = Math.max(since, account.quota?.usage?.at ?? 0);
    const pauseMs = Math.min(Math.max(from - since, this.#firstPauseMs(cooldown)), LONGEST_MS);
    const resetMs = Math.max(nextReset(account.quota, from) - from + AFTER_RESET_MS, SHORTEST_MS);
    const waitMs = Math.min(pauseMs, resetMs);
    const spreadMs = SPREAD * Math.min(waitMs, LONGEST_SPREAD_MS) * jitterOf(`${keyOf(cooldown)} ${from}`, this.seed);
    const at = from + waitMs + Math.round(spreadMs);
    return at < until ? at : Infinity;
  }

  /** A reading has ended the cooldown. */
  lifted(cooldown: Cooldown, now: number): void {
    const pauseMs = Math.min(Math.max(now - cooldown.since, this.#firstPauseMs(cooldown)), LONGEST_MS);
    this.#lifts.delete(keyOf(cooldown));
    this.#lifts.set(keyOf(cooldown), { pauseMs, at: now });
    this.#forgetOld(now);
  }

  #firstPauseMs(cooldown: Cooldown): number {
    const lift = this.#lifts.get(keyOf(cooldown));
    const again = lift !== undefined && cooldown.since >= lift.at && cooldown.since - lift.at <= 2 * lift.pauseMs;
    return again ? Math.min(2 * lift.pauseMs, LONGEST_MS) : FIRST_MS;
  }

  #forgetOld(now: number): void {
    for (const [key, { at }] of this.#lifts) {
      if (now - at <= 3 * LONGEST_MS) return;
      this.#lifts.delete(key);
    }
  }
}
