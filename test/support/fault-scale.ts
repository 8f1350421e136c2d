/** `npm run test:faults` runs faults at their full length; otherwise they last seconds. */
export const FULL = process.env.FAULTS === 'full';

export const scaled = (full: number, short: number): number => (FULL ? full : short);

/** A line of figures for who runs the suite; the machine decides how good they are, so tests do not hold most of them. */
export const figures = (what: string, values: Record<string, string | number | readonly number[] | Record<string, number>>): void => {
  const text = Object.entries(values).map(
    ([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  process.stdout.write(`  figures: ${what}: ${text.join(', ')}\n`);
};

/** Counts of equal things. */
export function tally(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

export const percentile = (values: readonly number[], share: number): number =>
  values.length === 0 ? 0 : [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
