import { hostname } from 'node:os';
import { afterEach, expect, it } from '@jest/globals';
import { describeDatabases } from '../../test/support/databases.js';
import { DAY_MS, recordOf, RefreshProcess, RefreshWorld } from '../../test/support/refresh-harness.js';
import type { Config } from '../config/config.js';
import { RefreshLease } from './refresh-lease.js';

const RENEWED = { kind: 'renewed' };

const databaseOf = ({ dbEnabled, dbDriver, dbDsn, dbPath }: Config) => ({ dbEnabled, dbDriver, dbDsn, dbPath });

describeDatabases('processes that share a database', (database) => {
  let world: RefreshWorld;
  let id: string;
  const open = async (count: number): Promise<RefreshProcess[]> => {
    world = await RefreshWorld.open(databaseOf(await database.emptyDatabase()));
    const processes = [];
    for (let n = 0; n < count; n++) processes.push(await world.process());
    id = await processes[0]!.import(recordOf(world.account(1)));
    return processes;
  };
  afterEach(() => world.close());

  it('refresh an account once between them; the others take over the new token', async () => {
    const processes = await open(3);
    const renewals = processes.flatMap((process) => Array.from({ length: 10 }, () => process.refresh.renew(id, 1)));
    const results = await world.pass(Promise.all(renewals), 50);
    expect(results).toEqual(renewals.map(() => RENEWED));
    expect(world.tokenCalls).toHaveLength(1);
    const { accessToken } = world.backend.state.account(1).tokens;
    for (const process of processes) expect(process.pool.get(id)).toMatchObject({ accessToken, tokenGeneration: 2 });
  });

  it('wait for one that is at it, and share its pause when it fails', async () => {
    const [process, other] = await open(2);
    world.backend.state.next('hang', { endpoint: 'token' });
    const hanging = process!.refresh.renew(id, 1);
    await world.tokenCall();
    const waiting = other!.refresh.renew(id, 1);
    const patience = new Promise((resolve) => setTimeout(resolve, 100));
    await world.pass(patience, 100);
    expect(world.tokenCalls).toHaveLength(1);
    await world.backend.close();
    expect(await hanging).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(/^reset/) });
    expect(await world.pass(waiting, 2)).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(/waiting after 1 failed/) });
  });

  /** A process that has written its intent and was not heard of again; `agoMs`: since its lease ran out. */
  const diedIn = async (process: RefreshProcess, agoMs: number): Promise<void> => {
    const now = world.clock.now();
    await process.rows.claimRefresh(id, { owner: 'dead@elsewhere#1', generation: 1, leaseUntil: now - agoMs, now });
    await process.rows.recordIntent(id, 'dead@elsewhere#1', 1, 'hash', now - agoMs);
  };

  it('take over the intent of one that died, a minute after its lease has run out', async () => {
    const [process] = await open(1);
    await diedIn(process!, 61_000);
    expect(await process!.refresh.renew(id, 1)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringMatching(/may still come back/),
    });
    expect(world.tokenCalls).toEqual([]);
    world.clock.advance(61_000);
    expect(await process!.refresh.renew(id, 1)).toEqual(RENEWED);
    expect(await process!.row(id)).toMatchObject({ tokenGeneration: 2, refreshIntentAt: 0 });
  });

  it('give one that holds new tokens a minute to come back after the database was away', async () => {
    const [process] = await open(1);
    await diedIn(process!, 600_000);
    world.clock.advance(600_000);
    process!.module.get(RefreshLease, { strict: false }).noteOutage();
    world.clock.advance(59_000);
    expect(await process!.refresh.renew(id, 1)).toMatchObject({ kind: 'unavailable' });
    world.clock.advance(2_000);
    expect(await process!.refresh.renew(id, 1)).toEqual(RENEWED);
  });

  it('leave the token of one that was not heard of again alone in a sweep, as long as the access token serves', async () => {
    const [process] = await open(1);
    await diedIn(process!, 61_000);
    world.clock.advance(61_000);
    expect(await process!.sweep.run()).toEqual({ renewed: 0, refused: 0, unavailable: 0 });
    world.clock.advance(10 * DAY_MS - 400_000);
    expect(await process!.sweep.run()).toEqual({ renewed: 0, refused: 0, unavailable: 0 });
    world.clock.advance(200_000);
    expect(await process!.sweep.run()).toEqual({ renewed: 1, refused: 0, unavailable: 0 });
  });

  it(`${database.type === 'sqlite' ? 'do not wait' : 'wait'} for the lease of a process id of this host that is gone`, async () => {
    const [process] = await open(1);
    const now = world.clock.now();
    const owner = `999999999@${hostname().slice(0, 36)}#old`;
    await process!.rows.claimRefresh(id, { owner, generation: 1, leaseUntil: now + 45_000, now });
    await process!.rows.recordIntent(id, owner, 1, 'hash', now);
    const result = await world.pass(process!.refresh.renew(id, 1), 5_000);
    expect(result.kind).toBe(database.type === 'sqlite' ? 'renewed' : 'unavailable');
  });
});
