import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeDatabases } from '../../test/support/databases.js';
import { type QuotaProcess, QuotaWorld } from '../../test/support/quota-harness.js';
import type { Outcome } from '../upstream/outcome.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MODEL = 'gpt-5.4';
const SPARK = 'gpt-5.3-codex-spark';
const message = '';

let world: QuotaWorld;
let gateway: QuotaProcess;

beforeEach(async () => {
  world = await QuotaWorld.open();
});
afterEach(() => world.close());

/** Rounds every five seconds, as the schedule does, until so much time has passed or something is true. Returns how long it took. */
const pass = async (ms: number, until: () => boolean = () => false, sweeps = [gateway]): Promise<number> => {
  const from = world.clock.now();
  while (!until() && world.clock.now() - from < ms) {
    world.clock.advance(5 * SECOND);
    for (const { sweep } of sweeps) await sweep.run();
  }
  return world.clock.now() - from;
};
const quota = (ms: number, family: string | null = null): Outcome => ({ kind: 'quota', resetsAt: world.clock.now() + ms, family, message });
const cooling = (id: string) => gateway.pool.cooldowns(id);
const chosen = (): string | undefined => {
  using lease = gateway.pool.lease({ model: MODEL, affinity: [], turnStart: true, tried: new Set() });
  return lease?.account.id;
};
/** When the usage endpoint was asked, in seconds from now on. */
const calls = (): (() => number[]) => {
  const from = world.clock.now();
  const skip = world.usageCalls.length;
  return () => world.usageCalls.slice(skip).map(({ at }) => Math.round((at - from) / SECOND));
};
const usage = (rest: object): string =>
  JSON.stringify({ plan_type: 'plus', rate_limit: { allowed: true, limit_reached: false, primary_window: null }, ...rest });

