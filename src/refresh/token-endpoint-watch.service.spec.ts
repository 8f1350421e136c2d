import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { recordOf, RefreshProcess, RefreshWorld } from '../../test/support/refresh-harness.js';
import { TokenEndpointWatch } from './token-endpoint-watch.service.js';

describe('trouble of the token endpoint', () => {
  let world: RefreshWorld;
  let process: RefreshProcess;
  let watch: TokenEndpointWatch;
  beforeEach(async () => {
    world = await RefreshWorld.open();
    process = await world.process();
    watch = process.module.get(TokenEndpointWatch, { strict: false });
  });
  afterEach(() => world.close());

  const expired = async (n: number): Promise<string> => process.import(recordOf(world.account(n, { accessTokenLifeSec: -1 })));
  const pool = (size: number): Promise<string[]> => Promise.all(Array.from({ length: size }, (_, i) => expired(i + 1)));
  const generations = (ids: string[]): number[] => ids.map((id) => process.pool.get(id)!.tokenGeneration);
  /** What the schedule would do, for so many seconds. */
  const seconds = async (count: number): Promise<void> => {
    for (let i = 0; i < count * 2; i++) {
      world.clock.advance(500);
      await watch.look();
    }
  };
  const renewed = async (ids: string[]): Promise<void> => {
    while (generations(ids).includes(1)) await new Promise(setImmediate);
  };

  it.each(['500', '403-html', 'reset'])('is over for all accounts as soon as one probe succeeds (%s)', async (trouble) => {
    const ids = await pool(4);
    world.backend.state.always(trouble, { endpoint: 'token' });
    expect(await process.sweep.run()).toMatchObject({ unavailable: 4 });
    await seconds(20);
    const during = world.tokenCalls.length;
    // One a second at most after the first pause, and each account every five seconds at most.
    expect(during).toBeGreaterThanOrEqual(4 + 8);
    expect(during).toBeLessThanOrEqual(4 + 16);
    world.backend.state.calm();
    // The last of them has been asked for a moment ago.
    await seconds(5);
    await renewed(ids);
    expect(world.tokenCalls.length).toBe(during + 4);
  });

  it('is asked about less and less often', async () => {
    await pool(30);
    world.backend.state.always('500', { endpoint: 'token' });
    await process.sweep.run();
    await seconds(5);
    const callsOf = async (count: number): Promise<number> => {
      const before = world.tokenCalls.length;
      await seconds(count);
      return world.tokenCalls.length - before;
    };
    expect(await callsOf(30)).toBeGreaterThan(20);
    world.clock.advance(3_600_000);
    expect(await callsOf(60)).toBeLessThanOrEqual(3);
  });

  it('is none where one account fails alone, or just after another one was renewed', async () => {
    const [first, second, third] = (await pool(3)) as [string, string, string];
    world.backend.state.next('500', { endpoint: 'token', account: world.backend.state.account(1).key });
    await process.refresh.renew(first, 1);
    await seconds(4);
    expect(world.tokenCalls).toHaveLength(1);
    world.backend.state.always('500', { endpoint: 'token', account: world.backend.state.account(2).key });
    await process.refresh.renew(third, 1);
    await process.refresh.renew(second, 1);
    await seconds(20);
    // The first one is let go by the success of the third.
    await renewed([first]);
    expect(generations([first, second, third])).toEqual([2, 1, 2]);
    expect(world.tokenCalls).toHaveLength(4);
  });

  it('is told once when it begins and once when it is over, and not at all of one account', async () => {
    const told = (['warn', 'log'] as const).map((level) => jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined));
    const lines = (): string[] => told.flatMap(({ mock }) => mock.calls.map(([line]) => (line as { msg: string }).msg)).filter(ofWatch);
    const ofWatch = (msg: string): boolean => msg.startsWith('the token endpoint');
    try {
      const ids = await pool(4);
      world.backend.state.always('500', { endpoint: 'token' });
      await process.refresh.renew(ids[0]!, 1);
      await seconds(4);
      expect(lines()).toEqual([]);
      await process.sweep.run();
      await seconds(20);
      expect(lines()).toEqual(['the token endpoint renews nobody']);
      world.backend.state.calm();
      await seconds(5);
      await renewed(ids);
      expect(lines()).toEqual(['the token endpoint renews nobody', 'the token endpoint works again']);
    } finally {
      for (const spy of told) spy.mockRestore();
    }
  });

  it('lasts for an account as long as the vendor has named', async () => {
    const ids = await pool(2);
    world.backend.state.next('429,after=60', { endpoint: 'token', times: 2 });
    await process.sweep.run();
    await seconds(55);
    expect(world.tokenCalls).toHaveLength(2);
    await seconds(10);
    await renewed(ids);
  });
});
