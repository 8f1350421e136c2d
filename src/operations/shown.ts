import type { QuotaSnapshot } from '../upstream/quota-snapshot.js';
import { remainingPercent } from '../accounts/pool/remaining-quota.js';

/** An instant as answers show it; null where it is unknown. */
export const shownInstant = (epochMs: number | null): string | null =>
  epochMs === null || epochMs <= 0 ? null : new Date(epochMs).toISOString();

/** An address that somebody without a key may see: `u***@example.com`. */
export const masked = (email: string): string => email.replace(/^(.?)[^@]*/, '$1***');

/** What is known of an account's usage windows, how old it is, and what is left in the tightest one. */
export function shownQuota(quota: QuotaSnapshot | null, now: number): Record<string, unknown> | null {
  if (quota === null) return null;
  return {
    remaining_percent: remainingPercent(quota, now),
    windows: quota.windows.map(({ minutes, usedPercent, resetsAt }) => ({
      minutes,
      used_percent: usedPercent,
      resets_at: shownInstant(resetsAt),
    })),
    credits: quota.credits,
    checked_at: shownInstant(quota.at),
    age_seconds: Math.max(0, Math.round((now - quota.at) / 1000)),
  };
}
