import type { QuotaSnapshot, QuotaWindow } from '../../upstream/quota-snapshot.js';

const MINUTE_MS = 60_000;

/** When a window starts anew: as upstream said, or at the latest one whole length after it was seen; 0 unknown. */
const endOf = (window: QuotaWindow, seenAt: number): number =>
  window.resetsAt > 0 ? window.resetsAt : window.minutes > 0 ? seenAt + window.minutes * MINUTE_MS : 0;

/** Whether a window that was seen at `seenAt` has started anew since. */
export const isOver = (window: QuotaWindow, seenAt: number, now: number): boolean => {
  const end = endOf(window, seenAt);
  return end > 0 && end <= now;
};

/**
 * What is left in the tightest window, in whole percent. Unknown counts as 100, so that every account is met; so does a window that
 * has ended, and everything on an account without limits. Credits beside full windows cost money: such an account counts as empty
 * and is chosen after all others.
 */
export const remainingPercent = (quota: QuotaSnapshot | null, now: number): number => {
  if (quota?.credits?.unlimited) return 100;
  let remaining = 100;
  for (const window of quota?.windows ?? []) {
    if (Number.isFinite(window.usedPercent) && !isOver(window, quota!.at, now)) remaining = Math.min(remaining, 100 - window.usedPercent);
  }
  return Math.max(0, Math.round(remaining));
};

/** The next instant at which `remainingPercent` changes by itself; Infinity: never. */
export const nextReset = (quota: QuotaSnapshot | null, now: number): number => {
  let next = Infinity;
  for (const window of quota?.windows ?? []) {
    const end = endOf(window, quota!.at);
    if (end > now) next = Math.min(next, end);
  }
  return next;
};

/** Whether two readings say the same, at different times. Every answer of the usage endpoint is another one: it tells how old they are. */
export const sameReading = (a: QuotaSnapshot, b: QuotaSnapshot): boolean => textOf(a) === textOf(b);

const textOf = ({ windows, plan, credits, usage }: QuotaSnapshot): string => JSON.stringify([windows, plan, credits, usage]);
