import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY_MS, recordOf, RefreshProcess, RefreshWorld } from '../../test/support/refresh-harness.js';
import type { RecordedRequest } from '../sandbox/recorded-request.js';

describe('a sweep', () => {
  let world: RefreshWorld;
  let process: RefreshProcess;
  beforeEach(async () => {
    world = await RefreshWorld.open({ refreshConcurrency: 3, refreshBatchSize: 4 });
    process = await world.process();
  });
  afterEach(() => world.close());

  it('renews what ends before the next round or has no known end, and nothing else', async () => {
    const expired = await process.import(recordOf(world.account(1, { accessTokenLifeSec: -86_400 })));
    const fresh = await process.import(recordOf(world.account(2)));
    const bare = await process.import({ refresh_token: world.account(3).refreshToken });
    expect(await process.sweep.run()).toEqual({ renewed: 2, refused: 0, unavailable: 0 });
    expect((await process.row(expired)).tokenGeneration).toBe(2);
    expect((await process.row(bare)).tokenGeneration).toBe(2);
    expect((await process.row(fresh)).tokenGeneration).toBe(1);
    expect(await process.sweep.run()).toEqual({ renewed: 0, refused: 0, unavailable: 0 });
    expect(world.tokenCalls).toHaveLength(2);
  });

  it('renews the sample of the README, which ended in 2025, at once', async () => {
    const account = world.account(1);
    const sample = {
      access_token: 'eyJhbGci...',
      refresh_token: account.refreshToken,
      id_token: '',
      account_id: account.accountId,
      email: account.email,
    };
    const id = await process.import({ ...sample, type: 'codex', expired: '2025-01-01T00:00:00Z' });
    expect(await process.sweep.run()).toMatchObject({ renewed: 1 });
    expect(process.pool.get(id)).toMatchObject({
      accessToken: world.backend.state.account(1).tokens.accessToken,
      chatgptUserId: account.userId,
    });
  });

  it.each(['500', '429'])(
    'tries again soon after a failure (%s), also when the clock has been set back by an hour meanwhile',
    async (trouble) => {
      const id = await process.import(recordOf(world.account(1, { accessTokenLifeSec: -86_400 })));
      world.backend.state.next(trouble, { endpoint: 'token' });
      expect(await process.sweep.run()).toMatchObject({ unavailable: 1 });
      expect(await process.sweep.run()).toEqual({ renewed: 0, refused: 0, unavailable: 0 });
      world.clock.advance(-3_600_000);
      expect(await process.sweep.run()).toMatchObject({ renewed: 1 });
      expect((await process.row(id)).tokenGeneration).toBe(2);
    },
  );

  it('goes through every batch, with no more calls at a time than allowed', async () => {
    for (let n = 1; n <= 11; n++) await process.import(recordOf(world.account(n, { accessTokenLifeSec: -1 })));
    world.backend.state.always('ok,head=5', { endpoint: 'token' });
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, open(world.tokenCalls))), 1);
    const report = await world.pass(process.sweep.run(), 1);
    clearInterval(watch);
    expect(report).toEqual({ renewed: 11, refused: 0, unavailable: 0 });
    expect(world.tokenCalls).toHaveLength(11);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('is one sweep, however often it is asked for, and takes in accounts that arrive meanwhile', async () => {
    await process.import(recordOf(world.account(1, { accessTokenLifeSec: -1 })));
    world.backend.state.next('ok,head=5', { endpoint: 'token' });
    const first = process.sweep.run();
    expect(process.sweep.run()).toBe(first);
    await world.tokenCall();
    await process.import(recordOf(world.account(2, { accessTokenLifeSec: -1 })));
    expect(await world.pass(first, 1)).toMatchObject({ renewed: 2 });
  });

  it('does not rotate tokens that live shorter than its horizon over and over', async () => {
    world.account(1, { accessTokenLifeSec: -1 });
    world.backend.state.account(1).accessTokenLifeSec = 1_800;
    const id = await process.import(recordOf(world.backend.state.current(1)));
    await process.sweep.run();
    await process.sweep.run();
    expect((await process.row(id)).tokenGeneration).toBe(2);
    world.clock.advance(901_000);
    await process.sweep.run();
    expect((await process.row(id)).tokenGeneration).toBe(3);
  });

  it('loses nobody in a minute of trouble at the token endpoint', async () => {
    for (let n = 1; n <= 5; n++) await process.import(recordOf(world.account(n, { accessTokenLifeSec: -1 })));
    for (const trouble of ['500', '429', '403-html', 'reset', '502']) {
      world.backend.state.always(trouble, { endpoint: 'token' });
      await process.sweep.run();
      world.clock.advance(12_000);
    }
    world.backend.state.calm();
    world.clock.advance(360_000);
    await process.sweep.run();
    await process.settled();
    const rows = await process.rows.findAllPage('', 10);
    expect(rows.map(({ state, accessExpiresAt }) => [state, accessExpiresAt > world.clock.now() + DAY_MS])).toEqual(
      Array(5).fill(['active', true]),
    );
  });

  it('leaves room: the refresh of a request is sent at once, however many are due', async () => {
    const roomy = await world.process({ refreshConcurrency: 5 });
    for (let n = 1; n <= 12; n++) await roomy.import(recordOf(world.account(n, { accessTokenLifeSec: -1 })));
    world.backend.state.always('ok,head=60000', { endpoint: 'token' });
    const sweep = roomy.sweep.run();
    await world.tokenCall(4);
    const asked = await roomy.import(recordOf(world.account(13)));
    const renewal = roomy.refresh.renew(asked, 1);
    // The fifth call is not the sweep's: that has four slots of five.
    await world.tokenCall(5);
    world.backend.state.calm();
    await world.pass(Promise.all([sweep, renewal]), 1_000);
  });

  it('ends early when the token endpoint fails everybody, and costs those who had no turn nothing', async () => {
    for (let n = 1; n <= 11; n++) await process.import(recordOf(world.account(n, { accessTokenLifeSec: -1 })));
    world.backend.state.always('500', { endpoint: 'token' });
    const { unavailable } = await process.sweep.run();
    expect(unavailable).toBeGreaterThanOrEqual(4);
    expect(unavailable).toBeLessThan(8);
    expect(world.tokenCalls).toHaveLength(unavailable);
    world.backend.state.calm();
    expect(await process.sweep.run()).toEqual({ renewed: 11 - unavailable, refused: 0, unavailable: 0 });
    world.clock.advance(6_001);
    expect(await process.sweep.run()).toEqual({ renewed: unavailable, refused: 0, unavailable: 0 });
  });

  it('is not ended by accounts that are refused one by one', async () => {
    for (let n = 1; n <= 11; n++) await process.import(recordOf(world.account(n, { accessTokenLifeSec: -1 })));
    world.backend.state.always('expired', { endpoint: 'token' });
    expect(await process.sweep.run()).toEqual({ renewed: 0, refused: 11, unavailable: 0 });
  });

  it('lets the refreshes that run end before the process does', async () => {
    const id = await process.import(recordOf(world.account(1, { accessTokenLifeSec: -1 })));
    world.backend.state.next('ok,tail=50', { endpoint: 'token' });
    const other = await world.process();
    const sweep = process.sweep.run();
    await world.tokenCall();
    await world.pass(process.close());
    await sweep;
    expect(await other.storedRefreshToken(id)).toBe(world.backend.state.account(1).tokens.refreshToken);
    expect(await other.row(id)).toMatchObject({ tokenGeneration: 2, refreshOwner: '' });
  });
});

const open = (calls: RecordedRequest[]): number => calls.filter(({ endedAt }) => endedAt === null).length;
