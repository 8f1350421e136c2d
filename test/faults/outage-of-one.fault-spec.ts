import { afterEach, describe, expect, it } from '@jest/globals';
import { GatewayScene } from '../support/gateway-scene.js';
import type { ResponsesAnswer } from '../support/sse-frames.js';

let scene: GatewayScene;
let questions = 0;

/** A gateway of its own: what other accounts did within the last minute would count. */
const open = async (accounts: number): Promise<void> => {
  scene = await GatewayScene.open({ accounts });
  await scene.gateway.logged(({ msg }) => msg === 'accounts loaded');
};
afterEach(() => scene.close());

const ask = (): Promise<ResponsesAnswer> => scene.ask({ input: `Question ${++questions}`, stream: true });
const asked = async (times: number): Promise<number[]> => {
  const statuses: number[] = [];
  for (let n = 0; n < times; n++) statuses.push((await ask()).status);
  return statuses;
};
const cooling = async (): Promise<{ email: string; cooldowns: { cause: string; until: string }[] }[]> => {
  const { accounts } = (await (await scene.gateway.request('/stats')).json()) as {
    accounts: { email: string; cooldowns: { cause: string; until: string }[] }[];
  };
  return accounts.filter(({ cooldowns }) => cooldowns.length > 0);
};

describe.each(['500', 'no-events'])('an account that alone fails (%s)', (scenario) => {
  it.each([2, 10])('of %i rests half a minute after three failures in a row, and no client notices', async (size) => {
    await open(size);
    scene.backend.state.always(scenario, { account: 1 });
    const statuses = await asked(size * 4);
    expect(statuses).toEqual(statuses.map(() => 200));
    expect(scene.attemptedOn.filter((account) => account === 'account-1')).toHaveLength(3);
    expect(await scene.states()).toMatchObject({ active: size, cooling: 1, usable: size - 1 });
    const [resting, ...others] = await cooling();
    expect(others).toEqual([]);
    expect(resting!.cooldowns).toEqual([expect.objectContaining({ cause: 'server_error' })]);
    const seconds = (Date.parse(resting!.cooldowns[0]!.until) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThanOrEqual(30);
  });
});

describe('an outage of the backend in front of a small pool', () => {
  it('costs the only account nothing: each request is one attempt, told as it is, and the first one after it is served', async () => {
    await open(1);
    scene.backend.state.always('500');
    expect(await asked(8)).toEqual(Array<number>(8).fill(500));
    expect(scene.attempts).toHaveLength(8);
    expect(await scene.states()).toMatchObject({ active: 1, usable: 1, cooling: 0 });
    scene.backend.state.calm();
    expect(await asked(1)).toEqual([200]);
  });

  it('costs two accounts nothing: each request asks both', async () => {
    await open(2);
    scene.backend.state.always('500');
    expect(await asked(4)).toEqual(Array<number>(4).fill(500));
    expect(scene.attempts).toHaveLength(8);
    expect(await scene.states()).toMatchObject({ active: 2, usable: 2, cooling: 0 });
    scene.backend.state.calm();
    expect(await asked(2)).toEqual([200, 200]);
  });

  it('that ends while one of two accounts goes on failing rests that one alone', async () => {
    await open(2);
    scene.backend.state.always('500');
    await asked(3);
    scene.backend.state.calm();
    scene.backend.state.always('500', { account: 1 });
    const statuses = await asked(10);
    expect(statuses).toEqual(statuses.map(() => 200));
    expect(await scene.states()).toMatchObject({ active: 2, usable: 1, cooling: 1 });
  });
});
