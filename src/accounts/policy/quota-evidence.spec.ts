import { describe, expect, it } from '@jest/globals';
import type { AdditionalLimit, QuotaSnapshot, QuotaWindow } from '../../upstream/quota-snapshot.js';
import type { Cooldown } from '../pool/pool-account.js';
import { quotaVerdicts } from './quota-evidence.js';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

const window = (usedPercent: number, resetsAt = NOW + HOUR, minutes = 300): QuotaWindow => ({ usedPercent, minutes, resetsAt });
const headers = (...windows: QuotaWindow[]): QuotaSnapshot => ({ windows, plan: null, credits: null, at: NOW });
const answer = (allowed: boolean | null, windows: QuotaWindow[], limits: AdditionalLimit[] = []): QuotaSnapshot => ({
  ...headers(...windows),
  usage: { at: NOW, allowed, limits },
});
const limit = (family: string, allowed: boolean | null, patch: Partial<AdditionalLimit> = {}): AdditionalLimit => ({
  family,
  name: null,
  model: null,
  allowed,
  windows: [window(allowed === false ? 100 : 5)],
  ...patch,
});
const cooldown = (patch: Partial<Cooldown> = {}): Cooldown => ({
  accountId: 'a',
  model: '*',
  since: NOW - HOUR,
  until: NOW + HOUR,
  cause: 'quota',
  source: 'resets_at',
  ...patch,
});
const credits = { has: true, unlimited: false, balance: '5' };
const SPARK = 'codex_bengalfox';

const LIFT = ['lift'];
const NOTHING: string[] = [];

