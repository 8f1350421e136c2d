import { describe, expect, it } from '@jest/globals';
import { activeFamily, rateLimitsOfEvent, rateLimitsOfHeaders, rateLimitsOfUsage } from './rate-limits.js';

const NOW = 1_787_000_000_000;
const window = (usedPercent: number, minutes: number, resetsAt: number) => ({ usedPercent, minutes, resetsAt });

describe('rateLimitsOfHeaders', () => {
  it('reads windows, plan and credits of the default family', () => {
    expect(
      rateLimitsOfHeaders(
        {
          'x-codex-plan-type': 'plus',
          'x-codex-primary-used-percent': '12.5',
          'x-codex-primary-window-minutes': '300',
          'x-codex-primary-reset-at': '1787005400',
          'x-codex-secondary-used-percent': '3',
          'x-codex-secondary-window-minutes': '10080',
          'x-codex-secondary-reset-after-seconds': '400',
          'x-codex-credits-has-credits': 'True',
          'x-codex-credits-unlimited': 'False',
          'x-codex-credits-balance': '',
          'x-codex-bengalfox-primary-used-percent': '99',
        },
        NOW,
      ),
    ).toEqual({
      windows: [window(12.5, 300, 1_787_005_400_000), window(3, 10_080, NOW + 400_000)],
      plan: 'plus',
      credits: { has: true, unlimited: false, balance: null },
      at: NOW,
    });
  });

  it.each([
    ['no such header', {}],
    ['a percentage that is no number', { 'x-codex-primary-used-percent': 'NaN' }],
    ['an infinite percentage', { 'x-codex-primary-used-percent': 'Infinity' }],
    ['a placeholder', { 'x-codex-primary-used-percent': '0', 'x-codex-primary-window-minutes': '0', 'x-codex-primary-reset-at': '0' }],
  ])('is null for %s', (_name, headers) => {
    expect(rateLimitsOfHeaders(headers, NOW)).toBeNull();
  });

  it('keeps an unused window that has a length', () => {
    expect(
      rateLimitsOfHeaders({ 'x-codex-secondary-used-percent': '0', 'x-codex-secondary-window-minutes': '10080' }, NOW)?.windows,
    ).toEqual([window(0, 10_080, 0)]);
  });

  it('keeps percentages within 0 and 100', () => {
    expect(rateLimitsOfHeaders({ 'x-codex-primary-used-percent': '104' }, NOW)?.windows).toEqual([window(100, 0, 0)]);
  });

  it('reads another family when it is asked for', () => {
    const headers = { 'x-codex-bengalfox-primary-used-percent': '7', 'x-codex-bengalfox-primary-window-minutes': '300' };
    expect(rateLimitsOfHeaders(headers, NOW)).toBeNull();
    expect(rateLimitsOfHeaders(headers, NOW, 'codex_bengalfox')?.windows).toEqual([window(7, 300, 0)]);
  });
});

it.each([
  [undefined, null],
  ['codex', null],
  ['', null],
  ['codex_bengalfox', 'codex_bengalfox'],
])('an active limit of %p is the family %p', (value, family) => {
  expect(activeFamily({ 'x-codex-active-limit': value })).toBe(family);
});

