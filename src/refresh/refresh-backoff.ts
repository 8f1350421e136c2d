const STEPS_MS = [5_000, 15_000, 45_000, 135_000, 300_000] as const;
/** An account that cannot serve without a new token is not kept waiting for minutes after the trouble is over. */
const LONGEST_URGENT_MS = 30_000;
const SPREAD = 0.2;
/** A vendor that asks for more than this is asked again earlier: its wish is about load, and one call an hour is none. */
const MAX_WISH_MS = 3_600_000;

export interface BackoffWish {
  /** What the vendor asked for, epoch ms. */
  readonly retryAt?: number | null;
  /** Whether the account cannot serve until it has a new token. */
  readonly urgent?: boolean;
}

/**
 * Pause after the `failures`-th failure in a row (1, 2, …), spread by ±20 % so that accounts that failed together do not come
 * back together. `random` in [0, 1).
 */
export function backoffUntil(failures: number, now: number, random: number, { retryAt = null, urgent = false }: BackoffWish = {}): number {
  const full = STEPS_MS[Math.min(Math.max(failures, 1), STEPS_MS.length) - 1]!;
  const step = urgent ? Math.min(full, LONGEST_URGENT_MS) : full;
  const pause = Math.round(step * (1 - SPREAD + 2 * SPREAD * random));
  const wish = retryAt === null ? 0 : Math.min(retryAt - now, MAX_WISH_MS);
  return now + Math.max(pause, wish);
}
