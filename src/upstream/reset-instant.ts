const DAY_MS = 86_400_000;
/** No plan window is longer than a year: a reset beyond that is a broken number. */
export const LONGEST_RESET_MS = 366 * DAY_MS;
/** As seconds this would be the year 5138: somebody counts milliseconds. */
const MILLISECONDS_FROM = 1e11;
/** An absolute time that is further than this from the relative one was read off another clock than ours. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * The instant (epoch ms) that upstream names absolutely (seconds, or by mistake milliseconds), relatively (seconds), or both ways.
 * Where the two disagree our clock and the vendor's do, and only the relative time is right here. It may lie in the past; null where
 * nothing is said.
 */
export function namedInstant(at: number | null, inSeconds: number | null, now: number): number | null {
  const absolute = at !== null && at > 0 ? Math.round(at >= MILLISECONDS_FROM ? at : at * 1000) : null;
  const relative = inSeconds !== null && inSeconds >= 0 ? Math.round(now + inSeconds * 1000) : null;
  if (absolute === null || relative === null) return absolute ?? relative;
  return Math.abs(absolute - relative) > CLOCKS_DIFFER_MS ? relative : absolute;
}

/** When an exhausted limit ends; null where upstream names no instant that is still to come. */
export function limitEnd(at: number | null, inSeconds: number | null, now: number): number | null {
  const end = namedInstant(at, inSeconds, now);
  return end === null || end <= now ? null : Math.min(end, now + LONGEST_RESET_MS);
}

/** When a usage window starts anew; 0 where that is unknown. One that has ended within the last minute has just ended. */
export function windowReset(at: number | null, inSeconds: number | null, now: number): number {
  const reset = namedInstant(at, inSeconds !== null && inSeconds > 0 ? inSeconds : null, now);
  return reset === null || reset < now - CLOCKS_DIFFER_MS || reset > now + LONGEST_RESET_MS ? 0 : reset;
}