describe('rateLimitsOfEvent', () => {
  const event = {
    type: 'codex.rate_limits',
    plan_type: 'plus',
    rate_limits: {
      primary: { used_percent: 41, window_minutes: 300, reset_at: 1_787_005_400 },
      secondary: { used_percent: 13, window_minutes: 10_080, resets_at: 1_787_400_000 },
    },
    credits: { has_credits: false, unlimited: false, balance: '0' },
    metered_limit_name: 'codex',
    limit_name: null,
  };

  it('says the same as the headers', () => {
    expect(rateLimitsOfEvent(event, NOW)).toEqual({
      windows: [window(41, 300, 1_787_005_400_000), window(13, 10_080, 1_787_400_000_000)],
      plan: 'plus',
      credits: { has: false, unlimited: false, balance: '0' },
      at: NOW,
    });
  });

  it('finds credits inside the limits, and counts one without a name for the default family', () => {
    const nested = { rate_limits: { ...event.rate_limits, credits: { has_credits: true, unlimited: true, balance: 2.5 } } };
    expect(rateLimitsOfEvent(nested, NOW)?.credits).toEqual({ has: true, unlimited: true, balance: '2.5' });
  });

  it('ignores other families and events without windows', () => {
    expect(rateLimitsOfEvent({ ...event, metered_limit_name: 'codex_bengalfox' }, NOW)).toBeNull();
    expect(rateLimitsOfEvent({ ...event, metered_limit_name: null, limit_name: 'premium' }, NOW)).toBeNull();
    expect(rateLimitsOfEvent({ ...event, rate_limits: null }, NOW)).toBeNull();
  });
});

describe('rateLimitsOfUsage', () => {
  const slot = (used_percent: number, limit_window_seconds: number) => ({ used_percent, limit_window_seconds, reset_after_seconds: 60 });

  it('tells windows apart by their length, whatever slot they are in', () => {
    const usage = { plan_type: 'team', rate_limit: { primary_window: slot(24, 604_800), secondary_window: null }, credits: null };
    expect(rateLimitsOfUsage(usage, NOW)).toEqual({
      windows: [window(24, 10_080, NOW + 60_000)],
      plan: 'team',
      credits: null,
      at: NOW,
      usage: { at: NOW, allowed: null, limits: [] },
    });
    expect(rateLimitsOfUsage({ rate_limit: { primary_window: slot(1, 61) } }, NOW)?.windows[0]?.minutes).toBe(2);
  });

  it('knows an account without limits', () => {
    expect(rateLimitsOfUsage({ plan_type: 'enterprise', rate_limit: null }, NOW)).toMatchObject({ windows: [], plan: 'enterprise' });
  });

  it.each([
    ['both say yes', { allowed: true, limit_reached: false }, {}, true],
    ['it is not allowed', { allowed: false, limit_reached: true }, {}, false],
    ['the limit is reached but turns are allowed: credits pay', { allowed: true, limit_reached: true }, {}, null],
    ['only the limit is named', { limit_reached: true }, {}, false],
    ['the spend limit of the workspace is reached', { allowed: true, limit_reached: false }, { reached: true }, false],
    ['nothing is said', {}, {}, null],
  ])('knows whether turns are admitted: %s', (_name, limit, spend_control, allowed) => {
    expect(rateLimitsOfUsage({ rate_limit: limit, spend_control }, NOW)?.usage?.allowed).toBe(allowed);
  });

  it('lists additional limits with their own windows, and leaves out what it cannot read', () => {
    const additional_rate_limits = [
      null,
      { limit_name: 'nothing known of it', rate_limit: null },
      {
        limit_name: 'GPT-5.3-Codex-Spark',
        metered_feature: 'codex_bengalfox',
        rate_limit: { allowed: false, primary_window: slot(100, 18_000) },
      },
      {
        limit_name: 'gpt-reserve',
        metered_feature: 'base_model_inference',
        normal_model_slug: 'gpt-5.6-luna',
        rate_limit: { allowed: true },
      },
    ];
    expect(rateLimitsOfUsage({ plan_type: 'plus', additional_rate_limits }, NOW)?.usage?.limits).toEqual([
      { family: 'codex_bengalfox', name: 'GPT-5.3-Codex-Spark', model: null, allowed: false, windows: [window(100, 300, NOW + 60_000)] },
      { family: 'base_model_inference', name: 'gpt-reserve', model: 'gpt-5.6-luna', allowed: true, windows: [] },
    ]);
  });

  it.each([[null], ['text'], [[]], [{ detail: 'no' }]])('is null for %j', (usage) => {
    expect(rateLimitsOfUsage(usage, NOW)).toBeNull();
  });
});
