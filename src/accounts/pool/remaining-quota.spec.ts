import { describe, expect, it } from '@jest/globals';
import type { QuotaSnapshot, QuotaWindow } from '../../upstream/quota-snapshot.js';
import { nextReset, remainingPercent, sameReading } from './remaining-quota.js';

const AT = 1_800_000_000_000;
const MINUTE = 60_000;

const reading = (...windows: QuotaWindow[]): QuotaSnapshot => ({ windows, plan: 'plus', credits: null, at: AT });
const window = (usedPercent: number, minutes = 300, resetsAt = AT + 10 * MINUTE): QuotaWindow => ({ usedPercent, minutes, resetsAt });

describe('remaining quota', () => {
  it.each<[string, QuotaSnapshot | null, number]>([
    ['unknown', null, 100],
    ['without windows', reading(), 100],
    ['of the tightest window', reading(window(10), window(60)), 40],
    ['in whole percent', reading(window(59.6)), 40],
    ['beyond the limit', reading(window(130)), 0],
    ['not a number', reading(window(NaN)), 100],
  ])('%s', (_name, quota, expected) => {
    expect(remainingPercent(quota, AT)).toBe(expected);
  });

  it('counts a window as unused from its reset on', () => {
    const quota = reading(window(90), window(30, 10_080, AT + 99 * MINUTE));
    expect([9, 10, 99].map((minutes) => remainingPercent(quota, AT + minutes * MINUTE))).toEqual([10, 70, 100]);
    expect(nextReset(quota, AT)).toBe(AT + 10 * MINUTE);
    expect(nextReset(quota, AT + 10 * MINUTE)).toBe(AT + 99 * MINUTE);
    expect(nextReset(quota, AT + 99 * MINUTE)).toBe(Infinity);
  });

  it('is everything on an account without limits, and nothing where credits pay for what is beyond full windows', () => {
    const credits = { has: true, unlimited: false, balance: '12.5' };
    expect(remainingPercent({ ...reading(window(100)), credits: { ...credits, unlimited: true } }, AT)).toBe(100);
    expect(remainingPercent({ ...reading(window(100)), credits }, AT)).toBe(0);
  });

  it('ends a window without a reset one length after it was seen, and one without a length never', () => {
    const quota = reading(window(90, 300, 0));
    expect([299, 300].map((minutes) => remainingPercent(quota, AT + minutes * MINUTE))).toEqual([10, 100]);
    expect(remainingPercent(reading(window(90, 0, 0)), AT * 2)).toBe(10);
  });
});

describe('a reading', () => {
  it('is the same at another time', () => {
    expect(sameReading(reading(window(1)), { ...reading(window(1)), at: 0 })).toBe(true);
    expect(sameReading(reading(window(1)), reading(window(2)))).toBe(false);
    expect(sameReading(reading(window(1)), { ...reading(window(1)), usage: { at: AT, allowed: true, limits: [] } })).toBe(false);
  });
});
