const STEPS_MS = [5_000, 15_000, 45_000, 135_000, 300_000] as const;
const SPREAD = 0.2;
/** A vendor that asks for more than this is asked again earlier: its wish is about load, and one call an hour is none. */
const MAX_WISH_MS = 3_600_000;

/**
 * Pause after the `failures`-th failure in a row (1, 2, …), spread by ±20 % so that accounts that failed together do not come
 * back together. `retryAt`: what the vendor asked for, epoch ms. `random` in [0, 1).
 */
export function backoffUntil(failures: number, now: number, random: number, retryAt: number | null = null): number {
  const step = STEPS_MS[Math.min(Math.max(failures, 1), STEPS_MS.length) - 1]!;
  const pause = Math.round(step * (1 - SPREAD + 2 * SPREAD * random));
  const wish = retryAt === null ? 0 : Math.min(retryAt - now, MAX_WISH_MS);
  return now + Math.max(pause, wish);
}
