import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolAccount } from '../../../test/support/pool-account.js';
import { testConfig } from '../../../test/support/test-config.js';
import type { Outcome } from '../../upstream/outcome.js';
import { AccountPool } from '../pool/account-pool.service.js';
import type { AccountChange } from '../pool/pool-account.js';
import type { AccountChangeWriter } from '../storage/account-change.writer.js';
import { AccountEffects } from './account-effects.service.js';
import { effectOfFailedChecks } from './check-policy.js';
import type { PolicyContext } from './outcome-policy.js';

const HOUR = 3_600_000;
const message = 'words of upstream';
const unauthorized: Outcome = { kind: 'unauthorized', code: null, dead: false, message };
const dead: Outcome = { kind: 'unauthorized', code: 'account_deactivated', dead: true, message };
const forbidden: Outcome = { kind: 'forbidden', code: null, message };
const three = { inRow: 3, previousAt: 0, othersAnswered: true };
const none = { kind: 'none' };

let clock: FakeClock;
let pool: AccountPool;
let effects: AccountEffects;
let written: AccountChange[];

const start = (accounts: number): void => {
  clock = new FakeClock();
  const config = testConfig();
  pool = new AccountPool(config, clock);
  written = [];
  effects = new AccountEffects(
    pool,
    { enqueue: (change: AccountChange) => void written.push(change) } as AccountChangeWriter,
    config,
    clock,
  );
  for (let n = 0; n < accounts; n++) pool.upsert(poolAccount(`a${n}`));
};
const renew = (id: string): void => pool.upsert({ ...pool.get(id)!, tokenGeneration: pool.get(id)!.tokenGeneration + 1 });

beforeEach(() => {
  Logger.overrideLogger(false);
  start(20);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('an account out of service', () => {
  beforeEach(() => {
    for (const id of ['a0', 'a1', 'a2']) effects.reportFailedChecks(id, forbidden, three);
    clock.advance(1);
    written.length = 0;
  });

  it('that is refused again says nothing of the vendor, and does not rest', () => {
    for (const id of ['a0', 'a1', 'a2']) {
      effects.noteUnauthorized(id);
      renew(id);
      expect(effects.report(id, '*', unauthorized)).toEqual(none);
      expect(effects.reportUsage(id, { outcome: forbidden, status: 403, refreshed: true })).toEqual(none);
    }
    expect([effects.vendorWide401(), pool.cooldowns('a0'), written]).toEqual([false, [], []]);
  });

  it('is lost for good when a code names it so, or its token is refused for good', () => {
    effects.report('a0', '*', dead);
    effects.permanentRefusal('a1', 'refresh_token_reused', message);
    expect(written).toMatchObject([
      { accountId: 'a0', from: 'disabled', state: 'needs_login', reason: 'account_deactivated', until: 0 },
      { accountId: 'a1', from: 'disabled', state: 'needs_login', reason: 'refresh_token_reused', until: 0 },
    ]);
    clock.advance(1);
    expect(effects.comeBack('a0', clock.now())).toBe(false);
    pool.setState('a2', 'disabled', 'operator');
    expect(effects.permanentRefusal('a2', 'refresh_token_reused', message)).toMatchObject({ kind: 'state' });
    expect(pool.get('a2')!.stateReason).toBe('operator');
  });

  it('comes back only for the reason that it went for', () => {
    expect(effects.comeBack('a0', clock.now())).toBe(true);
    expect(written).toMatchObject([{ from: 'disabled', fromReason: 'inferred:forbidden', state: 'active', reason: '' }]);
    expect(effects.report('a0', '*', forbidden)).toMatchObject({ kind: 'cooldown' });
  });
});

describe('the guard', () => {
  it('holds verdicts back with one alarm an hour, until accounts may leave again', () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    for (let n = 0; n < 4; n++) effects.reportFailedChecks(`a${n}`, forbidden, three);
    expect(effects.guard).toEqual({ alarm: false, heldBack: 0, suspects: 0 });
    for (let n = 4; n < 9; n++) expect(effects.reportFailedChecks(`a${n}`, forbidden, three)).toEqual({ ...none, held: true });
    expect(effects.guard).toEqual({ alarm: true, heldBack: 5, suspects: 5 });
    expect(error).toHaveBeenCalledTimes(1);
    expect(error.mock.calls[0]![0]).toMatchObject({ takenOut: 4, accounts: 20 });
    expect(pool.counts()).toMatchObject({ active: 16, disabled: 4 });
    clock.advance(HOUR);
    expect(effects.guard.alarm).toBe(false);
  });

  it('ends the alarm when all accounts that looked lost have worked', () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    for (let n = 0; n < 6; n++) effects.reportFailedChecks(`a${n}`, forbidden, three);
    expect(effects.guard).toEqual({ alarm: true, heldBack: 2, suspects: 2 });
    effects.report('a4', '*', { kind: 'ok' });
    expect(effects.guard).toEqual({ alarm: true, heldBack: 2, suspects: 1 });
    effects.reportUsage('a5', { outcome: { kind: 'ok' }, status: 200, refreshed: false });
    expect(effects.guard).toEqual({ alarm: false, heldBack: 2, suspects: 0 });
    expect(effects.reportFailedChecks('a5', forbidden, three)).toMatchObject({ held: true });
    expect(effects.guard.alarm).toBe(true);
    pool.remove('a5');
    expect(effects.guard.alarm).toBe(false);
  });

  it('lets an account go again that has gone and come back within the hour', () => {
    for (let n = 0; n < 4; n++) effects.reportFailedChecks(`a${n}`, forbidden, three);
    clock.advance(1);
    effects.comeBack('a0', clock.now());
    expect(effects.reportFailedChecks('a4', forbidden, three)).toMatchObject({ held: true });
    expect(effects.reportFailedChecks('a0', forbidden, three)).toMatchObject({ kind: 'state' });
  });
});

