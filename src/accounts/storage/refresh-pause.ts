import type { AccountEntity } from './account.entity.js';

/** Replicas on one database differ by less. */
export const CLOCK_SET_BACK_MS = 60_000;

/**
 * Whether the account waits after failed refreshes. A row that was written in the future tells of a clock that has been set back since:
 * its pause would last as long as the clock went back.
 */
export const isPausing = ({ refreshNotBefore, updatedAt }: Pick<AccountEntity, 'refreshNotBefore' | 'updatedAt'>, now: number): boolean =>
  refreshNotBefore > now && updatedAt <= now + CLOCK_SET_BACK_MS;
