import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AccountsService } from '../accounts/accounts.service.js';
import { recordOf, RefreshProcess, RefreshWorld } from '../../test/support/refresh-harness.js';

const RENEWED = { kind: 'renewed' };

let world: RefreshWorld;
let process: RefreshProcess;
let id: string;

beforeEach(async () => {
  world = await RefreshWorld.open();
  process = await world.process();
  id = await process.import(recordOf(world.account(1)));
});
afterEach(() => world.close());

/** The vendor rotates, and the answer never arrives. */
const loseTheAnswer = async (): Promise<void> => {
  world.backend.state.next('rotate-drop', { endpoint: 'token' });
  await process.refresh.renew(id, 1);
};

describe('after a refresh whose answer never came', () => {
  it('the old token is tried again after a pause, and a vendor with a grace window renews the account', async () => {
    world.backend.state.accounts.reuseGraceMs = 30_000;
    await loseTheAnswer();
    await process.sweep.run();
    expect(world.tokenCalls).toHaveLength(1);
    world.clock.advance(6_001);
    expect(await process.sweep.run()).toEqual({ renewed: 1, refused: 0, unavailable: 0 });
    expect(await process.storedRefreshToken(id)).toBe(world.backend.state.account(1).tokens.refreshToken);
    expect(await process.row(id)).toMatchObject({ refreshIntentAt: 0, tokenGeneration: 2 });
  });

  it('only the vendor’s repeated word makes it need a login, and the evidence says why', async () => {
    await loseTheAnswer();
    world.clock.advance(6_001);
    expect(await process.refresh.renew(id, 1)).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(/once more/) });
    expect(await process.row(id)).toMatchObject({ state: 'active' });
    world.clock.advance(18_001);
    expect(await process.refresh.renew(id, 1)).toMatchObject({ kind: 'refused', code: 'refresh_token_reused' });
    await process.settled();
    expect(await process.row(id)).toMatchObject({
      state: 'needs_login',
      stateEvidence: expect.stringMatching(/the token may have been spent/),
      refreshIntentAt: 0,
    });
  });

  it('is not lost where the new refresh token had come before the connection broke', async () => {
    world.backend.state.next('rotate-cut', { endpoint: 'token' });
    expect(await process.refresh.renew(id, 1)).toEqual(RENEWED);
    expect(await process.storedRefreshToken(id)).toBe(world.backend.state.account(1).tokens.refreshToken);
    expect(await process.row(id)).toMatchObject({ state: 'active', refreshIntentAt: 0, tokenGeneration: 2 });
    world.backend.state.next('rotate-cut-short', { endpoint: 'token' });
    expect(await process.refresh.renew(id, 2)).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(/^truncated/) });
    expect(await process.row(id)).toMatchObject({ state: 'active', tokenGeneration: 2 });
  });

  it('silence never does', async () => {
    await loseTheAnswer();
    world.backend.state.always('503', { endpoint: 'token' });
    for (let hour = 0; hour < 5; hour++) {
      world.clock.advance(3_600_000);
      await process.sweep.run();
    }
    expect(world.tokenCalls).toHaveLength(6);
    await process.settled();
    expect(await process.row(id)).toMatchObject({ state: 'active', refreshFailures: 6 });
  });
});

describe('a word that the vendor uses in passing faults too', () => {
  const denied = JSON.stringify({ error: 'access_denied' });
  const answer = `HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: ${denied.length}\r\nconnection: close\r\n\r\n${denied}`;
  const deny = (): void => world.backend.state.nextRaw(answer, { endpoint: 'token', level: 'socket' });

  it('counts when it is said twice in a row', async () => {
    deny();
    expect(await process.refresh.renew(id, 1)).toMatchObject({ kind: 'unavailable' });
    world.clock.advance(6_001);
    deny();
    expect(await process.refresh.renew(id, 1)).toMatchObject({ kind: 'refused', code: 'access_denied' });
  });

  it('is forgotten when a refresh succeeds', async () => {
    deny();
    await process.refresh.renew(id, 1);
    world.clock.advance(6_001);
    expect(await process.refresh.renew(id, 1)).toEqual(RENEWED);
    deny();
    expect(await process.refresh.renew(id, 2)).toMatchObject({ kind: 'unavailable' });
  });
});

