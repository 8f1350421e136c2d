import { describe, expect, it } from '@jest/globals';
import { classifyAnswer, classifyStreamError } from './classify.js';
import { retryAfterAt } from './error-body.js';
import type { Outcome } from './outcome.js';
import { rateLimitsOfHeaders, rateLimitsOfUsage } from './rate-limits.js';

const NOW = 1_787_000_000_000;
const NOW_SEC = NOW / 1000;
const HOUR = 3_600_000;
const YEAR = 366 * 24 * HOUR;

type Time = number | null;
const endOf = (outcome: Outcome): Time =>
  outcome.kind === 'quota' ? outcome.resetsAt : outcome.kind === 'rate_limited' ? outcome.retryAt : NaN;

/** Members of the error, and when the pause ends: the same as the body of a 429, as an `error` event and as `response.failed`. */
const SAYS: readonly [string, object, Time][] = [
  ['usage_limit_reached', { resets_at: NOW_SEC + 3600 }, NOW + HOUR],
  ['usage_limit_reached', { resets_at: String(NOW_SEC + 3600) }, NOW + HOUR],
  ['usage_limit_reached', { resets_at: NOW + HOUR }, NOW + HOUR], // milliseconds
  ['usage_limit_reached', { resets_in_seconds: 3600 }, NOW + HOUR],
  ['usage_limit_reached', { resets_at: NOW_SEC + 3610, resets_in_seconds: 3600 }, NOW + HOUR + 10_000],
  ['usage_limit_reached', { resets_at: NOW_SEC - 7200, resets_in_seconds: 3600 }, NOW + HOUR], // our clock is three hours fast
  ['usage_limit_reached', { resets_at: NOW_SEC + 90_000, resets_in_seconds: 3600 }, NOW + HOUR], // or a day slow
  ['usage_limit_reached', { resets_at: NOW_SEC - 60 }, null],
  ['usage_limit_reached', { resets_in_seconds: 0 }, null],
  ['usage_limit_reached', { resets_in_seconds: -5 }, null],
  ['usage_limit_reached', { resets_at: NOW_SEC + 1e9 }, NOW + YEAR],
  ['usage_limit_reached', { resets_at: 'soon', resets_in_seconds: null }, null],
  ['usage_limit_reached', { message: 'You are out of quota. Try again in 2 hours.' }, NOW + 2 * HOUR],
  ['insufficient_quota', { resets_in_seconds: 30 }, NOW + 30_000],
  ['rate_limit_exceeded', { message: 'Please try again in 11.05s.' }, NOW + 11_050],
  ['rate_limit_exceeded', { message: 'try again in 1m30s' }, NOW + 90_000],
  ['rate_limit_exceeded', { message: 'try again in 350ms' }, NOW + 350],
  ['rate_limit_exceeded', { message: 'try again in 9999999 hours' }, null],
  ['rate_limit_exceeded', { message: 'try again later' }, null],
  ['rate_limit_exceeded', { resets_in_seconds: 20 }, NOW + 20_000],
];

describe('the end of a limit', () => {
  it.each(SAYS)('%s %j', (code, members, expected) => {
    const error = { code, message: 'x', ...members };
    const answer = classifyAnswer(429, {}, JSON.stringify({ error: { ...error, type: code } }), NOW);
    const events = [
      { type: 'error', error },
      { type: 'response.failed', response: { status: 'failed', error } },
      { type: 'error', status: 429, error },
    ];
    expect([answer, ...events.map((event) => classifyStreamError(event, {}, NOW))].map(endOf)).toEqual(Array(4).fill(expected));
  });

  it.each<[string, string, Record<string, string>, Time]>([
    ['Retry-After', 'rate_limit_exceeded', { 'retry-after': '7' }, NOW + 7000],
    ['Retry-After: 0', 'rate_limit_exceeded', { 'retry-after': '0' }, NOW],
    ['Retry-After', 'usage_limit_reached', { 'retry-after': '7' }, NOW + 7000],
    ['Retry-After: 0', 'usage_limit_reached', { 'retry-after': '0' }, null],
    [
      'the reset of the full window',
      'usage_limit_reached',
      { 'x-codex-primary-used-percent': '100', 'x-codex-primary-reset-at': String(NOW_SEC + 3600) },
      NOW + HOUR,
    ],
    [
      'the later reset of two full windows',
      'usage_limit_reached',
      {
        'x-codex-primary-used-percent': '100',
        'x-codex-primary-reset-after-seconds': '3600',
        'x-codex-secondary-used-percent': '100',
        'x-codex-secondary-reset-after-seconds': '7200',
      },
      NOW + 2 * HOUR,
    ],
    [
      'the window of the limit that was reached',
      'usage_limit_reached',
      {
        'x-codex-active-limit': 'codex_bengalfox',
        'x-codex-primary-used-percent': '100',
        'x-codex-primary-reset-after-seconds': '3600',
        'x-codex-bengalfox-primary-used-percent': '100',
        'x-codex-bengalfox-primary-reset-after-seconds': '60',
      },
      NOW + 60_000,
    ],
    [
      'windows that are not full',
      'usage_limit_reached',
      { 'x-codex-primary-used-percent': '80', 'x-codex-primary-reset-after-seconds': '9' },
      null,
    ],
  ])('is read from headers: %s of %s', (_name, type, headers, expected) => {
    expect(endOf(classifyAnswer(429, headers, JSON.stringify({ error: { type, message: 'x' } }), NOW))).toBe(expected);
  });
});

describe('Retry-After as a date', () => {
  const at = (ms: number) => new Date(ms).toUTCString();

  it.each<[string, string | undefined, Time]>([
    [at(NOW + 5000), undefined, NOW + 5000],
    [at(NOW + HOUR + 5000), at(NOW + HOUR), NOW + 5000],
    [at(NOW - HOUR + 5000), at(NOW - HOUR), NOW + 5000],
    [at(NOW - 5000), undefined, null],
    [at(NOW + 2 * YEAR), undefined, NOW + YEAR],
  ])('%s on a day when upstream says it is %s', (value, date, expected) => {
    expect(retryAfterAt(value, NOW, date)).toBe(expected);
  });
});

describe('the reset of a usage window', () => {
  it.each<[string, object, number]>([
    ['in seconds', { reset_at: NOW_SEC + 60 }, NOW + 60_000],
    ['in milliseconds', { reset_at: NOW + 60_000 }, NOW + 60_000],
    ['by another clock', { reset_at: NOW_SEC - 9000, reset_after_seconds: 60 }, NOW + 60_000],
    ['a moment ago', { reset_at: NOW_SEC - 5 }, NOW - 5000],
    ['long ago', { reset_at: NOW_SEC - 3600 }, 0],
    ['absurdly far away', { reset_at: NOW_SEC + 4e7 }, 0],
    ['not said', {}, 0],
  ])('%s', (_name, members, expected) => {
    const window = { used_percent: 50, limit_window_seconds: 18_000, ...members };
    expect(rateLimitsOfUsage({ rate_limit: { primary_window: window } }, NOW)?.windows[0]?.resetsAt).toBe(expected);
    const headers = Object.fromEntries(
      Object.entries(window).map(([name, value]) => [`x-codex-primary-${name.replaceAll('_', '-')}`, String(value)]),
    );
    expect(rateLimitsOfHeaders(headers, NOW)?.windows[0]?.resetsAt).toBe(expected);
  });
});
