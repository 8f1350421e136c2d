import { describe, expect, it } from '@jest/globals';
import { slope, type MemorySample } from './memory.ts';

const everyHalfSecond = (bytesAt: (ms: number) => number): MemorySample[] =>
  Array.from({ length: 120 }, (_, i) => [i * 500, bytesAt(i * 500)]);

describe('memory slope', () => {
  it('is MB per minute', () => {
    expect(slope(everyHalfSecond((ms) => 50e6 + (ms / 60_000) * 6e6))).toBeCloseTo(6, 6);
  });

  it('does not see the saw teeth of the collector', () => {
    expect(slope(everyHalfSecond((ms) => 50e6 + (ms % 5000) * 4000))).toBeCloseTo(0, 6);
  });

  it('leaves out the warm-up', () => {
    expect(slope(everyHalfSecond((ms) => (ms < 15_000 ? 10e6 : 50e6)))).toBeCloseTo(0, 6);
  });

  it('says nothing about a short series', () => {
    expect(slope(everyHalfSecond(() => 1).slice(0, 40))).toBeNull();
  });
});