describe('a database that goes away', () => {
  const readOnly = (on: boolean): Promise<unknown> => process.dataSource.query(`PRAGMA query_only = ${on ? 'ON' : 'OFF'}`);
  const rescueDir = (): string => join(world.dir, 'rescue');
  /** It takes the intent, and nothing after the vendor's answer. */
  const renewWithoutCommit = async (): Promise<unknown> => {
    world.backend.state.next('ok,tail=50', { endpoint: 'token' });
    const renewal = process.refresh.renew(id, 1);
    await world.tokenCall();
    await readOnly(true);
    return world.pass(renewal);
  };
  const newest = (): { accessToken: string; refreshToken: string } => world.backend.state.account(1).tokens;

  it('before the call keeps it from being made', async () => {
    await readOnly(true);
    expect(await process.refresh.renew(id, 1)).toEqual({ kind: 'unavailable', reason: 'the database does not answer' });
    await readOnly(false);
    expect(world.tokenCalls).toEqual([]);
    expect(await process.refresh.renew(id, 1)).toEqual(RENEWED);
  });

  it('after the vendor’s answer: the tokens wait sealed on disk, are used at once, and are stored when it is back', async () => {
    expect(await renewWithoutCommit()).toEqual(RENEWED);
    expect(process.pool.get(id)).toMatchObject({ accessToken: newest().accessToken, tokenGeneration: 2 });
    const [name, ...others] = readdirSync(rescueDir());
    expect(others).toEqual([]);
    expect(readFileSync(join(rescueDir(), name!), 'utf8')).not.toContain(newest().refreshToken);

    expect(await process.refresh.renew(id, 2)).toMatchObject({ kind: 'unavailable' });
    await process.rescues.retry();
    expect(await process.row(id)).toMatchObject({ tokenGeneration: 1 });
    await readOnly(false);
    await process.rescues.retry();
    expect(await process.storedRefreshToken(id)).toBe(newest().refreshToken);
    expect(await process.row(id)).toMatchObject({ tokenGeneration: 2, refreshIntentAt: 0, refreshOwner: '' });
    expect(readdirSync(rescueDir())).toEqual([]);
    expect(await process.refresh.renew(id, 2)).toEqual(RENEWED);
    expect(world.tokenCalls).toHaveLength(2);
  });

  it('and a process that ends then: the next one stores what waits before it refreshes anything', async () => {
    await renewWithoutCommit();
    const next = await world.process();
    await process.dataSource.destroy();
    world.clock.advance(60_000);
    await next.rescues.onModuleInit();
    expect(await next.storedRefreshToken(id)).toBe(newest().refreshToken);
    expect(next.pool.get(id)).toMatchObject({ accessToken: newest().accessToken, tokenGeneration: 2 });
    expect(readdirSync(rescueDir())).toEqual([]);
    expect(world.tokenCalls).toHaveLength(1);
  });

  it('at the start of the next process too: what waits on disk is not forgotten, and nothing is refreshed before it is stored', async () => {
    await renewWithoutCommit();
    const next = await world.process();
    await process.dataSource.destroy();
    world.clock.advance(600_000);
    jest.spyOn(next.rows, 'findById').mockRejectedValueOnce(new Error('away')).mockRejectedValueOnce(new Error('away'));
    await next.rescues.onModuleInit();
    expect(await next.refresh.renew(id, 1, { force: true })).toMatchObject({ kind: 'unavailable' });
    await next.rescues.retry();
    await next.rescues.retry();
    expect(await next.storedRefreshToken(id)).toBe(newest().refreshToken);
    expect(readdirSync(rescueDir())).toEqual([]);
    expect(world.tokenCalls).toHaveLength(1);
  });

  it('while the disk takes no rescue file either: memory keeps them until one of both is back', async () => {
    writeFileSync(rescueDir(), 'a file in the place of the directory');
    expect(await renewWithoutCommit()).toEqual(RENEWED);
    expect(process.pool.get(id)!.accessToken).toBe(newest().accessToken);
    await readOnly(false);
    await process.rescues.retry();
    expect(await process.storedRefreshToken(id)).toBe(newest().refreshToken);
  });

  it('for good leaves no rescue of an account that has newer tokens by then', async () => {
    await renewWithoutCommit();
    await readOnly(false);
    const row = await process.row(id);
    const { accessToken, refreshToken, idToken } = row;
    await process.rows.commitTokens(id, row.refreshOwner, 1, { accessToken, refreshToken, idToken, accessExpiresAt: 1, lastRefreshAt: 1 });
    await process.rescues.retry();
    expect(existsSync(rescueDir()) && readdirSync(rescueDir())).toEqual([]);
    expect(await process.row(id)).toMatchObject({ tokenGeneration: 2 });
  });

  it('for one process alone, which holds the new tokens: the lease lives on while it tries', async () => {
    const commit = jest.spyOn(process.rows, 'commitTokens').mockRejectedValue(new Error('the disk is full'));
    expect(await process.refresh.renew(id, 1)).toEqual(RENEWED);
    const other = await world.process();
    for (let minute = 0; minute < 10; minute++) {
      world.clock.advance(30_000);
      await process.rescues.retry();
      expect((await process.row(id)).refreshLeaseUntil).toBe(world.clock.now() + 45_000);
      world.clock.advance(30_000);
      expect(await other.sweep.run()).toEqual({ renewed: 0, refused: 0, unavailable: 0 });
    }
    commit.mockRestore();
    await process.rescues.retry();
    expect(await process.storedRefreshToken(id)).toBe(newest().refreshToken);
    expect(await other.refresh.renew(id, 1)).toEqual(RENEWED);
    expect(world.tokenCalls).toHaveLength(1);
  });

  it('for the holder of the new tokens so long that another one is refused the old token: they are stored, and the account serves', async () => {
    await renewWithoutCommit();
    const other = await world.process();
    await other.module.get(AccountsService, { strict: false }).reload(id);
    world.clock.advance(110_000);
    expect(await other.refresh.renew(id, 1)).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(/once more/) });
    world.clock.advance(10_000);
    expect(await other.refresh.renew(id, 1)).toMatchObject({ kind: 'refused', code: 'refresh_token_reused' });
    await other.settled();
    expect(await other.row(id)).toMatchObject({ state: 'needs_login' });

    await readOnly(false);
    await process.rescues.retry();
    expect(await other.row(id)).toMatchObject({ state: 'active', stateReason: '', tokenGeneration: 2, refreshIntentAt: 0 });
    expect(await other.storedRefreshToken(id)).toBe(newest().refreshToken);
    expect(process.pool.get(id)).toMatchObject({ state: 'active', tokenGeneration: 2 });
  });

  it('for a process that ends then: what takes its place stores its rescue without waiting for its lease', async () => {
    await renewWithoutCommit();
    const next = await world.process();
    await process.dataSource.destroy();
    await next.rescues.onModuleInit();
    expect(await next.row(id)).toMatchObject({ tokenGeneration: 2, refreshOwner: '', refreshIntentAt: 0 });
    expect(await next.storedRefreshToken(id)).toBe(newest().refreshToken);
  });
});
