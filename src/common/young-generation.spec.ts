import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const MIB = 1024 * 1024;
const MODULE = pathToFileURL(`${import.meta.dirname}/young-generation.ts`).href;

/** As a busy service does: many objects that outlive a collection or two. In a process of its own, because V8's flags are everybody's. */
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
        const alive = [];
        for (let round = 0; round < 200; round++) {
          for (let i = 0; i < 20_000; i++) alive[i] = { round, items: [i, round] };
          await new Promise(setImmediate);
        }
        console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
      `,
    ]),
  );

describe('the young generation', () => {
  it('grows under load up to its limit, give or take one step, and no further', () => {
    const limited = sizeUnderLoad(`limitYoungGeneration(${4 * MIB});`);
    expect(limited).toBeGreaterThanOrEqual(4 * MIB);
    expect(limited).toBeLessThanOrEqual(8 * MIB);
    expect(sizeUnderLoad('')).toBeGreaterThan(8 * MIB);
  });
});
