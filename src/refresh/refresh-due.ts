import type { AccountEntity } from '../accounts/storage/account.entity.js';

/** Added to `refresh-interval`: a token that is renewed at the last round before its end still has so long to live. */
const MARGIN_MS = 300_000;

/** How long before its end a token is renewed. */
export const refreshHorizonMs = (refreshIntervalSec: number): number => refreshIntervalSec * 1000 + MARGIN_MS;

/**
 * Whether the access token's own life asks for a refresh: it ends within the horizon, or nothing is known of it. Tokens that live
 * shorter than twice the horizon are renewed at half their life, or they would be rotated as soon as they are issued.
 */
export function isRefreshDue(
  row: Pick<AccountEntity, 'accessToken' | 'accessExpiresAt' | 'lastRefreshAt'>,
  now: number,
  horizonMs: number,
): boolean {
  if (row.accessToken === '' || row.accessExpiresAt === 0) return true;
  const issued = Math.min(row.lastRefreshAt, now);
  const lifeMs = issued > 0 ? Math.max(row.accessExpiresAt - issued, 0) : Infinity;
  return row.accessExpiresAt <= now + Math.min(horizonMs, lifeMs / 2);
}
