import { rss } from './proc-tree.ts';

/** Milliseconds since the watch began, and bytes. */
export type MemorySample = readonly [number, number];

export interface MemoryWatch {
  stop(): { peak: number; series: MemorySample[] };
}

/** Samples the resident memory of a tree until it is stopped. */
export function watchMemory(root: number, everyMs: number): MemoryWatch {
  const series: MemorySample[] = [];
  const startedAt = performance.now();
  const take = () => {
    const bytes = rss(root);
    if (bytes) series.push([performance.now() - startedAt, bytes]);
  };
  take();
  const timer = setInterval(take, everyMs);
  const stop = () => {
    clearInterval(timer);
    take();
    return { peak: Math.max(0, ...series.map(([, bytes]) => bytes)), series };
  };
  return { stop };
}

/** MB per minute along the lower envelope (minima of 5 s) after a warm-up, so that the saw teeth of the collector drop out. */
export function slope(series: readonly MemorySample[], skipMs = 15_000, bucketMs = 5000): number | null {
  const low = new Map<number, number>();
  for (const [t, bytes] of series) {
    if (t < skipMs) continue;
    const bucket = Math.floor(t / bucketMs);
    low.set(bucket, Math.min(low.get(bucket) ?? Infinity, bytes));
  }
  const points = [...low].map(([bucket, bytes]) => ({ x: (bucket * bucketMs) / 60_000, y: bytes / 1e6 }));
  if (points.length < 3) return null;
  const mean = (of: (p: { x: number; y: number }) => number) => points.reduce((sum, p) => sum + of(p), 0) / points.length;
  const mx = mean((p) => p.x);
  const my = mean((p) => p.y);
  return mean((p) => (p.x - mx) * (p.y - my)) / mean((p) => (p.x - mx) ** 2);
}
