import type { Counts, Spread } from './job.ts';

/** Counts and latencies of one load generator. */
export class Tally {
  readonly counts: Counts = { requests: 0, events: 0, bytes: 0, aborted: 0, verified: 0, errors: 0, total: 0, late: 0, kinds: {} };
  readonly first: number[] = [];
  readonly content: number[] = [];
  readonly last: number[] = [];
  readonly event: number[] = [];

  fail(kind: string): void {
    const short = kind.slice(0, 200);
    this.counts.errors++;
    this.counts.kinds[short] = (this.counts.kinds[short] ?? 0) + 1;
  }
}

export function spread(values: readonly number[]): Spread | null {
  if (!values.length) return null;
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const at = (q: number) => sorted[Math.min(n - 1, Math.floor(q * n))]!;
  const mean = sorted.reduce((sum, x) => sum + x, 0) / n;
  return { n, min: sorted[0]!, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted[n - 1]!, mean };
}
