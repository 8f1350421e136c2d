const known = (values: readonly (number | null | undefined)[]): number[] =>
  values.filter((x): x is number => x != null && !Number.isNaN(x));

export function median(values: readonly (number | null | undefined)[]): number | null {
  const sorted = known(values).sort((a, b) => a - b);
  const n = sorted.length;
  return n ? (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2 : null;
}

/** Standard deviation of a sample. */
export function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
}

export interface Ratio {
  readonly median: number;
  /** Standard error of the median; null with one round. */
  readonly error: number | null;
}

interface InRound {
  readonly round: number;
}

/** Median of the ratios taken within each round, so that the machine's drift cancels; null when no round has both. */
export function roundRatio<T extends InRound>(
  records: readonly T[],
  base: readonly T[],
  value: (record: T) => number | null | undefined,
): Ratio | null {
  const ratios = records.flatMap((record) => {
    const other = base.find((b) => b.round === record.round);
    const q = other ? (value(record) ?? NaN) / (value(other) ?? NaN) : NaN;
    return q > 0 && Number.isFinite(q) ? [q] : [];
  });
  const mid = median(ratios);
  if (mid === null) return null;
  const varied = ratios.length > 1 && ratios.some((x) => x !== 1);
  return { median: mid, error: varied ? (1.25 * deviation(ratios)) / Math.sqrt(ratios.length) : null };
}
