import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordedRequest } from '../../src/sandbox/recorded-request.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { Json, ResponsesAnswer } from '../support/sse-frames.js';

let scene: GatewayScene;

beforeAll(async () => {
  scene = await GatewayScene.open({ config: { 'account-max-concurrency': 2 } });
});
afterAll(() => scene.close());

let prompts = 0;
const fresh = (): string => `Question ${++prompts}`;
const ask = (extra: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<ResponsesAnswer> =>
  scene.ask({ input: fresh(), ...extra }, headers);
/** The account that answered the last request. */
const last = (): string => scene.attemptedOn.at(-1)!;

async function answered(answer: Promise<ResponsesAnswer>): Promise<string> {
  expect((await answer).status).toBe(200);
  return last();
}

const user = (content: string): Json => ({ role: 'user', content });

describe('fresh conversations', () => {
  it('go round the accounts', async () => {
    const pool = await scene.pool(3);
    for (let i = 0; i < 9; i++) await answered(ask());
    const order = scene.attemptedOn;
    expect(new Set(order.slice(0, 3))).toEqual(new Set(pool));
    expect(order.slice(3, 6)).toEqual(order.slice(0, 3));
    expect(order.slice(6)).toEqual(order.slice(0, 3));
  });

  it('leave out an account that has clearly less quota left than the best', async () => {
    const [a, b, c] = await scene.pool(3);
    scene.backend.state.account(a!).quota.primary!.usedPercent = 40;
    scene.backend.state.account(b!).quota.primary!.usedPercent = 5;
    for (let i = 0; i < 3; i++) await answered(ask());
    scene.forget();
    for (let i = 0; i < 4; i++) await answered(ask());
    expect(scene.attemptedOn.filter((account) => account === a)).toEqual([]);
    expect(new Set(scene.attemptedOn)).toEqual(new Set([b, c]));
  });
});

describe('a conversation', () => {
  it.each<[string, () => [Record<string, unknown>, Record<string, string>]]>([
    ['session_id', () => [{}, { session_id: 'session-a' }]],
    ['session-id', () => [{}, { 'session-id': 'session-b' }]],
    ['prompt_cache_key', () => [{ prompt_cache_key: 'cache-a' }, {}]],
  ])('named by %s stays on its account', async (_name, names) => {
    await scene.pool(3);
    const [body, headers] = names();
    const owner = await answered(ask(body, headers));
    for (let i = 0; i < 4; i++) {
      await answered(ask());
      expect(await answered(ask(body, headers))).toBe(owner);
    }
  });

  it('that nobody has named is known by how it began', async () => {
    await scene.pool(3);
    const first = fresh();
    const owner = await answered(ask({ input: first }));
    for (let i = 0; i < 3; i++) {
      await answered(ask());
      const input = [user(first), { role: 'assistant', content: 'Well.' }, user(fresh())];
      expect(await answered(ask({ input }))).toBe(owner);
    }
  });

  it('follows its session before its cache key', async () => {
    await scene.pool(3);
    const bySession = await answered(ask({}, { session_id: 'strong' }));
    const byCache = await answered(ask({ prompt_cache_key: 'weak' }));
    expect(byCache).not.toBe(bySession);
    expect(await answered(ask({ prompt_cache_key: 'weak' }, { session_id: 'strong' }))).toBe(bySession);
  });

  it('moves when its account cools down, and stays where it went', async () => {
    await scene.pool(3);
    const headers = { session_id: 'moving' };
    const owner = await answered(ask({}, headers));
    scene.backend.state.next('429,resets=300', { account: owner });
    const next = await answered(ask({}, headers));
    expect(next).not.toBe(owner);
    expect(scene.attemptedOn.slice(-2)).toEqual([owner, next]);
    for (let i = 0; i < 3; i++) {
      await answered(ask());
      expect(await answered(ask({}, headers))).toBe(next);
    }
  });

  it('moves for quota only where a turn of the user begins', async () => {
    await scene.pool(2);
    const headers = { session_id: 'hungry' };
    const owner = await answered(ask({ input: [user('Go')] }, headers));
    await answered(ask());
    scene.backend.state.account(owner).quota.primary!.usedPercent = 60;
    await answered(ask({ input: [user('Go')] }, headers));
    const call = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' };
    const tools = [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} } }];
    const inTurn = [user('Go'), call, { type: 'function_call_output', call_id: 'call_1', output: 'done' }];
    expect(await answered(ask({ input: inTurn, tools }, headers))).toBe(owner);
    expect(await answered(ask({ input: [...inTurn, { role: 'assistant', content: 'Done.' }, user('More')], tools }, headers))).not.toBe(
      owner,
    );
  });

  it('moves when its account has no place left', async () => {
    const pool = await scene.pool(2);
    const headers = { session_id: 'crowded' };
    const owner = await answered(ask({}, headers));
    scene.backend.state.next('silence', { account: owner, times: 2 });
    const controller = new AbortController();
    const held = [1, 2].map(() => scene.gateway.responses({ input: fresh() }, { headers, signal: controller.signal }).catch(() => null));
    await scene.waitForRequest(
      () => scene.attempts.filter(({ scenario, status }) => scenario === 'silence' && status === 200).length === 2,
    );
    const other = pool.find((key) => key !== owner);
    expect(await answered(ask({}, headers))).toBe(other);

    scene.backend.state.next('silence', { account: other, times: 2 });
    held.push(...[1, 2].map(() => scene.gateway.responses({ input: fresh() }, { headers, signal: controller.signal }).catch(() => null)));
    await scene.waitForRequest(
      () => scene.attempts.filter(({ scenario, status }) => scenario === 'silence' && status === 200).length === 4,
    );
    const full = await ask();
    expect([full.status, full.error.code, full.headers.get('retry-after')]).toEqual([503, 'no_account_available', '1']);
    controller.abort();
    await Promise.all(held);
    await scene.waitForRequest(() => scene.attempts.filter(({ aborted }) => aborted).length === 4);
    await answered(ask());
  });
});

