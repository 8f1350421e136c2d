import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Where it stops growing. One collection may let it grow to twice as much. */
const ENOUGH_BYTES = 32 * 1024 * 1024;

const sizeBytes = (): number => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
const allowGrowth = (allowed: boolean): void => setFlagsFromString(`--semi-space-growth-factor=${allowed ? 2 : 1}`);

/**
 * Bounds V8's young generation to a size above which it saves hardly any time here (`npm run bench`). By itself it takes 64 MiB for the start
 * alone and 128 MiB once the process is busy. `--max-semi-space-size` would do, but can only be given on a command line.
 * V8 shrinks it in idle times, so it must be able to grow again; it does not grow before the event loop turns for the first time.
 */
export function limitYoungGeneration(enoughBytes = ENOUGH_BYTES): void {
  let grows = false;
  allowGrowth(grows);
  const onCollection = (): void => {
    const mayGrow = sizeBytes() < enoughBytes;
    if (mayGrow === grows) return;
    grows = mayGrow;
    allowGrowth(grows);
  };
  new PerformanceObserver(onCollection).observe({ entryTypes: ['gc'] });
}
