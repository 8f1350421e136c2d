import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountRepository } from '../accounts/storage/account.repository.js';
import type { KeyValues } from '../config/config.js';
import { type QuotaProcess, QuotaWorld } from '../../test/support/quota-harness.js';

const MINUTE = 60_000;

let world: QuotaWorld;
let gateway: QuotaProcess;
let id: string;

const start = async (keys: Partial<KeyValues> = {}, accounts = 1): Promise<void> => {
  world.accounts(accounts);
  gateway = await world.process({}, keys);
  for (let n = accounts; n >= 1; n--) id = await gateway.import(n);
};
const check = () => gateway.checks.check(id, { force: true });
/** State, and causes of the running cooldowns. */
const standing = () => [gateway.pool.get(id)!.state, ...gateway.pool.cooldowns(id).map(({ cause }) => cause)];
const always = (scenario: string | null) => world.backend.state.always(scenario, { endpoint: 'usage' });

beforeEach(async () => {
  world = await QuotaWorld.open();
});
afterEach(() => world.close());

describe('an answer of the usage endpoint', () => {
  it('brings both windows, by their length, with plan, credits and whether turns are allowed', async () => {
    await start();
    const answer = await check();
    expect(answer).toMatchObject({ outcome: { kind: 'ok' }, status: 200, fromCache: false });
    expect(gateway.pool.get(id)!.quota).toMatchObject({
      windows: [{ minutes: 300 }, { minutes: 10_080 }],
      plan: 'plus',
      credits: { has: false },
      usage: { at: world.clock.now(), allowed: true },
    });
  });

  it.each<[string, string, readonly string[]]>([
    ['a 429', '429,code=rate_limit_exceeded', ['active']],
    ['a 429 with Retry-After', '429,code=rate_limit_exceeded,after=3600', ['active']],
    ['a 429 that speaks of a used-up quota', '429', ['active']],
    ['a 429 that speaks of the plan', '429,code=usage_not_included', ['active']],
    ['a 500', '500', ['active']],
    ['a 502 page', '502,body=html', ['active']],
    ['a 503', '503', ['active']],
    ['a 504', '504', ['active']],
    ['a challenge page', '403-html', ['active']],
    ['a challenge page with 503', '503-html', ['active']],
    ['an empty 404', '404-empty', ['active']],
    ['a 400', '400', ['active']],
    ['a 413', '413', ['active']],
    ['a broken connection', 'reset-before-headers', ['active']],
    ['200 with something else', 'json-200', ['active']],
    ['a 402', '402', ['active', 'payment']],
    ['a 403 about the account', '403', ['active', 'forbidden']],
    ['a 401 that names the account as lost', '401,code=account_deactivated', ['needs_login']],
    ['a 401, also after a refresh', '401,code=token_invalidated', ['active', 'unauthorized']],
  ])('that is %s does what the table says, however often it comes while turns are not tried', async (_name, scenario, expected) => {
    await start();
    always(scenario);
    // The third 403 in a row is a verdict, here as on turns.
    for (let n = 0; n < (scenario === '403' ? 2 : 5); n++) {
      expect(await check()).toMatchObject({ snapshot: null });
      expect(standing()).toEqual(expected);
    }
    expect(gateway.effects.backoffBeforeNextAttemptMs({ kind: 'network', failure: 'reset', message: '' }, 1)).toBe(0);
  });

  it('that is a 401 is answered with one refresh and one more call', async () => {
    await start();
    world.backend.state.next('401,code=token_expired', { endpoint: 'usage' });
    expect(await check()).toMatchObject({ outcome: { kind: 'ok' } });
    expect(world.backend.state.account(1).counts.refreshes).toBe(1);
    expect(standing()).toEqual(['active']);
  });

  it('that is good ends the pause of a refused login or workspace, and not that of failing turns', async () => {
    await start({}, 2);
    for (const kind of ['payment_required', 'forbidden'] as const) {
      gateway.effects.report(id, 'gpt-5.4', { kind, code: null, message: '' });
      expect(standing()).toHaveLength(2);
      await check();
      expect(standing()).toEqual(['active']);
    }
    const other = [...gateway.pool.all()].find((account) => account.id !== id)!.id;
    for (let n = 0; n < 3; n++) {
      gateway.effects.report(other, 'gpt-5.4', { kind: 'ok' });
      gateway.effects.report(id, 'gpt-5.4', { kind: 'network', failure: 'reset', message: '' });
      if (n < 2) await check();
    }
    expect(standing()).toEqual(['active', 'server_error']);
    await check();
    expect(standing()).toEqual(['active', 'server_error']);
  });

  it('that shows a used-up limit keeps the account out until its reset, before any turn has found out', async () => {
    await start();
    world.backend.state.exhaust(1, 1800);
    await check();
    expect(gateway.pool.cooldowns(id)).toMatchObject([{ cause: 'quota', source: 'usage', until: world.clock.now() + 1800_000 }]);
  });
});