describe('a compacted conversation', () => {
  /** Compacts on some account; returns that account and the items that stand for the conversation. */
  async function compacted(): Promise<{ owner: string; output: Json[] }> {
    const body = { model: 'gpt-5.4', input: [user('Remember this.'), { role: 'assistant', content: 'I do.' }] };
    const answer = await ResponsesAnswer.of(scene.gateway.request('/v1/responses/compact', { json: body }));
    expect(answer.status).toBe(200);
    const [call] = scene.requests.filter(({ path }) => path.endsWith('/compact')).slice(-1) as [RecordedRequest];
    return { owner: call.account!, output: answer.json.output };
  }

  it('goes to the account that made the item, whatever else speaks for another', async () => {
    await scene.pool(3);
    const { owner, output } = await compacted();
    let elsewhere = owner;
    while (elsewhere === owner) elsewhere = await answered(ask({}, { session_id: `other-${prompts}` }));
    scene.forget();
    for (let i = 0; i < 4; i++) {
      expect(await answered(ask({ input: [...output, user(fresh())] }, { session_id: `other-${prompts}` }))).toBe(owner);
    }
    expect(scene.attempts).toHaveLength(4);
    expect(scene.attempts[0]!.body).toMatchObject({ input: expect.arrayContaining([expect.objectContaining({ type: 'compaction' })]) });
  });

  it('made inside a stream is bound as well', async () => {
    await scene.pool(3);
    const answer = await scene.ask({ input: [user('Compact this'), { type: 'compaction_trigger' }], stream: true });
    const owner = last();
    expect(answer.response.output).toMatchObject([{ type: 'compaction' }]);
    for (let i = 0; i < 4; i++) expect(await answered(ask({ input: [...answer.response.output, user(fresh())] }))).toBe(owner);
  });

  it('waits for its account: 429 with its reset, and nobody else is asked', async () => {
    await scene.pool(3);
    const { owner, output } = await compacted();
    scene.backend.state.next('429,resets=200', { account: owner });
    scene.forget();
    for (let i = 0; i < 2; i++) {
      const answer = await ask({ input: [...output, user(fresh())] });
      expect([answer.status, answer.error.code]).toEqual([429, 'rate_limit_exceeded']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(190);
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(200);
    }
    expect(scene.attemptedOn).toEqual([owner]);
    await answered(ask());
  });

  it('whose maker is not known is tried on one account after the other', async () => {
    const pool = await scene.pool(3);
    const maker = pool[2]!;
    const { accountId } = scene.backend.state.current(maker);
    const encrypted_content = scene.backend.state.mint.seal(accountId, 'made elsewhere', 1_795_000_000);
    const input = [user('Before'), { type: 'compaction', encrypted_content }, user(fresh())];
    expect(await answered(ask({ input }))).toBe(maker);
    expect(scene.attempts.length).toBeLessThanOrEqual(3);
    expect(scene.attempts.every(({ body }) => JSON.stringify(body).includes(encrypted_content))).toBe(true);
    expect(await scene.states()).toMatchObject({ usable: 3, cooling: 0 });
    scene.forget();
    expect(await answered(ask({ input }))).toBe(maker);
    expect(scene.attempts).toHaveLength(1);
  });

  it('that no account can read is refused, and says why', async () => {
    await scene.pool(2);
    const encrypted_content = scene.backend.state.mint.seal('nobody', 'made elsewhere', 1_795_000_000);
    const answer = await ask({ input: [{ type: 'compaction', encrypted_content }, user(fresh())] });
    expect([answer.status, answer.error.code, answer.error.param]).toEqual([400, 'invalid_encrypted_content', 'input']);
    expect(scene.attempts).toHaveLength(2);
  });
});

describe('the turn state', () => {
  const codex = (extra: Record<string, string> = {}): Record<string, string> => ({
    originator: 'codex_exec',
    session_id: 'stateful',
    ...extra,
  });
  const foreign = (): number => scene.backend.state.accounts.all.reduce((sum, { counts }) => sum + counts.foreignTurnStates, 0);

  it('goes back to the account that issued it, and to no other', async () => {
    const before = foreign();
    await scene.pool(2);
    const first = await ask({}, codex());
    const owner = last();
    const state = first.headers.get('x-codex-turn-state')!;
    expect(state).toMatch(/^ts_/);
    await answered(ask({}, codex({ 'x-codex-turn-state': state })));
    expect(scene.attempts.at(-1)).toMatchObject({ account: owner, headers: { 'x-codex-turn-state': state } });

    scene.backend.state.next('429,resets=300', { account: owner });
    await answered(ask({}, codex({ 'x-codex-turn-state': state })));
    expect(scene.attempts.slice(-2).map(({ headers }) => headers['x-codex-turn-state'])).toEqual([state, undefined]);
    expect(last()).not.toBe(owner);
    expect(foreign()).toBe(before);
  });

  it('that nobody here has issued is not sent', async () => {
    await scene.pool(1);
    await answered(ask({}, codex({ 'x-codex-turn-state': 'ts_invented' })));
    expect(scene.attempts[0]!.headers['x-codex-turn-state']).toBeUndefined();
  });
});
