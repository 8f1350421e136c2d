import type { PoolAccount } from '../accounts/pool/pool-account.js';
import { jitterOf } from './jitter.js';

const MINUTE_MS = 60_000;
export const IN_USE_MS = 10 * MINUTE_MS;
export const IDLE_MS = 180 * MINUTE_MS;
const SPREAD = 0.2;

/**
 * When the reading of an account's quota is too old: after ten minutes for one in use, and the later the longer it has been idle, up to
 * three hours. Answers of turns are readings as well, so accounts at work are rarely asked about. 0: at once. Infinity: never, because
 * the account does not serve or has no token to ask with (the refresh sweep sees to that).
 *
 * @param lastUsedAt epoch ms; 0: not by this process, which says nothing.
 */
export function readingDueAt(account: PoolAccount, lastUsedAt: number, now: number, seed: string): number {
  const { state, draining, accessToken, accessExpiresAt, quota } = account;
  if (state !== 'active' || draining || accessToken === '' || (accessExpiresAt > 0 && accessExpiresAt <= now)) return Infinity;
  if (quota === null) return 0;
  const idleMs = lastUsedAt === 0 ? IDLE_MS / 3 : quota.at - lastUsedAt;
  const pauseMs = Math.min(Math.max(idleMs, IN_USE_MS), IDLE_MS);
  const dueAt = quota.at + pauseMs;
  // Most are far from due, and there are thousands of them.
  return dueAt > now ? dueAt : dueAt + Math.round(pauseMs * SPREAD * jitterOf(`${account.id} ${quota.at}`, seed));
}
