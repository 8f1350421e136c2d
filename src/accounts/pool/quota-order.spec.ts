import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolAccount } from '../../../test/support/pool-account.js';
import type { Config } from '../../config/config.js';
import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';
import { rateLimitsOfUsage } from '../../upstream/rate-limits.js';
import { AccountPool } from './account-pool.service.js';

const HOUR = 3_600_000;
const clock = new FakeClock();
const NOW = clock.now();

/** Used percent of the five hours and of the week, and what else is said of the account. */
type Reading = readonly [fiveHours: number, week: number, patch?: Partial<QuotaSnapshot>];

const snapshot = ([fiveHours, week, patch]: Reading): QuotaSnapshot => ({
  windows: [
    { usedPercent: fiveHours, minutes: 300, resetsAt: NOW + HOUR },
    { usedPercent: week, minutes: 10_080, resetsAt: NOW + 24 * HOUR },
  ],
  plan: null,
  credits: null,
  at: NOW,
  ...patch,
});

/** Accounts `0`, `1`, … in the order in which they are chosen, each one once. */
const order = (readings: readonly (Reading | null)[]): string[] => {
  const pool = poolOf(readings, 'quota-first');
  const tried = new Set<string>();
  for (let id = pick(pool, tried); id !== null; id = pick(pool, tried)) tried.add(id);
  return [...tried];
};

const poolOf = (readings: readonly (Reading | null)[], selector: Config['selector']): AccountPool => {
  const pool = new AccountPool({ accountMaxConcurrency: 0, selector } as Config, clock);
  readings.forEach((reading, id) => pool.upsert(poolAccount(String(id), { quota: reading && snapshot(reading) })));
  return pool;
};

const pick = (pool: AccountPool, tried: ReadonlySet<string> = new Set()): string | null => {
  using lease = pool.lease({ model: 'gpt-5.4', affinity: [], turnStart: true, tried });
  return lease?.account.id ?? null;
};

const credits = (unlimited: boolean) => ({ credits: { has: true, unlimited, balance: '10' } });

describe('the order of selection', () => {
  it.each<[string, (Reading | null)[], string]>([
    [
      'the fuller of two',
      [
        [50, 0],
        [20, 0],
      ],
      '1 0',
    ],
    [
      'the tighter window of each counts',
      [
        [10, 80],
        [60, 5],
      ],
      '1 0',
    ],
    [
      'whichever it is',
      [
        [80, 10],
        [5, 60],
      ],
      '1 0',
    ],
    ['unknown counts as the best', [[10, 10], null], '1 0'],
    [
      'a used-up one is the last, and still one',
      [
        [100, 10],
        [99, 99],
      ],
      '1 0',
    ],
    [
      'one without limits is the best',
      [
        [0, 1],
        [100, 100, credits(true)],
      ],
      '1 0',
    ],
    [
      'one that would pay is the last',
      [
        [100, 0, credits(false)],
        [99, 0],
      ],
      '1 0',
    ],
    [
      'credits do not help before windows are full',
      [
        [50, 0, credits(false)],
        [40, 0],
      ],
      '1 0',
    ],
    [
      'a window that has started anew counts as unused',
      [
        [30, 30],
        [100, 10, { windows: [{ usedPercent: 100, minutes: 300, resetsAt: NOW }] }],
      ],
      '1 0',
    ],
    [
      'three',
      [
        [90, 0],
        [0, 10],
        [30, 30],
      ],
      '1 2 0',
    ],
    ['five, one unknown', [[10, 20], [95, 0], null, [0, 50], [60, 61]], '2 0 3 4 1'],
  ])('%s', (_name, readings, expected) => {
    expect(order(readings).join(' ')).toBe(expected);
  });

  it.each([2, 3, 5, 8, 13, 20])('in a pool of %d goes from the most quota left to the least', (size) => {
    const readings = Array.from({ length: size }, (_, n): Reading => [(n * 37) % 97, (n * 61) % 89]);
    const left = order(readings).map((id) => 100 - Math.max(...readings[Number(id)]!.slice(0, 2).map(Number)));
    expect(left).toHaveLength(size);
    expect(left).toEqual([...left].sort((a, b) => b - a));
  });

  it.each([2, 5, 20])('in a pool of %d rotates among those within ten points of the best', (size) => {
    const near = Array.from({ length: size - 1 }, (_, n): Reading => [20 + (n % 10), 0]);
    const pool = poolOf([[31, 0], ...near], 'round-robin');
    const picks = Array.from({ length: 3 * (size - 1) }, () => pick(pool));
    expect(new Set(picks).size).toBe(size - 1);
    expect(picks).not.toContain('0');
  });

  it('does not depend on the slot in which a window is reported', () => {
    const week = { used_percent: 80, limit_window_seconds: 604_800, reset_after_seconds: 9999 };
    const hours = { used_percent: 10, limit_window_seconds: 18_000, reset_after_seconds: 99 };
    const usual = rateLimitsOfUsage({ rate_limit: { primary_window: hours, secondary_window: week } }, NOW)!;
    const swapped = rateLimitsOfUsage({ rate_limit: { primary_window: week, secondary_window: hours } }, NOW)!;
    const alone = rateLimitsOfUsage({ rate_limit: { primary_window: week, secondary_window: null } }, NOW)!;
    expect(
      order([
        [85, 0],
        [0, 0, usual],
        [0, 0, swapped],
        [0, 0, alone],
        [75, 0],
      ]),
    ).toEqual(['4', '1', '2', '3', '0']);
  });
});
