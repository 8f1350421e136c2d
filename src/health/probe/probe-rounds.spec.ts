import { afterEach, describe, expect, it } from '@jest/globals';
import { type HealthProcess, HealthWorld } from '../../../test/support/health-harness.js';
import type { KeyValues } from '../../config/config.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let world: HealthWorld;
let gateway: HealthProcess;
let ids: string[];

const start = async (accounts: number, keys: Partial<KeyValues> = {}): Promise<void> => {
  world = await HealthWorld.open(accounts);
  gateway = await world.process({ healthCheckRequestTimeout: 1, ...keys });
  ids = [];
  for (let n = 1; n <= accounts; n++) ids.push(await gateway.import(n));
};
const account = (n: number) => gateway.pool.get(ids[n - 1]!)!;
const answer = (scenario: string | null, n?: number): void =>
  world.backend.state.always(scenario, { endpoint: 'usage', ...(n !== undefined && { account: n }) });
/** A round, and the time until the next one. */
const round = async () => {
  const report = await gateway.probes.run();
  world.clock.advance(5 * MINUTE);
  return report;
};
const asked = (since = 0): (string | null)[] => world.usageCalls.slice(since).map((call) => call.account);
const keyOf = (n: number): string => world.backend.state.account(n).key;
const seen = (id: string, at: number): void => gateway.effects.observeQuota(id, { windows: [], plan: null, credits: null, at });

afterEach(() => world.close());

describe('an account that the backend refuses', () => {
  it.each<[string, string, string, string]>([
    ['401', '401', 'needs_login', 'inferred:unauthorized'],
    ['401 of a revoked token', '401,code=token_revoked', 'needs_login', 'inferred:token_revoked'],
    ['402', '402', 'disabled', 'inferred:deactivated_workspace'],
    ['403 with words', '403', 'disabled', 'inferred:forbidden'],
  ])(
    'with %s to three checks in a row is taken out of service with evidence, while another one works',
    async (_name, say, state, reason) => {
      await start(2);
      answer(say, 1);
      for (let i = 0; i < 2; i++) {
        await round();
        expect(account(1).state).toBe('active');
      }
      await round();
      expect(account(1)).toMatchObject({ state, stateReason: reason });
      expect(account(2).state).toBe('active');
      await gateway.written();
      const row = await gateway.row(ids[0]!);
      expect(row).toMatchObject({ state, stateReason: reason });
      expect(row.stateEvidence).not.toBe('');
      expect(row.stateUntil).toBeGreaterThan(row.stateSince);
    },
  );

  it('is taken out at once where the code names it as lost, and for good', async () => {
    await start(2);
    answer('401,code=account_deactivated', 1);
    await round();
    await gateway.written();
    expect(await gateway.row(ids[0]!)).toMatchObject({ state: 'needs_login', stateReason: 'account_deactivated', stateUntil: 0 });
  });

  it.each([2, 5])('is taken out after health-check-max-failures: %d', async (healthCheckMaxFailures) => {
    await start(2, { healthCheckMaxFailures });
    answer('401', 1);
    for (let i = 1; i < healthCheckMaxFailures; i++) await round();
    expect(account(1).state).toBe('active');
    await round();
    expect(account(1).state).toBe('needs_login');
    await gateway.written();
    expect((await gateway.row(ids[0]!)).stateEvidence).toMatch(/^\d health checks in a row were refused; the last: /);
  });

  it('stays when nobody else works', async () => {
    await start(2, { cooldown401Sec: 1 });
    answer('401');
    for (let i = 0; i < 6; i++) await round();
    expect([account(1).state, account(2).state]).toEqual(['active', 'active']);
  });

  it('starts anew when a turn or a check has worked in between', async () => {
    await start(2);
    for (const works of [() => answer(null, 1), () => seen(ids[0]!, world.clock.now())]) {
      answer('401', 1);
      for (let i = 0; i < 2; i++) await round();
      works();
      await round();
    }
    answer('401', 1);
    for (let i = 0; i < 2; i++) await round();
    expect(account(1).state).toBe('active');
  });

  it('stays while its token cannot be renewed: that may be the reason', async () => {
    await start(2);
    answer('401', 1);
    world.backend.state.always('500', { endpoint: 'token' });
    for (let i = 0; i < 5; i++) await round();
    expect(account(1).state).toBe('active');
  });

  it('stays when its login is somebody else’s to renew', async () => {
    await start(2);
    await gateway.import(1, { ownership: 'shared' });
    answer('401', 1);
    for (let i = 0; i < 5; i++) await round();
    expect(account(1).state).toBe('active');
  });
});

