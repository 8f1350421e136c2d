import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY_MS, recordOf, RefreshProcess, RefreshWorld } from '../../test/support/refresh-harness.js';
import type { SandboxAccount } from '../sandbox/sandbox-account.js';

const RENEWED = { kind: 'renewed' };

describe('a refresh', () => {
  let world: RefreshWorld;
  let process: RefreshProcess;
  let account: SandboxAccount;
  let id: string;

  beforeEach(async () => {
    world = await RefreshWorld.open();
    process = await world.process();
    account = world.account(1);
    id = await process.import(recordOf(account));
  });
  afterEach(() => world.close());

  it('is one call for fifty callers, and the new token is stored and in use', async () => {
    const results = await Promise.all(Array.from({ length: 50 }, () => process.refresh.renew(id, 1)));
    expect(results).toEqual(Array.from({ length: 50 }, () => RENEWED));
    expect(world.tokenCalls).toHaveLength(1);
    const { tokens } = world.backend.state.account(1);
    expect(process.pool.get(id)).toMatchObject({
      accessToken: tokens.accessToken,
      tokenGeneration: 2,
      accessExpiresAt: tokens.accessTokenExpiresAt,
    });
    expect(await process.storedRefreshToken(id)).toBe(tokens.refreshToken);
    expect(await process.row(id)).toMatchObject({
      tokenGeneration: 2,
      refreshOwner: '',
      refreshLeaseUntil: 0,
      refreshIntent: '',
      refreshIntentAt: 0,
    });
  });

  it('sends the body of the vendor’s own client', async () => {
    await process.refresh.renew(id, 1);
    expect(world.tokenCalls[0]).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: { client_id: 'app_EMoamEEZ73f0CkXaXp7hrann', grant_type: 'refresh_token' },
    });
    expect(world.tokenCalls[0]!.body).not.toHaveProperty('scope');
  });

  it('is not made when the pool or another process has a newer token already', async () => {
    await process.refresh.renew(id, 1);
    expect(await process.refresh.renew(id, 1)).toEqual(RENEWED);
    const other = await world.process();
    expect(await other.refresh.renew(id, 1)).toEqual(RENEWED);
    expect(other.pool.get(id)).toMatchObject({ tokenGeneration: 2, accessToken: world.backend.state.account(1).tokens.accessToken });
    expect(world.tokenCalls).toHaveLength(1);
  });

  it('keeps what the answer leaves out', async () => {
    world.backend.state.next('no-refresh-token', { endpoint: 'token' });
    await process.refresh.renew(id, 1);
    expect(await process.storedRefreshToken(id)).toBe(account.refreshToken);
    expect(process.pool.get(id)!.accessToken).toBe(world.backend.state.account(1).tokens.accessToken);
  });

  it('leaves quota cooldowns as they are', async () => {
    const until = world.clock.now() + DAY_MS;
    process.pool.applyCooldown({ accountId: id, model: '*', until, since: world.clock.now(), cause: 'quota', source: 'resets_at' });
    await process.refresh.renew(id, 1);
    expect(process.pool.cooldowns(id)).toMatchObject([{ cause: 'quota', until }]);
  });

  it('does not bring back an account that was taken out of service meanwhile', async () => {
    world.backend.state.next('ok,tail=50', { endpoint: 'token' });
    const renewal = process.refresh.renew(id, 1);
    await world.tokenCall();
    process.pool.setState(id, 'disabled', 'operator');
    expect(await world.pass(renewal)).toEqual(RENEWED);
    expect(process.pool.get(id)).toMatchObject({ state: 'disabled', tokenGeneration: 2 });
  });

  it.each([
    ['a login that somebody else rotates', (a: SandboxAccount) => ({ ...recordOf(a), ownership: 'shared' }), /shared/],
    ['an access token alone', (a: SandboxAccount) => ({ access_token: a.accessToken }), /no refresh token/],
    ['an account that its file disables', (a: SandboxAccount) => ({ ...recordOf(a), disabled: true }), /paused/],
  ])('is never made for %s', async (_, record, reason) => {
    const other = await process.import(record(world.account(2)));
    expect(await process.refresh.renew(other, 1, { force: true })).toEqual({ kind: 'unavailable', reason: expect.stringMatching(reason) });
    expect(world.tokenCalls).toEqual([]);
  });

  it('is not made by a sweep for a token that is not due', async () => {
    expect(await process.refresh.renew(id, 1, { ifDue: true })).toEqual({ kind: 'unavailable', reason: 'the token is not due' });
    world.clock.advance(9.97 * DAY_MS);
    expect(await process.refresh.renew(id, 1, { ifDue: true })).toEqual(RENEWED);
  });

  it('of an account that does not exist says so', async () => {
    expect(await process.refresh.renew('nobody', 1)).toMatchObject({ kind: 'unavailable' });
  });
});

