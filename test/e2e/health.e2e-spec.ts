import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayScene } from '../support/gateway-scene.js';

const OUT_OF_SERVICE_MS = 20_000;
/** More than the checks that may fail before an account leaves. */
const CHECKS = 5;
const ACCOUNTS = 4;

let scene: GatewayScene;
/** Conversations stay on their account: each of them is another one. */
let asked = 0;

const refuse = (account: string, scenario: string): void => {
  for (const endpoint of ['responses', 'usage'] as const) scene.backend.state.always(scenario, { endpoint, account });
};
const everybody = (scenario: string | null, ...endpoints: ('responses' | 'usage')[]): void => {
  for (const endpoint of endpoints) scene.backend.state.always(scenario, { endpoint });
};
const checks = (): number => scene.requests.filter(({ path }) => path.endsWith('/wham/usage')).length;
const untilChecked = async (count: number): Promise<void> => {
  const wanted = checks() + count;
  await scene.waitForRequest(() => checks() >= wanted);
};
const statuses = async (count: number): Promise<number[]> => {
  const answers = await Promise.all(Array.from({ length: count }, () => scene.ask({ input: `conversation ${++asked}` })));
  return answers.map(({ status }) => status);
};

beforeAll(async () => {
  scene = await GatewayScene.open({
    config: {
      'health-check-interval': 1,
      'health-check-start-delay': 0,
      'health-check-request-timeout': 1,
      'disabled-recovery-interval-sec': 1,
      'cooldown-401-sec': 1,
    },
  });
});
afterAll(() => scene.close());

describe('an account that is refused for good', () => {
  it.each([
    ['401', 'needs_login', 'inferred:unauthorized'],
    ['403', 'disabled', 'inferred:forbidden'],
  ])('with %s is out of service, with evidence, while others serve; and back when the vendor forgives', async (scenario, state, reason) => {
    const [bad] = await scene.pool(ACCOUNTS);
    refuse(bad!, scenario);
    await scene.until(({ states }) => states.active === ACCOUNTS - 1, OUT_OF_SERVICE_MS);
    expect(await scene.states()).toMatchObject({ [state]: 1, usable: ACCOUNTS - 1 });
    const gone = await scene.logged(({ msg }) => msg === 'account is out of service');
    expect(gone).toMatchObject({ state, reason });
    expect(gone.evidence).not.toBe('');
    scene.forget();
    expect(await statuses(6)).toEqual(Array<number>(6).fill(200));
    expect(scene.attemptedOn).not.toContain(bad);

    scene.backend.state.calm();
    await scene.until(({ states }) => states.usable === ACCOUNTS, OUT_OF_SERVICE_MS);
    expect(await scene.logged(({ msg }) => String(msg).startsWith('account is back in service'))).toMatchObject({ was: state, reason });
    scene.forget();
    await statuses(ACCOUNTS * 3);
    expect(scene.attemptedOn).toContain(bad);
  });
});

describe('a vendor that fails for everybody', () => {
  it.each<[string, ('responses' | 'usage')[]]>([
    ['401', ['responses', 'usage']],
    ['500', ['responses', 'usage']],
    ['403-html', ['responses', 'usage']],
    ['silence-before-headers', ['usage']],
  ])('with %s for a while costs no account, and every request is served afterwards', async (scenario, endpoints) => {
    const keys = await scene.pool(ACCOUNTS);
    everybody(scenario, ...endpoints);
    if (endpoints.includes('responses')) await statuses(4);
    await untilChecked(CHECKS);
    const { states, status } = await scene.gateway.health();
    expect([states.active, status]).toEqual([ACCOUNTS, states.usable ? status : 'down']);
    for (const key of keys) expect(scene.refreshes.filter(({ account }) => account === key).length).toBeLessThanOrEqual(1);

    everybody(null, 'responses', 'usage');
    expect(await statuses(ACCOUNTS * 2)).toEqual(Array<number>(ACCOUNTS * 2).fill(200));
    await scene.until(({ states: now }) => now.usable === ACCOUNTS);
  });
});

describe('readiness', () => {
  it('says nothing against a process that works', async () => {
    await scene.pool(1);
    const ready = await fetch(`${scene.gateway.url}/health/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([200, { status: 'ok', reasons: [] }]);
  });
});
