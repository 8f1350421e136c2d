import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';

/**
 * Of two readings of one account the newer one, with what only the older one tells: headers leave out the credits at times, and the
 * usage endpoint's own words always. (The plan is the account's.)
 */
export const newerReading = (a: QuotaSnapshot | null, b: QuotaSnapshot | null): QuotaSnapshot | null => {
  if (a === null || b === null) return a ?? b;
  const [newer, older] = a.at > b.at ? [a, b] : [b, a];
  const credits = newer.credits ?? older.credits;
  const usage = (newer.usage?.at ?? 0) >= (older.usage?.at ?? 0) ? newer.usage : older.usage;
  return credits === newer.credits && usage === newer.usage ? newer : { ...newer, credits, ...(usage && { usage }) };
};

/** Whether the reading is an answer of the usage endpoint, not the headers or an event of a turn. */
export const isUsageAnswer = ({ at, usage }: QuotaSnapshot): boolean => usage !== undefined && usage.at === at;