describe('refused health checks', () => {
  const context = {
    attempt: { refreshable: true },
    recent: { refusedInRow: 1, removalsInHour: 0 },
    poolSize: 9,
    massDisableLimitPercent: 20,
  };
  const decide = (outcome: Outcome, othersWork = true, recent = {}, attempt = {}) =>
    effectOfFailedChecks(outcome, { inRow: 4, othersWork }, {
      ...context,
      recent: { ...context.recent, ...recent },
      attempt: { ...context.attempt, ...attempt },
    } as unknown as PolicyContext);

  it.each<[string, Outcome, unknown]>([
    ['401', unauthorized, { state: 'needs_login', reason: 'inferred:unauthorized' }],
    [
      '402',
      { kind: 'payment_required', code: 'deactivated_workspace', message },
      { state: 'disabled', reason: 'inferred:deactivated_workspace' },
    ],
    ['403', forbidden, { state: 'disabled', reason: 'inferred:forbidden' }],
    ['a page of the edge', { kind: 'edge_blocked', status: 403 }, none],
    ['an empty 404', { kind: 'edge_not_found' }, none],
    ['429', { kind: 'rate_limited', retryAt: null, message }, none],
    ['500', { kind: 'server_error', status: 500, code: null, message }, none],
    ['a broken connection', { kind: 'network', failure: 'reset', message }, none],
    ['silence', { kind: 'timeout', message }, none],
  ])('with %s', (_name, outcome, expected) => {
    expect(decide(outcome)).toMatchObject(expected as object);
    expect(decide(outcome, false)).toEqual(none);
    expect(decide(outcome, true, { vendorWide401: true })).toEqual(none);
  });

  it('of a login need a renewed token that was refused as well, and one that we may renew', () => {
    expect(decide(unauthorized, true, { refusedInRow: 0 })).toEqual(none);
    expect(decide(unauthorized, true, {}, { refreshable: false })).toEqual(none);
    expect(decide(unauthorized)).toMatchObject({ evidence: `4 health checks in a row were refused; the last: ${message}` });
  });
});
