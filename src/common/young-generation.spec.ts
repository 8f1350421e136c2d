import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const MIB = 1024 * 1024;
const MODULE = pathToFileURL(`${import.meta.dirname}/young-generation.ts`).href;

/**
 * The largest size under the load of a busy service: many objects that outlive a collection or two. V8 shrinks it in every pause, so that
 * its last size says nothing. In a process of its own, because V8's flags are everybody's.
 */
const sizeUnderLoad = (prepare: string): number =>
  Number(
    execFileSync(process.execPath, [
      '--input-type=module',
      '--disable-warning=ExperimentalWarning',
      '--eval',
      `
        import { getHeapSpaceStatistics } from 'node:v8';
        import { limitYoungGeneration } from '${MODULE}';
        ${prepare}
        const size = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size;
        const alive = [];
        let largest = 0;
        for (let round = 0; round < 200; round++) {
          for (let i = 0; i < 20_000; i++) alive[i] = { round, items: [i, round] };
          largest = Math.max(largest, size());
          await new Promise(setImmediate);
        }
        console.log(largest);
      `,
    ]),
  );

describe('the young generation', () => {
  it('grows under load to its limit and some steps beyond, not as far as V8 would let it', () => {
    const limited = sizeUnderLoad(`limitYoungGeneration(${4 * MIB});`);
    expect(limited).toBeGreaterThanOrEqual(4 * MIB);
    expect(limited).toBeLessThanOrEqual(16 * MIB);
    expect(sizeUnderLoad('')).toBeGreaterThan(16 * MIB);
  });
});