describe('a cooldown', () => {
  let id: string;
  beforeEach(async () => {
    world.accounts(1);
    gateway = await world.process({});
    id = await gateway.import(1);
    await gateway.sweep.run();
  });

  it('of a limit that the vendor has reset early ends after about a minute', async () => {
    world.backend.state.exhaust(1, 5 * 3600);
    gateway.effects.report(id, MODEL, quota(5 * HOUR));
    expect(chosen()).toBeUndefined();
    world.backend.state.account(1).quota.primary!.usedPercent = 0;
    const took = await pass(HOUR, () => chosen() === id);
    expect(took).toBeGreaterThanOrEqual(MINUTE);
    expect(took).toBeLessThanOrEqual(80 * SECOND);
  });

  it('that holds is verified at pauses that double up to an hour', async () => {
    world.backend.state.exhaust(1, 10 * 3600);
    gateway.effects.report(id, MODEL, quota(10 * HOUR));
    const asked = calls();
    await pass(6 * HOUR);
    expect(cooling(id)).toHaveLength(1);
    const times = asked();
    times.forEach((time, i) => {
      const age = times[i - 1] ?? 0;
      const pause = Math.min(Math.max(age, 60), 3600);
      expect(time - age).toBeGreaterThanOrEqual(pause);
      expect(time - age).toBeLessThanOrEqual(pause * 1.2 + 5);
    });
    expect(times.at(-1)).toBeGreaterThan(4 * 3600);
    expect(times.length).toBeLessThan(14);
  });

  it('moves to the reset that the usage endpoint names, later or earlier', async () => {
    world.backend.state.exhaust(1, 4 * 3600);
    gateway.effects.report(id, MODEL, quota(2 * HOUR));
    const since = world.clock.now();
    await pass(80 * SECOND, () => cooling(id)[0]!.source === 'usage');
    expect(cooling(id)).toMatchObject([{ until: since + 4 * HOUR, since }]);
    world.backend.state.exhaust(1, 1800);
    const reset = world.clock.now() + 1800 * SECOND;
    await pass(5 * MINUTE, () => cooling(id)[0]!.until < since + HOUR);
    expect(Math.abs(cooling(id)[0]!.until - reset)).toBeLessThanOrEqual(SECOND);
  });

  it.each<[string, Outcome, string | undefined]>([
    ['a plan that was said not to have the service', { kind: 'not_included', message }, undefined],
    ['a long rate limit', { kind: 'rate_limited', retryAt: 1_800_000_000_000 + DAY, message }, undefined],
    ['a quota without a named reset', { kind: 'quota', resetsAt: null, family: null, message }, '3 times'],
  ])('of %s is verified as well', async (_name, outcome, again) => {
    if (again) for (let n = 0; n < 2; n++) gateway.effects.report(id, MODEL, outcome);
    gateway.effects.report(id, MODEL, outcome);
    expect(cooling(id)).toHaveLength(1);
    expect(await pass(HOUR, () => cooling(id).length === 0)).toBeLessThanOrEqual(80 * SECOND);
  });

  it('of a minute or less ends by itself, unasked', async () => {
    const asked = calls();
    gateway.effects.report(id, MODEL, { kind: 'rate_limited', retryAt: world.clock.now() + MINUTE, message });
    await pass(MINUTE);
    expect([cooling(id), asked()]).toEqual([[], []]);
  });

  it('of a limit family ends when the answer speaks of that family, and of no other reason', async () => {
    gateway.effects.report(id, SPARK, quota(5 * HOUR, 'codex_bengalfox'));
    gateway.effects.report(id, MODEL, quota(5 * HOUR, 'premium'));
    await pass(10 * MINUTE);
    expect(cooling(id).map(({ model }) => model)).toEqual(['codex_bengalfox', MODEL]);
    const spark = { limit_name: 'GPT-5.3-Codex-Spark', metered_feature: 'codex_bengalfox', rate_limit: { allowed: true } };
    world.backend.state.nextRaw(usage({ additional_rate_limits: [spark] }), { endpoint: 'usage' });
    await pass(HOUR, () => cooling(id).length === 1);
    expect(cooling(id).map(({ model }) => model)).toEqual([MODEL]);
  });

  it('begins for a family that the answer says is used up', async () => {
    const window = { used_percent: 100, limit_window_seconds: 18_000, reset_after_seconds: 7200 };
    const spark = { metered_feature: 'codex_bengalfox', rate_limit: { allowed: false, limit_reached: true, primary_window: window } };
    world.backend.state.nextRaw(usage({ additional_rate_limits: [spark] }), { endpoint: 'usage' });
    await gateway.checks.check(id, { force: true });
    expect(cooling(id)).toMatchObject([{ model: 'codex_bengalfox', until: world.clock.now() + 2 * HOUR, source: 'usage' }]);
    expect(chosen()).toBe(id);
  });

  it('that a turn contradicts again and again is lifted at longer and longer pauses', async () => {
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      gateway.effects.report(id, MODEL, quota(12 * HOUR));
      waits.push(await pass(HOUR, () => cooling(id).length === 0));
    }
    expect(waits[0]! / MINUTE).toBeCloseTo(1.15, 0);
    for (let n = 1; n < 4; n++) expect(waits[n]! / waits[n - 1]!).toBeGreaterThanOrEqual(2);
  });

  it('outlives the usage endpoint’s own troubles, and is verified when they are over', async () => {
    gateway.effects.report(id, MODEL, quota(12 * HOUR));
    for (const scenario of ['429', '500', '403-html', 'reset-before-headers']) {
      world.backend.state.always(scenario, { endpoint: 'usage' });
      await pass(10 * MINUTE);
      expect(cooling(id)).toHaveLength(1);
    }
    const asked = calls();
    world.backend.state.calm();
    expect(await pass(DAY, () => cooling(id).length === 0)).toBeLessThanOrEqual(65 * MINUTE);
    expect(asked()).toHaveLength(1);
  });

  it('is not ended by a renewed token', () => {
    gateway.effects.report(id, MODEL, quota(HOUR));
    gateway.pool.upsert({ ...gateway.pool.get(id)!, accessToken: 'renewed', tokenGeneration: 9 });
    expect(cooling(id)).toHaveLength(1);
  });
});

