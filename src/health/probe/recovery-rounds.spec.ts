import { afterEach, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { describeDatabases } from '../../../test/support/databases.js';
import { type HealthProcess, HealthWorld } from '../../../test/support/health-harness.js';
import type { Config, KeyValues } from '../../config/config.js';
import type { Outcome } from '../../upstream/outcome.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FIRST = 6 * MINUTE;
const message = 'words of upstream';
const forbidden: Outcome = { kind: 'forbidden', code: 'forbidden', message };
const unauthorized: Outcome = { kind: 'unauthorized', code: 'token_revoked', dead: false, message };

describeDatabases('an account that an inferred verdict has taken out of service', (database) => {
  let world: HealthWorld;
  let gateway: HealthProcess;
  let replica: HealthProcess;
  let id: string;
  let config: Config;

  const start = async (keys: Partial<KeyValues> = {}, replicas = 1): Promise<void> => {
    world = await HealthWorld.open(1);
    config = await database.emptyDatabase();
    const all = { healthCheckRequestTimeout: 1, ...keys };
    gateway = await world.process(all, config);
    id = await gateway.import(1);
    if (replicas > 1) {
      replica = await world.process(all, config);
      await replica.load();
    }
  };
  const standing = (): [string, string] => [gateway.pool.get(id)!.state, gateway.pool.get(id)!.stateReason];
  const takeOut = async (outcome: Outcome = forbidden): Promise<void> => {
    if (outcome.kind === 'unauthorized') {
      gateway.effects.noteUnauthorized(id);
      gateway.pool.upsert({ ...gateway.pool.get(id)!, tokenGeneration: 2 });
      gateway.effects.report(id, '*', outcome);
    }
    gateway.effects.reportFailedChecks(id, outcome, { inRow: 3, previousAt: 0, othersAnswered: true });
    expect(gateway.pool.get(id)!.state).not.toBe('active');
    await gateway.written();
  };
  const answer = (scenario: string | null): void => world.backend.state.always(scenario, { endpoint: 'usage' });
  const pass = async (ms: number): Promise<void> => {
    world.clock.advance(ms);
    await gateway.recovery.run();
    await gateway.written();
  };
  afterEach(async () => {
    jest.restoreAllMocks();
    await world.close();
  });

  it.each([forbidden, unauthorized])('comes back when the backend takes it again: %j', async (outcome) => {
    await start();
    await takeOut(outcome);
    await pass(4 * MINUTE);
    expect(world.usageCalls).toEqual([]);
    await pass(2 * MINUTE);
    expect(standing()).toEqual(['active', '']);
    expect(gateway.pool.cooldowns(id)).toEqual([]);
    expect(await gateway.row(id)).toMatchObject({ state: 'active', stateReason: '', stateEvidence: '', stateUntil: 0 });
  });

  it('is asked about first after minutes, then at disabled-recovery-interval-sec', async () => {
    await start();
    await takeOut();
    answer('403');
    await pass(FIRST);
    expect(world.usageCalls).toHaveLength(1);
    await pass(50 * MINUTE);
    expect(world.usageCalls).toHaveLength(1);
    await pass(20 * MINUTE);
    expect(world.usageCalls).toHaveLength(2);
    expect(standing()).toEqual(['disabled', 'inferred:forbidden']);
    answer(null);
    await pass(HOUR + FIRST);
    expect(standing()[0]).toBe('active');
  });

  it('is asked about sooner where the backend gave no word of it', async () => {
    await start();
    await takeOut();
    answer('500');
    await pass(FIRST);
    answer(null);
    await pass(FIRST);
    expect(standing()[0]).toBe('active');
  });

  it('is asked about sooner where it could not be asked, for want of a token that cannot be had now', async () => {
    await start();
    await takeOut();
    gateway.pool.upsert({ ...gateway.pool.get(id)!, accessExpiresAt: 1 });
    world.backend.state.always('500', { endpoint: 'token' });
    await pass(FIRST);
    expect(standing()[0]).toBe('disabled');
    world.backend.state.always(null, { endpoint: 'token' });
    await pass(FIRST);
    expect(standing()[0]).toBe('active');
  });

  it('is asked about no later than the interval, also the first time', async () => {
    await start({ disabledRecoveryIntervalSec: 60 });
    await takeOut();
    await pass(67_000);
    expect(standing()[0]).toBe('active');
  });

  it('gets a new token for that when its own has ended or is refused', async () => {
    await start();
    await takeOut();
    world.backend.state.accounts.endAccessTokens(1);
    await pass(FIRST);
    expect([standing()[0], world.refreshes.length]).toEqual(['active', 1]);
  });

  it('stays for good when its token is refused for good meanwhile', async () => {
    await start();
    await takeOut();
    world.backend.state.accounts.endAccessTokens(1);
    world.backend.state.accounts.revokeFamily(1);
    for (let i = 0; i < 3; i++) await pass(2 * HOUR);
    const [state, reason] = standing();
    expect(state).toBe('needs_login');
    expect(reason).not.toContain('inferred');
    const asked = world.usageCalls.length;
    await pass(2 * HOUR);
    expect(world.usageCalls).toHaveLength(asked);
  });

  it('stays for good when the backend says so', async () => {
    await start();
    await takeOut();
    answer('401,code=account_deactivated');
    await pass(FIRST);
    answer(null);
    await pass(2 * HOUR);
    expect(standing()).toEqual(['needs_login', 'account_deactivated']);
  });

  it('stays when an operator has decided so', async () => {
    await start();
    await takeOut();
    const operator = { state: 'disabled', reason: 'operator', evidence: '', since: world.clock.now(), until: 0 } as const;
    await gateway.rows.updateState(id, 'disabled', operator);
    await gateway.follow();
    await pass(2 * HOUR);
    expect([world.usageCalls, standing()]).toEqual([[], ['disabled', 'operator']]);
  });

  it('is not brought back by an answer to a call from before the verdict', async () => {
    await start();
    const before = world.clock.now();
    world.clock.advance(1);
    await takeOut();
    expect(gateway.effects.comeBack(id, before)).toBe(false);
    gateway.effects.report(id, 'gpt-5.4', { kind: 'ok' }, { leasedAt: before, generation: 1 });
    expect(standing()[0]).toBe('disabled');
  });

  it('is asked about by one replica, and comes back in all', async () => {
    await start({}, 2);
    await takeOut();
    await replica.follow();
    expect(replica.pool.get(id)!.state).toBe('disabled');
    world.clock.advance(FIRST);
    await Promise.all([gateway.recovery.run(), replica.recovery.run()]);
    expect(world.usageCalls).toHaveLength(1);
    for (const process of [gateway, replica]) await process.written();
    for (const process of [gateway, replica]) await process.follow();
    expect([standing()[0], replica.pool.get(id)!.state]).toEqual(['active', 'active']);
  });

  it('serves at once after a new login, and its history is forgotten', async () => {
    await start({}, 2);
    await takeOut(unauthorized);
    expect(gateway.pool.restingCooldown(id)?.cause).toBe('unauthorized');
    await replica.follow();
    world.clock.advance(1000);
    world.backend.state.signIn(1);
    await gateway.import(1);
    await replica.follow();
    for (const { pool } of [gateway, replica]) {
      expect([pool.get(id)!.state, pool.cooldowns(id)]).toEqual(['active', []]);
      expect(pool.counts().usable).toBe(1);
    }
    expect(gateway.effects.mayForceRefresh(id)).toBe(true);
    const restarted = await world.process({}, config);
    await restarted.load();
    expect(restarted.pool.cooldowns(id)).toEqual([]);
  });

  it('counts against the guard in other replicas and after a restart', async () => {
    world = await HealthWorld.open(8);
    const config = await database.emptyDatabase();
    gateway = await world.process({}, config);
    const ids: string[] = [];
    for (let n = 1; n <= 8; n++) ids.push(await gateway.import(n));
    const tryTo = (process: HealthProcess, n: number) =>
      process.effects.reportFailedChecks(ids[n]!, forbidden, { inRow: 3, previousAt: 0, othersAnswered: true });
    for (let n = 0; n < 3; n++) expect(tryTo(gateway, n)).toMatchObject({ kind: 'state', state: 'disabled' });
    await gateway.written();
    const restarted = await world.process({}, config);
    await restarted.load();
    expect(restarted.effects.guard).toEqual({ alarm: false, heldBack: 0, suspects: 0 });
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    expect(tryTo(restarted, 3)).toEqual({ kind: 'none', held: true });
    expect(restarted.effects.guard).toEqual({ alarm: true, heldBack: 1, suspects: 1 });
    expect(restarted.pool.get(ids[3]!)!.state).toBe('active');
    world.clock.advance(HOUR);
    expect(restarted.effects.guard.alarm).toBe(false);
    expect(tryTo(restarted, 3)).toMatchObject({ kind: 'state' });
  });

  it('is taken back into service where replicas decided at the same moment and reached the limit together', async () => {
    world = await HealthWorld.open(8);
    const config = await database.emptyDatabase();
    gateway = await world.process({}, config);
    const ids: string[] = [];
    for (let n = 1; n <= 8; n++) ids.push(await gateway.import(n));
    replica = await world.process({}, config);
    await replica.load();
    for (const [process, from] of [
      [gateway, 0],
      [replica, 3],
    ] as const) {
      for (let n = from; n < from + 3; n++) {
        const effect = process.effects.reportFailedChecks(ids[n]!, forbidden, { inRow: 3, previousAt: 0, othersAnswered: true });
        expect(effect.kind).toBe('state');
      }
    }
    await Promise.all([gateway.written(), replica.written()]);
    await Promise.all([gateway.follow(), replica.follow()]);
    for (const { pool } of [gateway, replica]) expect(pool.counts()).toMatchObject({ active: 5, disabled: 3 });
  });
});
