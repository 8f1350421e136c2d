import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayScene } from '../support/gateway-scene.js';
import { ResponsesAnswer } from '../support/sse-frames.js';

let scene: GatewayScene;
let prompts = 0;

beforeAll(async () => {
  scene = await GatewayScene.open({ config: { 'compact-timeout-sec': 1, 'compact-model': 'gpt-5.4-mini-low', 'max-retry': 1 } });
});
afterAll(() => scene.close());

const compact = (session: string): Promise<ResponsesAnswer> =>
  ResponsesAnswer.of(
    scene.gateway.request('/v1/responses/compact', {
      json: { model: 'gpt-5.4', input: [{ role: 'user', content: `Question ${++prompts}` }] },
      headers: { 'session-id': session },
    }),
  );
const calls = (): { account: string | null; body: unknown }[] => scene.requests.filter(({ path }) => path.endsWith('/compact'));
const ask = (session: string): Promise<ResponsesAnswer> => scene.ask({ input: `Question ${++prompts}` }, { 'session-id': session });

describe('a compaction', () => {
  it('is made by the account of its session, with the operator’s model', async () => {
    await scene.pool(3);
    for (const session of ['s-1', 's-2', 's-3']) {
      await ask(session);
      const owner = scene.attemptedOn.at(-1);
      expect((await compact(session)).status).toBe(200);
      expect(calls().at(-1)).toMatchObject({ account: owner, body: { model: 'gpt-5.4-mini', reasoning: { effort: 'low' } } });
    }
  });

  it.each([
    ['is too slow', 'silence-before-headers', 504, 2],
    ['meets 500', '500', 500, 2],
    ['meets 502', '502,body=html', 502, 2],
    ['is refused for its content', '400,code=invalid_prompt', 400, 1],
    ['is too long', '400,code=context_length_exceeded', 400, 1],
  ])('that %s costs no account its place: %s', async (_name, scenario, status, attempts) => {
    await scene.pool(2);
    // Three in a row on one account, while turns work, would cool it down.
    for (let round = 0; round < 3; round++) {
      scene.backend.state.always(scenario, { endpoint: 'compact' });
      expect((await compact(`c-${prompts}`)).status).toBe(status);
      scene.backend.state.calm();
      expect((await ask(`a-${prompts}`)).status).toBe(200);
    }
    expect(calls()).toHaveLength(3 * attempts);
    expect(await scene.states()).toMatchObject({ active: 2, usable: 2, cooling: 0, needs_login: 0, disabled: 0 });
    expect(scene.log.filter(({ msg }) => /cools down|out of service/.test(String(msg)))).toEqual([]);
  });

  it('has a limit of its own: turns may take longer', async () => {
    await scene.pool(1);
    scene.backend.state.next('slow,first=1400');
    expect((await ask('slow')).response.status).toBe('completed');
  });
});