describe('old readings', () => {
  it('are renewed after ten minutes for an account in use, ever later for an idle one, never for one out of service', async () => {
    world.accounts(4);
    gateway = await world.process({});
    const ids = [await gateway.import(1), await gateway.import(2), await gateway.import(3), await gateway.import(4)];
    gateway.pool.setState(ids[2]!, 'needs_login', 'why');
    gateway.pool.setState(ids[3]!, 'disabled', 'why');
    for (let minute = 0; minute < 12 * 60; minute++) {
      for (const id of ids)
        gateway.pool
          .lease({ model: MODEL, affinity: [], turnStart: true, tried: new Set(), pinned: id === ids[0] ? id : '-' })
          ?.[Symbol.dispose]();
      world.clock.advance(MINUTE);
      await gateway.sweep.run();
    }
    const asked = (n: number) => world.usageCalls.filter(({ account }) => account === `account-${n}`).length;
    expect(asked(1)).toBeGreaterThan((12 * 60) / 13);
    expect(asked(1)).toBeLessThan((12 * 60) / 10 + 2);
    expect(asked(2)).toBeGreaterThan(5);
    expect(asked(2)).toBeLessThan(15);
    expect([asked(3), asked(4)]).toEqual([0, 0]);
  });

  it('are left alone while turns bring new ones', async () => {
    world.accounts(1);
    gateway = await world.process({});
    const id = await gateway.import(1);
    await gateway.sweep.run();
    const asked = calls();
    for (let minute = 0; minute < 60; minute++) {
      world.clock.advance(MINUTE);
      gateway.effects.observeQuota(id, {
        windows: [{ usedPercent: 3, minutes: 300, resetsAt: 0 }],
        plan: null,
        credits: null,
        at: world.clock.now(),
      });
      await gateway.sweep.run();
    }
    expect(asked()).toEqual([]);
  });

  it('of many accounts are renewed in rounds of fifty, cooldowns first', async () => {
    world.accounts(70);
    gateway = await world.process({});
    const ids: string[] = [];
    for (let n = 1; n <= 70; n++) ids.push(await gateway.import(n));
    gateway.effects.report(ids[69]!, MODEL, quota(HOUR));
    world.clock.advance(80 * SECOND);
    expect(await gateway.sweep.run()).toEqual({ asked: 50, failed: 0 });
    expect(cooling(ids[69]!)).toEqual([]);
    expect(await gateway.sweep.run()).toEqual({ asked: 20, failed: 0 });
    expect(await gateway.sweep.run()).toEqual({ asked: 0, failed: 0 });
  });

  it('of a usage endpoint that is down are asked for at growing pauses, not by every account in turn', async () => {
    world.accounts(60);
    gateway = await world.process({});
    for (let n = 1; n <= 60; n++) await gateway.import(n);
    world.backend.state.always('503', { endpoint: 'usage' });
    await pass(HOUR);
    expect(world.usageCalls.length).toBeLessThan(60 * 12);
    world.backend.state.calm();
    await pass(70 * MINUTE);
    expect([...gateway.pool.all()].filter(({ quota: reading }) => reading === null)).toEqual([]);
    expect(gateway.pool.counts()).toMatchObject({ active: 60, cooling: 0 });
  });
});

describeDatabases('verification', (database) => {
  const ids: string[] = [];
  const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
    for (let n = 0; n < 500 && !(await isTrue()); n++) world.clock.advance(100);
  };

  it('goes on where it was after a restart', async () => {
    world.accounts(1);
    world.backend.state.exhaust(1, 10 * 3600);
    const config = await database.emptyDatabase();
    gateway = await world.process(config);
    const id = await gateway.import(1);
    gateway.effects.report(id, MODEL, quota(10 * HOUR));
    await pass(10 * MINUTE);
    const asked = world.usageCalls.length;
    await gateway.written();
    await gateway.close();

    gateway = await world.process(config);
    await gateway.load();
    expect(cooling(id)).toMatchObject([{ model: '*', cause: 'quota' }]);
    await pass(2 * MINUTE);
    expect(world.usageCalls.length).toBeLessThanOrEqual(asked + 1);
    world.backend.state.account(1).quota.primary!.usedPercent = 0;
    expect(await pass(HOUR, () => cooling(id).length === 0)).toBeLessThanOrEqual(20 * MINUTE);
    await gateway.written();
    const again = await world.process(config);
    await again.load();
    expect(again.pool.cooldowns(id)).toEqual([]);
  });

  it('by one replica serves all of them', async () => {
    world.accounts(1);
    world.backend.state.exhaust(1, 10 * 3600);
    const config = await database.emptyDatabase();
    gateway = await world.process(config);
    ids[0] = await gateway.import(1);
    gateway.effects.report(ids[0], MODEL, quota(10 * HOUR));
    await gateway.written();
    const other = await world.process(config);
    await other.load();
    const asked = calls();
    await pass(80 * SECOND, () => asked().length > 0);
    // Without a flush: the reading is in the database within a second.
    await until(async () => {
      await other.follow(ids);
      return other.pool.get(ids[0]!)!.quota?.usage?.at !== undefined;
    });
    expect(other.pool.get(ids[0])!.quota!.usage!.at).toBe(gateway.pool.get(ids[0])!.quota!.usage!.at);
    await pass(30 * SECOND, undefined, [gateway, other]);
    expect(asked()).toHaveLength(1);

    world.backend.state.account(1).quota.primary!.usedPercent = 0;
    await pass(10 * MINUTE, () => gateway.pool.cooldowns(ids[0]!).length === 0);
    await gateway.written();
    await other.follow(ids);
    expect(other.pool.cooldowns(ids[0])).toEqual([]);
  });
});
