import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayScene } from '../support/gateway-scene.js';
import { ResponsesAnswer } from '../support/sse-frames.js';

let single: GatewayScene;
let patient: GatewayScene;

beforeAll(async () => {
  [single, patient] = await Promise.all([
    GatewayScene.open({ config: { 'max-retry': 0 } }),
    GatewayScene.open({ config: { 'request-retry-budget-sec': 1 } }),
  ]);
});
afterAll(async () => {
  await Promise.all([single.close(), patient.close()]);
});

let prompts = 0;
const ask = (scene: GatewayScene, extra: Record<string, unknown> = {}): Promise<ResponsesAnswer> =>
  scene.ask({ input: `Question ${++prompts}`, stream: true, ...extra });

describe('with max-retry: 0', () => {
  it.each([
    ['500', 500, 'server_error'],
    ['503', 503, 'server_is_overloaded'],
    ['429,resets=100', 503, 'server_is_overloaded'],
    ['402', 402, 'billing_not_active'],
    ['404-model', 503, 'server_is_overloaded'],
    ['401', 503, 'upstream_auth'],
    ['400,code=unsupported_parameter,param=include', 400, 'unsupported_parameter'],
    ['reset-before-headers', 502, 'upstream_unreachable'],
    ['text,cut=0', 502, 'upstream_stream_truncated'],
    ['overload', 503, 'server_is_overloaded'],
  ])('%s: exactly one attempt, then %i %s', async (scenario, status, code) => {
    await single.pool(2);
    single.backend.state.always(scenario);
    const answer = await ask(single);
    expect([answer.status, answer.error.code]).toEqual([status, code]);
    expect(single.attempts).toHaveLength(1);
  });

  it('an empty turn is delivered as it is', async () => {
    await single.pool(2);
    single.backend.state.always('empty');
    const answer = await ask(single);
    expect([answer.status, answer.response.status]).toEqual([200, 'completed']);
    expect(single.attempts).toHaveLength(1);
  });

  it('a 401 is answered without waiting for the refresh, which the next request profits from', async () => {
    const [key] = await single.pool(1);
    single.backend.state.accounts.endAccessTokens(key!);
    single.backend.state.next('slow,head=600', { endpoint: 'token' });
    const answer = await ask(single);
    expect(answer.status).toBe(503);
    const exchange = await single.waitForRequest(({ path }) => path === '/oauth/token');
    expect(exchange.endedAt).toBeNull();
    await single.logged(({ msg }) => msg === 'token renewed');
    expect((await ask(single)).status).toBe(200);
    expect(single.refreshes).toHaveLength(1);
  });

  it('an account whose token is refused again and cannot be renewed costs no further request', async () => {
    const [a, b] = await single.pool(2);
    single.backend.state.always('401', { account: a });
    single.backend.state.always('429', { endpoint: 'token' });
    const refused = (): number => single.attemptedOn.filter((account) => account === a).length;
    while (refused() < 2 && single.attempts.length < 20) await ask(single);
    await single.logged(({ msg, cause }) => msg === 'account cools down' && cause === 'unauthorized');
    single.forget();
    for (let i = 0; i < 3; i++) expect((await ask(single)).status).toBe(200);
    expect(single.attemptedOn).toEqual([b, b, b]);
  });
});

describe('what happened before', () => {
  it('counts: three server errors in a row, while another account works, pause an account for 30 s', async () => {
    const [a, b] = await patient.pool(2);
    const { state } = patient.backend;
    state.always('500', { account: a });
    for (let failed = 0; failed < 3;) {
      const answer = await ask(patient);
      expect(answer.status).toBe(200);
      failed = patient.attemptedOn.filter((account) => account === a).length;
    }
    await patient.logged(({ msg, cause, seconds }) => msg === 'account cools down' && cause === 'server_error' && seconds === 30);
    expect(await patient.states()).toMatchObject({ cooling: 1, usable: 1 });
    patient.forget();
    for (let i = 0; i < 3; i++) expect((await ask(patient)).status).toBe(200);
    expect(patient.attemptedOn).toEqual([b, b, b]);
  });

  it('counts: an account that is refused again while its token cannot be renewed is asked last until it has a new one', async () => {
    const [a, b] = await patient.pool(2);
    const { state } = patient.backend;
    state.always('401', { account: a });
    state.always('429', { endpoint: 'token' });
    const refused = (): number => patient.attemptedOn.filter((account) => account === a).length;
    while (refused() < 2 && patient.attempts.length < 20) expect((await ask(patient)).status).toBe(200);
    expect(await patient.states()).toMatchObject({ active: 2, cooling: 1, needs_login: 0 });
    patient.forget();
    for (let i = 0; i < 3; i++) expect((await ask(patient)).status).toBe(200);
    expect(patient.attemptedOn).toEqual([b, b, b]);
    state.always(null, { account: a });
    state.always('500', { account: b });
    expect((await ask(patient)).status).toBe(200);
    expect(patient.attemptedOn.at(-1)).toBe(a);
  });

  it('counts: the third 403 in a row takes an account out of service', async () => {
    const [a] = await patient.pool(1);
    patient.backend.state.always('403', { account: a });
    for (let i = 0; i < 3; i++) {
      expect((await ask(patient)).status).toBe(403);
      expect(await patient.states()).toMatchObject(i < 2 ? { active: 1, cooling: 1, disabled: 0 } : { active: 0, disabled: 1 });
    }
    expect((await ask(patient)).error.code).toBe('no_account_available');
    expect(patient.attempts).toHaveLength(3);
  });

  it('does not matter when everybody is refused: three accounts whose new tokens are refused are not to blame', async () => {
    await patient.pool(3);
    const { state } = patient.backend;
    state.always('401');
    const first = await ask(patient);
    expect([first.status, first.error.code]).toEqual([503, 'upstream_auth']);
    for (let i = 0; i < 4; i++) expect((await ask(patient)).status).toBe(503);
    await patient.logged(({ msg }) => /the backend is at fault/.test(String(msg)));
    expect(await patient.states()).toMatchObject({ active: 3, cooling: 0, needs_login: 0 });
    const { length } = patient.refreshes;
    expect(length).toBe(3);
    expect((await ask(patient)).status).toBe(503);
    expect(patient.refreshes).toHaveLength(length);
    state.calm();
    expect((await ask(patient)).status).toBe(200);
  });
});

describe('the budget of a request', () => {
  it('is over: no further attempt begins, and the client gets the failure', async () => {
    await patient.pool(3);
    patient.backend.state.always('500,head=1100');
    const answer = await ask(patient);
    expect([answer.status, answer.error.code]).toEqual([500, 'server_error']);
    expect(patient.attempts).toHaveLength(1);
  });

  it('is over after an empty turn: it is delivered as it is', async () => {
    await patient.pool(3);
    patient.backend.state.always('empty,last=1100');
    const answer = await ask(patient);
    expect([answer.status, answer.response.status]).toEqual([200, 'completed']);
    expect(patient.attempts).toHaveLength(1);
  });
});