describe('a refresh that brings nothing', () => {
  let world: RefreshWorld;
  let process: RefreshProcess;
  let id: string;

  beforeEach(async () => {
    world = await RefreshWorld.open();
    process = await world.process();
    id = await process.import(recordOf(world.account(1)));
  });
  afterEach(() => world.close());

  it.each([
    ['429', false],
    ['500', true],
    ['502', true],
    ['503', true],
    ['403-html', false],
    ['garbage', true],
    ['empty', true],
    ['reset', true],
  ])('%s: costs the account nothing but a pause', async (scenario, intentStays) => {
    world.backend.state.next(scenario, { endpoint: 'token' });
    expect(await process.refresh.renew(id, 1)).toMatchObject({ kind: 'unavailable' });
    const row = await process.row(id);
    expect(row).toMatchObject({ state: 'active', tokenGeneration: 1, refreshOwner: '', refreshFailures: 1 });
    expect(row.refreshIntentAt > 0).toBe(intentStays);
    expect(process.pool.get(id)).toMatchObject({ state: 'active' });

    expect(await process.refresh.renew(id, 1)).toMatchObject({ kind: 'unavailable' });
    expect(world.tokenCalls).toHaveLength(1);
    world.clock.advance(6_000);
    expect(await process.refresh.renew(id, 1)).toEqual(RENEWED);
    expect(await process.row(id)).toMatchObject({ tokenGeneration: 2, refreshFailures: 0, refreshNotBefore: 0, refreshIntentAt: 0 });
  });

  it('because the token endpoint refuses connections: nothing was sent, no intent stays', async () => {
    const away = await world.process({ oauthTokenUrl: 'http://127.0.0.1:1/oauth/token' });
    expect(await away.refresh.renew(id, 1)).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(/^connect/) });
    expect(await process.row(id)).toMatchObject({ state: 'active', refreshIntentAt: 0, refreshFailures: 1 });
  });

  it('because the token endpoint is silent is not repeated blindly', async () => {
    const hasty = await world.process({ refreshSingleTimeoutSec: 1 });
    world.backend.state.next('hang', { endpoint: 'token' });
    expect(await hasty.refresh.renew(id, 1)).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(/^timeout/) });
    expect(world.tokenCalls).toHaveLength(1);
    expect((await process.row(id)).refreshIntentAt).toBeGreaterThan(0);
  });

  it('waits longer with every failure, but an operator may force it', async () => {
    world.backend.state.always('500', { endpoint: 'token' });
    await process.refresh.renew(id, 1);
    world.clock.advance(6_001);
    await process.refresh.renew(id, 1);
    world.clock.advance(6_001);
    await process.refresh.renew(id, 1);
    expect(world.tokenCalls).toHaveLength(2);
    world.backend.state.calm();
    expect(await process.refresh.renew(id, 1, { force: true })).toEqual(RENEWED);
  });

  it.each([
    ['expired', 'refresh_token_expired'],
    ['reused', 'refresh_token_reused'],
    ['invalidated', 'refresh_token_invalidated'],
    ['invalid-grant', 'invalid_grant'],
    ['deactivated', 'account_deactivated'],
  ])('%s: the account needs a new login, with the vendor’s words', async (scenario, code) => {
    world.backend.state.next(scenario, { endpoint: 'token' });
    expect(await process.refresh.renew(id, 1)).toMatchObject({ kind: 'refused', code });
    await process.settled();
    const row = await process.row(id);
    expect(row).toMatchObject({ state: 'needs_login', stateReason: code, refreshOwner: '', refreshIntentAt: 0 });
    expect(row.stateEvidence).not.toBe('');
    expect(process.pool.get(id)!.state).toBe('needs_login');
    expect(await process.storedRefreshToken(id)).not.toBe('');
  });

  it('as reused, while another process has stored newer tokens, adopts those', async () => {
    world.backend.state.next('reused,tail=50', { endpoint: 'token' });
    const renewal = process.refresh.renew(id, 1);
    await world.tokenCall();
    const { refreshOwner } = await process.row(id);
    const { accessToken, refreshToken, idToken } = await process.row(id);
    const end = world.clock.now() + DAY_MS;
    await process.rows.commitTokens(id, refreshOwner, 1, { accessToken, refreshToken, idToken, accessExpiresAt: end, lastRefreshAt: 1 });
    expect(await world.pass(renewal)).toEqual(RENEWED);
    expect(process.pool.get(id)).toMatchObject({ state: 'active', tokenGeneration: 2, accessExpiresAt: end });
  });
});
