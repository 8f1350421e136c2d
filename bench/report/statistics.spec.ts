import { describe, expect, it } from '@jest/globals';
import { ratioText, table } from './format.ts';
import { median, roundRatio } from './statistics.ts';

const inRounds = (...values: (number | null)[]) => values.map((value, round) => ({ round, value }));
const value = (record: { value: number | null }) => record.value;

describe('median', () => {
  it('leaves out what is not known', () => {
    expect(median([5, null, 1, undefined, 3, NaN])).toBe(3);
    expect(median([1, 2])).toBe(1.5);
    expect(median([null])).toBeNull();
  });
});

describe('ratio', () => {
  it('is taken within each round, so that a slow round cancels', () => {
    const ratio = roundRatio(inRounds(200, 2000, 220), inRounds(100, 1000, 100), value)!;
    expect(ratio.median).toBe(2);
    expect(ratio.error).toBeCloseTo((1.25 * Math.sqrt(0.04 / 3)) / Math.sqrt(3), 10);
  });

  it('counts only rounds that have both sides', () => {
    expect(roundRatio(inRounds(6, null, 8), inRounds(3), value)).toEqual({ median: 2, error: null });
    expect(roundRatio(inRounds(6), inRounds(null), value)).toBeNull();
    expect(roundRatio(inRounds(6), inRounds(0), value)).toBeNull();
  });

  it('is written with its error', () => {
    expect(ratioText({ median: 1.4567, error: 0.0213 })).toBe('1.46 ±0.02');
    expect(ratioText({ median: 0.5, error: null })).toBe('0.500');
    expect(ratioText(null)).toBe('–');
  });
});

describe('table', () => {
  it('is Markdown with aligned columns', () => {
    expect(table(['target', 'n'], [['floor', '10']])).toBe('| target |  n |\n|--------|---:|\n| floor  | 10 |');
  });
});
