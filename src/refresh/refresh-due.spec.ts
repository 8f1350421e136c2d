import { describe, expect, it } from '@jest/globals';
import { isRefreshDue, refreshHorizonMs } from './refresh-due.js';

const NOW = 1_790_000_000_000;
const HOUR = 3_600_000;
const horizon = refreshHorizonMs(3000);
const due = (endsIn: number, issuedAgo = 240 * HOUR, accessToken = 'sealed') =>
  isRefreshDue({ accessToken, accessExpiresAt: NOW + endsIn, lastRefreshAt: NOW - issuedAgo }, NOW, horizon);

describe('whether a token is due for refresh', () => {
  it.each([
    ['a token of the past', -HOUR, true],
    ['one that ends before the next round', 3_299_000, true],
    ['one that ends after it', 3_301_000, false],
    ['one of ten days', 240 * HOUR, false],
  ])('%s: %s', (_, endsIn, expected) => {
    expect(due(endsIn)).toBe(expected);
  });

  it('is due when nothing is known of its life', () => {
    expect(due(240 * HOUR, 0, '')).toBe(true);
    expect(isRefreshDue({ accessToken: 'sealed', accessExpiresAt: 0, lastRefreshAt: NOW }, NOW, horizon)).toBe(true);
  });

  it('is not due right after its issue, however short it lives', () => {
    expect(due(HOUR / 2, 0)).toBe(false);
    expect(due(HOUR / 4, HOUR / 4)).toBe(true);
  });

  it('does not trust an issue date of the future', () => {
    expect(due(HOUR / 4, -HOUR)).toBe(false);
    expect(due(-1, -HOUR)).toBe(true);
  });
});