describe('what the configuration says of a status', () => {
  it.each<[string, Partial<KeyValues>, string, readonly string[]]>([
    ['nothing, for a 429', { quotaHttp429Action: '' }, '429', ['active']],
    ['cooldown, for a 429', { quotaHttp429Action: 'cooldown' }, '429,code=rate_limit_exceeded', ['active', 'usage_answer']],
    ['disable, for a 429', { quotaHttp429Action: 'disable' }, '429', ['disabled']],
    ['remove, for a 429: to the trash', { quotaHttp429Action: 'remove' }, '429', ['retired']],
    ['an action for another status', { quotaHttpStatusActions: { 500: 'cooldown' } }, '500', ['active', 'usage_answer']],
    ['an action for 403', { quotaHttpStatusActions: { 403: 'disable' } }, '403', ['disabled']],
    ['nothing of a page of the edge', { quotaHttpStatusActions: { 403: 'remove' } }, '403-html', ['active']],
    [
      'nothing of a login that is named as lost',
      { quotaHttpStatusActions: { 401: 'cooldown' } },
      '401,code=account_deactivated',
      ['needs_login'],
    ],
    ['an action for 401, without a refresh', { quotaHttpStatusActions: { 401: 'disable' } }, '401', ['disabled']],
    [
      'a policy before an action',
      { quotaHttpStatusActions: { 403: 'remove' }, quotaHttpStatusPolicy: { 403: { final: 'cooldown' } } },
      '403',
      ['active', 'forbidden'],
    ],
  ])('%s', async (_name, keys, scenario, expected) => {
    await start(keys);
    always(scenario);
    await check();
    expect(standing()).toEqual(expected);
    expect(world.backend.state.account(1).counts.refreshes).toBe(0);
  });

  it('refresh_once: the final step only if a renewed token gets the same answer', async () => {
    await start({ quotaHttpStatusPolicy: { 403: { phase: 'refresh_once', final: 'disable' } } });
    world.backend.state.next('403', { endpoint: 'usage' });
    expect(await check()).toMatchObject({ outcome: { kind: 'ok' } });
    expect(standing()).toEqual(['active']);
    expect(world.backend.state.account(1).counts.refreshes).toBe(1);
    always('403');
    await check();
    expect(standing()).toEqual(['disabled']);
  });

  it('refresh_once: nothing while the token endpoint is away', async () => {
    await start({ quotaHttpStatusPolicy: { 403: { phase: 'refresh_once', final: 'disable' } } });
    world.backend.state.always('503', { endpoint: 'token' });
    always('403');
    await check();
    expect(standing()).toEqual(['active']);
  });

  it('cooldown_then_retry: the final step at the first answer after the pause, unless one was good', async () => {
    await start({ quotaHttpStatusPolicy: { 402: { phase: 'cooldown_then_retry', final: 'disable' } } });
    always('402');
    await check();
    await check();
    expect(standing()).toEqual(['active', 'payment']);
    world.clock.advance(10 * MINUTE);
    always(null);
    await check();
    always('402');
    await check();
    expect(standing()).toEqual(['active', 'payment']);
    world.clock.advance(10 * MINUTE);
    await check();
    expect(standing()).toEqual(['disabled']);
  });

  it('remove keeps the account and its tokens in the database', async () => {
    await start({ quotaHttp429Action: 'remove' });
    always('429');
    await check();
    await gateway.written();
    const row = await gateway.module.get(AccountRepository, { strict: false }).findById(id);
    expect(row).toMatchObject({ state: 'retired', stateReason: expect.stringContaining('429') });
    expect(row!.refreshToken).not.toBe('');
  });

  it('remove takes no more accounts than the guard against mass removal allows', async () => {
    await start({ quotaHttp429Action: 'remove' }, 10);
    always('429');
    for (const account of gateway.pool.all()) await gateway.checks.check(account.id, { force: true });
    expect(gateway.pool.counts()).toMatchObject({ retired: 3, active: 7 });
  });
});

describe('a check', () => {
  it('is made once for everybody who asks at the same time, and not again while the reading is young', async () => {
    await start({ quotaCheckCacheTtlSec: 30 });
    const answers = await Promise.all([check(), check(), gateway.checks.check(id)]);
    expect(world.usageCalls).toHaveLength(1);
    expect(answers.map((answer) => (answer as { fromCache: boolean }).fromCache)).toEqual([false, false, false]);
    expect(await gateway.checks.check(id)).toMatchObject({ fromCache: true });
    world.clock.advance(30_000);
    expect(await gateway.checks.check(id)).toMatchObject({ fromCache: false });
  });

  it('goes on for the others when one of them stops waiting', async () => {
    await start();
    world.backend.state.next('503,head=50', { endpoint: 'usage' });
    const leaves = new AbortController();
    const first = gateway.checks.check(id, { force: true, signal: leaves.signal });
    const second = check();
    leaves.abort();
    expect(await first).toMatchObject({ outcome: { kind: 'aborted' } });
    let answered = false;
    void second.finally(() => (answered = true));
    while (!answered) {
      world.clock.advance(10);
      await setTimeout(1);
    }
    expect(await second).toMatchObject({ outcome: { kind: 'overloaded' } });
  });

  it('of an account that is gone, or has no token, says so', async () => {
    await start();
    expect(await gateway.checks.check('nobody')).toBe('unknown');
    gateway.pool.upsert({ ...gateway.pool.get(id)!, accessToken: '', refreshable: false, tokenGeneration: 2 });
    expect(await check()).toBe('unusable');
  });
});
