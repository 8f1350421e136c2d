import { afterEach, describe, expect, it } from '@jest/globals';
import { recordOf, RefreshProcess, RefreshWorld } from '../../test/support/refresh-harness.js';
import type { KeyValues } from '../config/config.js';

const RENEWED = { kind: 'renewed' };

describe('what the configuration makes of statuses of the token endpoint', () => {
  let world: RefreshWorld;
  let process: RefreshProcess;
  let id: string;

  const open = async (keys: Partial<KeyValues>): Promise<void> => {
    world = await RefreshWorld.open({ refreshHttp429Action: '', ...keys });
    process = await world.process();
    id = await process.import(recordOf(world.account(1)));
  };
  const policy = (status: number, phase: string, final: string): Partial<KeyValues> => ({
    refreshHttpStatusPolicy: { [status]: { phase, final } },
  });
  const answered = (status: number, body: unknown = { error: { code: 'mystery', message: 'no' } }): void => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const type = typeof body === 'string' ? 'text/html' : 'application/json';
    const head = `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n`;
    world.backend.state.nextRaw(head + text, { endpoint: 'token', level: 'socket' });
  };
  const renew = (of = id) => process.refresh.renew(of, 1, { force: true });
  const stateOf = async (of = id) => {
    await process.settled();
    const { state, stateReason } = await process.row(of);
    return [state, stateReason];
  };
  const pause = (of = id) => process.pool.cooldowns(of).find(({ cause }) => cause === 'token_answer');
  afterEach(() => world.close());

  it('nothing is ruled unless it is written: any status is a pause for the refresh alone', async () => {
    await open({});
    for (const status of [401, 403, 429]) {
      answered(status);
      await renew();
      world.clock.advance(60_000);
    }
    expect(await stateOf()).toEqual(['active', '']);
    expect(pause()).toBeUndefined();
  });

  it('refresh-http-429-action: cooldown: the account rests as long as the vendor wants, and a renewed token ends the rest', async () => {
    await open({ refreshHttp429Action: 'cooldown' });
    world.backend.state.next('429,after=90', { endpoint: 'token' });
    await process.refresh.renew(id, 1);
    expect(pause()).toMatchObject({ until: world.clock.now() + 90_000, source: 'retry-after' });
    expect(await process.row(id)).toMatchObject({ state: 'active', refreshNotBefore: world.clock.now() + 90_000 });
    expect(await renew()).toEqual(RENEWED);
    expect(pause()).toBeUndefined();
  });

  it.each([
    ['disable', 'disabled'],
    ['remove', 'retired'],
  ])('refresh-http-429-action: %s: the account is %s, and its login stays in the database', async (action, state) => {
    await open({ refreshHttp429Action: action });
    world.backend.state.next('429', { endpoint: 'token' });
    expect(await renew()).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(new RegExp(`${state} now`)) });
    expect(await stateOf()).toEqual([state, 'inferred:token_http_429']);
    expect(await process.storedRefreshToken(id)).toBe(world.backend.state.account(1).tokens.refreshToken);
  });

  it('refresh_once: the same status has to come twice', async () => {
    await open(policy(403, 'refresh_once', 'disable'));
    answered(403);
    await renew();
    expect(await stateOf()).toEqual(['active', '']);
    answered(403);
    await renew();
    expect(await stateOf()).toEqual(['disabled', 'inferred:token_http_403']);
  });

  it('refresh_once: a token that came in between begins anew, and so does another status', async () => {
    await open(policy(403, 'refresh_once', 'disable'));
    answered(403);
    await renew();
    expect(await renew()).toEqual(RENEWED);
    answered(403);
    await process.refresh.renew(id, 2, { force: true });
    expect(await stateOf()).toEqual(['active', '']);
  });

  it('cooldown_then_retry: the account rests, and only what comes after the rest counts', async () => {
    await open(policy(401, 'cooldown_then_retry', 'remove'));
    answered(401);
    await renew();
    const rest = pause()!;
    expect(rest.until).toBe(world.clock.now() + 30_000);
    answered(401);
    await renew();
    expect(await stateOf()).toEqual(['active', '']);
    world.clock.advance(30_001);
    answered(401);
    await renew();
    expect(await stateOf()).toEqual(['retired', 'inferred:token_http_401']);
  });

  it('a page of somebody in between is never ruled', async () => {
    await open({ refreshHttpStatusPolicy: { 403: { final: 'remove' }, 502: { final: 'remove' } } });
    world.backend.state.next('403-html', { endpoint: 'token' });
    await renew();
    answered(502, '<html>bad gateway</html>');
    await renew();
    expect(await stateOf()).toEqual(['active', '']);
  });

  it('a login that the vendor names as lost goes where the rule wants it, with the vendor’s words', async () => {
    await open({ refreshHttpStatusPolicy: { 401: { phase: 'none', final: 'remove' }, 400: { phase: 'none', final: 'cooldown' } } });
    world.backend.state.next('expired', { endpoint: 'token' });
    expect(await renew()).toMatchObject({ kind: 'refused', code: 'refresh_token_expired' });
    expect(await stateOf()).toEqual(['retired', 'refresh_token_expired']);
    const other = await process.import(recordOf(world.account(2)));
    world.backend.state.next('invalid-grant', { endpoint: 'token' });
    await renew(other);
    expect(await stateOf(other)).toEqual(['needs_login', 'invalid_grant']);
  });

  it('a new login brings a removed account back', async () => {
    await open({ refreshHttp429Action: 'remove' });
    world.backend.state.next('429', { endpoint: 'token' });
    await renew();
    await process.settled();
    world.clock.advance(60_000);
    expect(await process.import(recordOf(world.backend.state.signIn(1)))).toBe(id);
    expect(await stateOf()).toEqual(['active', '']);
    expect(process.pool.get(id)).toMatchObject({ state: 'active' });
  });

  it('takes no more accounts out of service than the guard against mass removal allows; the others rest', async () => {
    await open({ refreshHttp429Action: 'remove' });
    const ids = [id];
    for (let n = 2; n <= 10; n++) ids.push(await process.import(recordOf(world.account(n))));
    world.backend.state.always('429', { endpoint: 'token' });
    for (const each of ids) await renew(each);
    await process.settled();
    const states = await Promise.all(ids.map(async (each) => (await process.row(each)).state));
    expect(states.filter((state) => state === 'retired')).toHaveLength(3);
    expect(ids.filter((each) => pause(each))).toHaveLength(7);
  });
});
