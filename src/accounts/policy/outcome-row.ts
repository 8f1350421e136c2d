/** Outcomes of one sort that followed each other on one account. */
export interface Row {
  readonly count: number;
  /** Epoch ms of the first and the last one. */
  readonly since: number;
  readonly last: number;
}

/**
 * Only an attempt that began after the last one of the row was known makes it longer: what hits several requests of an account at
 * once has happened once.
 */
export const longer = (row: Row | null, startedAt: number, now: number): Row => {
  if (!row) return { count: 1, since: now, last: now };
  return startedAt >= row.last ? { count: row.count + 1, since: row.since, last: now } : row;
};