describe('what is no word about the account', () => {
  it.each([
    ['an empty 404', '404-empty'],
    ['a 404', '404-model'],
    ['a 429', '429,code=rate_limit_exceeded'],
    ['a page of the edge', '403-html'],
    ['a 500', '500'],
    ['a 503', '503'],
    ['a reset connection', 'reset-before-headers'],
    ['another answer', 'json-200'],
  ])('%s takes nobody out of service, however often it comes', async (_name, say) => {
    await start(2);
    answer(say, 1);
    for (let i = 0; i < 6; i++) expect(await round()).toMatchObject({ ok: 1, trouble: 1, refused: 0 });
    expect([account(1).state, gateway.pool.cooldowns(ids[0]!)]).toEqual(['active', []]);
  });

  it('silence ends after health-check-request-timeout, and takes nobody out either', async () => {
    await start(2);
    answer('silence-before-headers', 1);
    const begun = Date.now();
    expect(await round()).toMatchObject({ ok: 1, trouble: 1 });
    expect(Date.now() - begun).toBeLessThan(3 * SECOND);
    expect(account(1).state).toBe('active');
  });
});

describe('a round', () => {
  it('asks about accounts in service only', async () => {
    await start(5);
    for (const [i, state] of (['paused', 'needs_login', 'disabled'] as const).entries()) gateway.pool.setState(ids[i]!, state, 'operator');
    expect(await round()).toMatchObject({ ok: 2 });
    expect(asked().sort()).toEqual([keyOf(4), keyOf(5)].sort());
  });

  it('leaves out who has been seen working, begins with who was not seen for longest, and takes health-check-batch-size of them', async () => {
    await start(5, { healthCheckBatchSize: 2, healthCheckConcurrency: 1 });
    const now = world.clock.now();
    for (const [n, minutesAgo] of [1, 30, 10, 20, 40].entries()) seen(ids[n]!, now - minutesAgo * MINUTE);
    await gateway.probes.run();
    expect(asked()).toEqual([keyOf(5), keyOf(2)]);
    await gateway.probes.run();
    expect(asked(2)).toEqual([keyOf(4), keyOf(3)]);
    await gateway.probes.run();
    expect(asked()).toHaveLength(4);
  });

  it('does not ask the same failing account again and again', async () => {
    await start(3, { healthCheckBatchSize: 1 });
    answer('403', 1);
    for (let i = 0; i < 6; i++) await round();
    expect(asked().filter((key) => key === keyOf(1))).toHaveLength(2);
  });

  it('has at most health-check-concurrency calls under way', async () => {
    await start(9, { healthCheckConcurrency: 3, healthCheckBatchSize: 0 });
    let [running, most] = [0, 0];
    const probe = gateway.probe.probe.bind(gateway.probe);
    gateway.probe.probe = async (id) => {
      most = Math.max(most, ++running);
      return probe(id).finally(() => running--);
    };
    expect(await gateway.probes.run()).toMatchObject({ ok: 9 });
    expect(most).toBe(3);
  });

  it('costs no tokens', async () => {
    await start(1);
    await round();
    expect(world.backend.requests.every(({ method, path }) => method === 'GET' && path.endsWith('/wham/usage'))).toBe(true);
  });
});

describe('while the backend fails for everybody', () => {
  it('a round ends early, later ones ask once, and the first answer lets the rest be asked', async () => {
    await start(20);
    answer('500');
    expect(await gateway.probes.run()).toMatchObject({ trouble: 5, ok: 0 });
    expect(gateway.probes.trouble).toBe(true);
    expect(await gateway.probes.run()).toMatchObject({ trouble: 1 });
    expect(await gateway.probes.run()).toMatchObject({ trouble: 1 });
    answer(null);
    expect(await gateway.probes.run()).toMatchObject({ ok: 13, trouble: 0 });
    expect(gateway.probes.trouble).toBe(false);
  });

  it('with 401, nobody leaves, nobody rests, and nobody’s token is renewed twice', async () => {
    await start(20);
    answer('401');
    for (let i = 0; i < 4; i++) {
      await gateway.probes.run();
      world.clock.advance(15 * SECOND);
    }
    answer(null);
    world.clock.advance(HOUR);
    await round();
    expect(gateway.pool.counts()).toMatchObject({ active: 20, usable: 20 });
    expect(world.refreshes.length).toBeLessThanOrEqual(5);
  });

  it('for longer than all checks that are allowed to fail, nobody leaves either', async () => {
    await start(3, { cooldown401Sec: 1 });
    for (const say of ['401', '500', '403-html', '404-empty']) {
      answer(say);
      for (let i = 0; i < 6; i++) await round();
      answer(null);
      await round();
    }
    expect(gateway.pool.counts()).toMatchObject({ active: 3, usable: 3 });
  });
});