describe('what a reading says of a cooldown', () => {
  it('is nothing when its turn was under way before the cooldown began', () => {
    const begun = cooldown({ since: NOW - 1_000 });
    expect(quotaVerdicts(headers(window(20)), [begun], NOW, NOW - 1_001)).toEqual([]);
    expect(quotaVerdicts(headers(window(20)), [begun], NOW, NOW - 999)).toHaveLength(1);
  });

  it.each<[string, Partial<Cooldown>, QuotaSnapshot, string[]]>([
    ['headers with room', {}, headers(window(20), window(99)), LIFT],
    ['headers with a full window', {}, headers(window(20), window(100)), NOTHING],
    ['headers with a full window that has started anew', {}, headers(window(100, NOW)), LIFT],
    ['headers with a full window, and credits', {}, { ...headers(window(100)), credits }, LIFT],
    [
      'headers with a full window, and credits that are spent',
      {},
      { ...headers(window(100)), credits: { ...credits, balance: '0' } },
      NOTHING,
    ],
    ['no window', {}, headers(), NOTHING],
    ['headers from before', { since: NOW }, headers(window(20)), NOTHING],
    ['an answer from before', { since: NOW }, answer(true, [window(20)]), NOTHING],
    ['headers, of a model', { model: 'gpt-5.4' }, headers(window(20)), NOTHING],
    ['headers, of a rate limit', { cause: 'rate_limit' }, headers(window(20)), NOTHING],
    ['headers, of the plan', { cause: 'not_included' }, headers(window(20)), LIFT],
    ['headers, of a refused login', { cause: 'unauthorized' }, headers(window(20)), NOTHING],
    [
      'headers after an answer of the usage endpoint',
      { model: SPARK },
      { ...answer(true, [window(20)], [limit(SPARK, true)]), at: NOW + 1 },
      NOTHING,
    ],

    ['turns are allowed', {}, answer(true, [window(100)]), LIFT],
    ['turns are not allowed, whatever the windows say', {}, answer(false, [window(20)]), NOTHING],
    ['the reset is the same, but for seconds', {}, answer(false, [window(100, NOW + HOUR + 30_000)]), NOTHING],
    ['the reset is later', {}, answer(false, [window(100, NOW + 5 * HOUR)]), [`replace ${5 * HOUR}`]],
    ['the reset is earlier', {}, answer(null, [window(100, NOW + HOUR / 2)]), [`replace ${HOUR / 2}`]],
    [
      'the later one of two full windows counts',
      {},
      answer(false, [window(100), window(100, NOW + 9 * HOUR, 10_080)]),
      [`replace ${9 * HOUR}`],
    ],
    ['a window with room has no say in that', {}, answer(false, [window(100), window(3, NOW + 9 * HOUR, 10_080)]), NOTHING],
    ['nothing about turns, windows with room', {}, answer(null, [window(20)]), LIFT],
    ['nothing at all', {}, answer(null, []), NOTHING],
    ['a plan without windows, where turns are allowed', { cause: 'not_included' }, answer(true, []), NOTHING],
    ['a plan with windows', { cause: 'not_included' }, answer(true, [window(0)]), LIFT],
    ['a rate limit of a model of the default limit', { cause: 'rate_limit', model: 'gpt-5.4' }, answer(true, [window(20)]), LIFT],
    [
      'a rate limit does not follow the windows',
      { cause: 'rate_limit', model: 'gpt-5.4' },
      answer(null, [window(100, NOW + 9 * HOUR)]),
      NOTHING,
    ],

    ['its own family has room', { model: SPARK }, answer(true, [window(20)], [limit(SPARK, true)]), LIFT],
    [
      'its own family has a later reset',
      { model: SPARK },
      answer(true, [window(20)], [limit(SPARK, null, { windows: [window(100, NOW + 3 * HOUR)] })]),
      [`replace ${3 * HOUR}`],
    ],
    ['only the default limit has room', { model: SPARK }, answer(true, [window(20)]), NOTHING],
    [
      'a model of the family',
      { model: 'gpt-5.3-codex-spark', cause: 'rate_limit' },
      answer(false, [window(100)], [limit(SPARK, true)]),
      ['lift', `begin * ${HOUR}`],
    ],
    [
      'the limit of that very model',
      { model: 'gpt-5.6-luna' },
      answer(true, [window(20)], [limit('base', true, { model: 'gpt-5.6-luna' })]),
      LIFT,
    ],
    ['a quota of a family that nobody knows', { model: 'gpt-5.4' }, answer(true, [window(20)]), NOTHING],
  ])('%s', (_name, patch, snapshot, expected) => {
    const said = quotaVerdicts(snapshot, [cooldown(patch)], NOW).map((verdict) => {
      if (verdict.kind === 'begin') return `begin ${verdict.model} ${verdict.until - NOW}`;
      return verdict.kind === 'replace' ? `replace ${verdict.until - NOW}` : 'lift';
    });
    expect(said).toEqual(expected);
  });
});

describe('an answer of the usage endpoint begins a cooldown', () => {
  it.each<[string, QuotaSnapshot, object[]]>([
    ['where turns are not allowed until a reset', answer(false, [window(100)]), [{ kind: 'begin', model: '*', until: NOW + HOUR }]],
    [
      'of a family whose models are known',
      answer(true, [window(5)], [limit(SPARK, false)]),
      [{ kind: 'begin', model: SPARK, until: NOW + HOUR }],
    ],
    ['of no other family', answer(true, [window(5)], [limit('base_model_inference', false)]), []],
    ['not where it does not say so itself', answer(null, [window(100)]), []],
    ['not without a reset', answer(false, [window(100, 0, 0)]), []],
    ['not for a reset that has passed', answer(false, [window(100, NOW - 1)]), []],
  ])('%s', (_name, snapshot, expected) => {
    expect(quotaVerdicts(snapshot, [], NOW)).toEqual(expected);
  });

  it('not beside one that is running, except a rest', () => {
    const full = answer(false, [window(100)]);
    expect(quotaVerdicts(full, [cooldown({ cause: 'rate_limit' })], NOW)).toEqual([]);
    expect(quotaVerdicts(full, [cooldown({ cause: 'forbidden' })], NOW)).toHaveLength(1);
  });

  it('and headers never do', () => {
    expect(quotaVerdicts(headers(window(100)), [], NOW)).toEqual([]);
  });
});
