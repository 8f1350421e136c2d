import { describe, expect, it } from '@jest/globals';
import { backoffUntil } from './refresh-backoff.js';

describe('the pause after failed refreshes', () => {
  it('grows to five minutes and stays there', () => {
    expect([1, 2, 3, 4, 5, 9].map((failures) => backoffUntil(failures, 0, 0.5))).toEqual([5000, 15_000, 45_000, 135_000, 300_000, 300_000]);
  });

  it('is half a minute at most for an account that cannot serve', () => {
    expect([1, 2, 3, 9].map((failures) => backoffUntil(failures, 0, 0.5, { urgent: true }))).toEqual([5000, 15_000, 30_000, 30_000]);
    expect(backoffUntil(1, 0, 0.5, { urgent: true, retryAt: 90_000 })).toBe(90_000);
  });

  it('is spread by a fifth to both sides', () => {
    expect(backoffUntil(1, 1000, 0)).toBe(5000);
    expect(backoffUntil(1, 1000, 0.999999)).toBe(7000);
  });

  it('follows a longer wish of the vendor, up to an hour', () => {
    expect(backoffUntil(1, 1000, 0.5, { retryAt: 61_000 })).toBe(61_000);
    expect(backoffUntil(1, 0, 0.5, { retryAt: 10 * 3_600_000 })).toBe(3_600_000);
    expect(backoffUntil(5, 0, 0.5, { retryAt: 1000 })).toBe(300_000);
  });
});
