import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayScene } from '../support/gateway-scene.js';
import { ResponsesAnswer } from '../support/sse-frames.js';

/** What an outcome does to the account: a cooldown (cause, scope, seconds), a state, the loss of one model, or nothing. */
type Effect =
  | 'none'
  | 'no-model'
  | { readonly cause: string; readonly seconds: readonly [number, number]; readonly model?: string }
  | { readonly state: string; readonly reason: string };

interface Row {
  readonly scenario: string;
  readonly effect: Effect;
  /** What the client is told when nobody else can serve it. */
  readonly status: number;
  readonly code: string | null;
  readonly retryAfter?: readonly [number, number];
}

const quota = (seconds: number, model = '*'): Effect => ({ cause: 'quota', seconds: [seconds - 2, seconds], model });
const limited = (seconds: number): Effect => ({ cause: 'rate_limit', seconds: [seconds - 1, seconds], model: 'gpt-5.4' });
const row = (scenario: string, effect: Effect, status: number, code: string | null, retryAfter?: readonly [number, number]): Row => ({
  scenario,
  effect,
  status,
  code,
  retryAfter,
});

const NOT_INCLUDED: Effect = { cause: 'not_included', seconds: [86_399, 86_400] };
const PAYMENT: Effect = { cause: 'payment', seconds: [599, 600] };
const FORBIDDEN: Effect = { cause: 'forbidden', seconds: [299, 300] };
const DEACTIVATED: Effect = { state: 'needs_login', reason: 'account_deactivated' };

/** Everything that another account is asked after, with what it leaves behind. */
const SWITCHES: readonly Row[] = [
  row('401,code=account_deactivated', DEACTIVATED, 503, 'upstream_auth'),
  row('402', PAYMENT, 402, 'billing_not_active'),
  row('402,code=payment_required', PAYMENT, 402, 'billing_not_active'),
  row('403', FORBIDDEN, 403, 'upstream_forbidden'),
  row('403-html', 'none', 502, 'upstream_blocked'),
  row('503-html', 'none', 502, 'upstream_blocked'),
  row('404-empty', 'none', 502, 'upstream_not_found'),
  row('404-model', 'no-model', 404, 'model_not_found'),
  row('400,code=model_unsupported', 'no-model', 404, 'model_not_found'),
  row('429,resets=120', quota(120), 429, 'rate_limit_exceeded', [117, 120]),
  row('429,resets=120,show=at', quota(120), 429, 'rate_limit_exceeded', [117, 120]),
  row('429,resets=120,show=in', quota(120), 429, 'rate_limit_exceeded', [117, 120]),
  row('429,resets=120,show=none', quota(60), 429, 'rate_limit_exceeded', [57, 60]),
  row('429,resets=120,family=premium', quota(120, 'gpt-5.4'), 429, 'rate_limit_exceeded', [117, 120]),
  row('400,code=quota,resets=120', quota(120), 429, 'rate_limit_exceeded', [117, 120]),
  row('403,code=quota,resets=120', quota(120), 429, 'rate_limit_exceeded', [117, 120]),
  row('429,code=usage_not_included', NOT_INCLUDED, 429, 'insufficient_quota'),
  row('429,code=rate_limit_exceeded,after=7', limited(7), 429, 'rate_limit_exceeded', [5, 7]),
  row('429,code=try_again,after=11.5', limited(12), 429, 'rate_limit_exceeded', [9, 12]),
  row('429,code=capacity', 'none', 503, 'server_is_overloaded'),
  row('408', 'none', 502, null),
  row('500', 'none', 500, 'server_error'),
  row('502', 'none', 502, null),
  row('503', 'none', 503, 'server_is_overloaded'),
  row('504', 'none', 502, null),
  row('520', 'none', 502, null),
  row('reset-before-headers', 'none', 502, 'upstream_unreachable'),
  row('no-events', 'none', 502, 'upstream_stream_truncated'),
  row('text,cut=0', 'none', 502, 'upstream_stream_truncated'),
  row('text,reset=0', 'none', 502, 'upstream_stream_truncated'),
  row('text,fail=0,code=account_deactivated', DEACTIVATED, 503, 'upstream_auth'),
  row('text,fail=0,code=deactivated_workspace', PAYMENT, 402, 'billing_not_active'),
  row('text,fail=0,code=forbidden', FORBIDDEN, 403, 'forbidden'),
  row('text,fail=0,code=model_not_found', 'no-model', 404, 'model_not_found'),
  row('text,fail=0,code=usage_limit_reached,resets=90', quota(90), 429, 'rate_limit_exceeded', [87, 90]),
  row('text,fail=0,code=usage_limit_reached,resets=90,form=error', quota(90), 429, 'rate_limit_exceeded', [87, 90]),
  row('text,fail=0,code=usage_limit_reached,resets=90,form=json', quota(90), 429, 'rate_limit_exceeded', [87, 90]),
  row('text,fail=0,code=insufficient_quota', quota(60), 429, 'rate_limit_exceeded', [57, 60]),
  row('text,fail=0,code=usage_not_included', NOT_INCLUDED, 429, 'insufficient_quota'),
  row('text,fail=0,code=rate_limit_exceeded', limited(2), 429, 'rate_limit_exceeded', [1, 2]),
  row('text,fail=0,code=slow_down', 'none', 503, 'slow_down'),
  row('text,fail=0,form=both', 'none', 503, 'server_is_overloaded'),
  row('text,fail=0,form=error', 'none', 503, 'server_is_overloaded'),
  row('text,fail=0,form=failed', 'none', 503, 'server_is_overloaded'),
  row('text,fail=0,form=flat', 'none', 503, 'server_is_overloaded'),
  row('text,fail=0,form=bare', 'none', 503, 'server_is_overloaded'),
  row('text,fail=0,form=json', 'none', 503, 'server_is_overloaded'),
  row('text,fail=0,code=server_error', 'none', 500, 'server_error'),
  row('text,fail=0,code=internal_error,form=failed', 'none', 500, 'internal_error'),
  row('text,fail=0,code=web_search_unavailable', 'none', 502, 'web_search_unavailable'),
];

/** What nobody else would answer differently: the client's error, after one attempt. */
const REFUSALS: readonly Row[] = [
  row('400', 'none', 400, 'invalid_value'),
  row('400,code=context_length_exceeded', 'none', 400, 'context_length_exceeded'),
  row('400,code=cyber_policy', 'none', 400, 'cyber_policy'),
  row('400,code=bio_policy', 'none', 400, 'bio_policy'),
  row('400,code=invalid_prompt', 'none', 400, 'invalid_prompt'),
  row('400,code=invalid_image', 'none', 400, 'invalid_value'),
  row('400,code=model_version', 'none', 400, null),
  row('400,code=unsupported_parameter,param=metadata', 'none', 400, 'unsupported_parameter'),
  row('400,code=invalid_encrypted_content', 'none', 400, 'invalid_encrypted_content'),
  row('413', 'none', 413, null),
  row('422', 'none', 400, null),
  row('text,fail=0,code=context_length_exceeded', 'none', 400, 'context_length_exceeded'),
  row('text,fail=0,code=invalid_prompt', 'none', 400, 'invalid_prompt'),
  row('text,fail=0,code=cyber_policy,form=failed', 'none', 400, 'cyber_policy'),
  row('text,fail=0,code=bio_policy,form=error', 'none', 400, 'bio_policy'),
];

let scene: GatewayScene;
let prompts = 0;

beforeAll(async () => {
  scene = await GatewayScene.open();
});
afterAll(() => scene.close());

const { next, always } = {
  next: (scenario: string, account?: string): void => scene.backend.state.next(scenario, { account }),
  always: (scenario: string | null, account?: string): void => scene.backend.state.always(scenario, { account }),
};

/** A conversation that nobody has had yet. */
const ask = (extra: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<ResponsesAnswer> =>
  scene.ask({ input: `Question ${++prompts}`, stream: true, ...extra }, headers);

const expectAnswered = (answer: ResponsesAnswer): void => {
  expect([answer.status, answer.response.status]).toEqual([200, 'completed']);
  expect(answer.outputText).toMatch(/^Sandbox answer/);
};

/** The lines that tell of effects on accounts, up to this answer. */
async function effectsUntil(answer: ResponsesAnswer): Promise<Record<string, unknown>[]> {
  await scene.requestLine(answer.headers.get('x-request-id'));
  return scene.log.filter(({ msg }) => msg === 'account cools down' || msg === 'account is out of service');
}

async function expectEffect(answer: ResponsesAnswer, effect: Effect): Promise<void> {
  const effects = await effectsUntil(answer);
  if (typeof effect === 'string') return expect(effects).toEqual([]);
  expect(effects).toHaveLength(1);
  if ('state' in effect) return expect(effects[0]).toMatchObject(effect);
  const { seconds } = effects[0] as { seconds: number };
  expect(effects[0]).toMatchObject({ cause: effect.cause, model: effect.model ?? '*' });
  expect(seconds).toBeGreaterThanOrEqual(effect.seconds[0]);
  expect(seconds).toBeLessThanOrEqual(effect.seconds[1]);
}

function expectRefused(answer: ResponsesAnswer, { status, code, retryAfter }: Row): void {
  expect([answer.status, answer.streamed]).toEqual([status, false]);
  expect(answer.error).toMatchObject({ message: expect.stringMatching(/./), type: expect.any(String) });
  if (code !== null) expect(answer.error.code).toBe(code);
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  const after = answer.headers.get('retry-after');
  if (!retryAfter) return;
  expect(Number(after)).toBeGreaterThanOrEqual(retryAfter[0]);
  expect(Number(after)).toBeLessThanOrEqual(retryAfter[1]);
}

const named = (rows: readonly Row[]): [string, Row][] => rows.map((entry) => [entry.scenario, entry]);
const pauses = ({ effect }: Row): boolean => typeof effect === 'object' && 'cause' in effect && (effect.model ?? '*') === '*';
/** Cooldowns that are no limit: the account is asked when nobody else is left. */
const rests = (entry: Row): boolean => pauses(entry) && !['quota', 'rate_limit'].includes((entry.effect as { cause: string }).cause);

describe('another account is asked', () => {
  let pool: string[] = [];
  let used = true;

  it.each(named(SWITCHES))('after %s, and the client sees nothing of it', async (_name, entry) => {
    // Accounts that nothing has happened to can be used again.
    if (used) pool = await scene.pool(2);
    else scene.forget();
    used = entry.effect !== 'none';
    next(entry.scenario);
    const answer = await ask();
    expectAnswered(answer);
    const [first, second] = scene.attemptedOn;
    expect([first, second].sort()).toEqual([...pool].sort());
    expect(scene.attempts).toHaveLength(2);
    if (used) await expectEffect(answer, entry.effect);
    const lost = typeof entry.effect === 'object' && 'state' in entry.effect;
    expect(await scene.states()).toMatchObject({ cooling: pauses(entry) ? 1 : 0, needs_login: lost ? 1 : 0, disabled: 0 });

    // Whoever rests is passed over; whoever is well takes its turn.
    scene.forget();
    expectAnswered(await ask());
    expect(scene.attemptedOn).toEqual([entry.effect === 'none' ? first : second]);

    if (entry.effect === 'none') return;
    scene.forget();
    always(entry.scenario);
    const refused = await ask();
    expectRefused(refused, entry);
    expect(scene.attemptedOn).toEqual(rests(entry) ? [second, first] : [second]);
  });
});

describe('the only account', () => {
  beforeAll(() => scene.pool(1));

  it.each(named(SWITCHES.filter(({ effect }) => effect === 'none')))('answers %s: its status, after one attempt', async (_name, entry) => {
    for (const stream of [true, false]) {
      scene.forget();
      next(entry.scenario);
      expectRefused(await ask({ stream }), entry);
      expect(scene.attempts).toHaveLength(1);
    }
    expectAnswered(await ask());
  });
});

describe('nobody else is asked', () => {
  beforeAll(() => scene.pool(2));

  it.each(named(REFUSALS))('after %s: one attempt, and the client’s error', async (_name, entry) => {
    for (const stream of [true, false]) {
      scene.forget();
      next(entry.scenario);
      const answer = await ask({ stream });
      expectRefused(answer, entry);
      expect(answer.error.type).toBe('invalid_request_error');
      expect(answer.headers.get('x-should-retry')).toBe('false');
      expect(scene.attempts).toHaveLength(1);
    }
    expect(await scene.states()).toMatchObject({ active: 2, usable: 2 });
  });

  it('keeps upstream’s param', async () => {
    next('400');
    expect((await ask()).error.param).toBe('input[0].content[0]');
  });
});

describe('pools of one, two and three', () => {
  it.each([
    [1, '500', 500, 1],
    [2, '500', 500, 2],
    [3, '500', 500, 3],
    [4, '500', 500, 3],
    [1, '429,resets=100', 429, 1],
    [3, '429,resets=100', 429, 3],
    [1, 'overload', 503, 1],
    [3, '401,code=account_deactivated', 503, 3],
    [1, '402', 402, 1],
  ])('%i accounts that all answer %s: %i after %i attempts', async (size, scenario, status, attempts) => {
    await scene.pool(size);
    always(scenario);
    const answer = await ask();
    expect([answer.status, answer.streamed]).toEqual([status, false]);
    expect(new Set(scene.attemptedOn).size).toBe(attempts);
    expect(scene.attempts).toHaveLength(attempts);
    if (attempts > 1) expect(answer.error.message).toMatch(new RegExp(`\\(${attempts} attempts: \\w+ ×${attempts}\\)$`));
  });

  it('does not wait before an attempt that cannot be made', async () => {
    await scene.pool(1);
    always('overload');
    const answer = await ask();
    const line = await scene.requestLine(answer.headers.get('x-request-id'));
    const attempt = scene.log.find(({ msg }) => msg === 'attempt') as { ms: number };
    expect((line.ms as number) - attempt.ms).toBeLessThan(200);
  });

  it('names the earliest reset when everybody is out of quota, without asking anybody again', async () => {
    const [a, b] = await scene.pool(2);
    next('429,resets=500', a);
    next('429,resets=100', b);
    const first = await ask();
    expect(first.status).toBe(429);
    scene.forget();
    const answer = await ask();
    expectRefused(answer, row('', 'none', 429, 'rate_limit_exceeded', [95, 100]));
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(answer.error.message).toMatch(/all 2 accounts/);
    expect(scene.attempts).toEqual([]);
  });

  it('is no 429 while accounts are left that nobody has asked', async () => {
    await scene.pool(5);
    always('429,resets=100');
    const answer = await ask();
    expectRefused(answer, row('', 'none', 503, 'server_is_overloaded', [1, 1]));
    expect(answer.headers.get('x-should-retry')).toBe('true');
    expect(answer.error.message).toContain('(3 attempts: quota ×3)');
    expect(scene.attempts).toHaveLength(3);
    scene.forget();
    expectRefused(await ask(), row('', 'none', 429, 'rate_limit_exceeded', [95, 100]));
    expect(scene.attempts).toHaveLength(2);
  });

  it.each([
    [['429,resets=100', '400', '500'], 400, 'invalid_value', 2],
    [['500', '429,resets=100', '503'], 503, 'server_is_overloaded', 3],
    [['500', '401,code=account_deactivated', 'reset-before-headers'], 503, 'upstream_auth', 3],
    [['reset-before-headers', 'overload', '502'], 503, 'server_is_overloaded', 3],
    [['empty', '500', 'reset-before-headers'], 500, 'server_error', 3],
  ])('tells of the most telling attempt: %j → %i %s', async (scenarios, status, code, attempts) => {
    await scene.pool(3);
    for (const scenario of scenarios) next(scenario);
    const answer = await ask();
    expect([answer.status, answer.error.code]).toEqual([status, code]);
    expect(scene.attempts).toHaveLength(attempts);
    if (attempts === 3) expect(answer.error.message).toMatch(/\(3 attempts: .+ ×1, .+ ×1, .+ ×1\)$/);
  });

  it('hides the codes of overload from official Codex clients, who would not retry them', async () => {
    await scene.pool(1);
    always('overload');
    const answer = await ask({}, { originator: 'codex_exec' });
    expect([answer.status, answer.error.code]).toEqual([503, 'server_error']);
  });

  it('without any usable account says so', async () => {
    await scene.pool(1);
    next('401,code=account_deactivated');
    await ask();
    scene.forget();
    const answer = await ask();
    expect([answer.status, answer.error.code]).toEqual([503, 'no_account_available']);
    expect(scene.attempts).toEqual([]);
    expect(await scene.gateway.health()).toMatchObject({ status: 'down', states: { usable: 0 } });
    expect((await fetch(`${scene.gateway.url}/health/ready`)).status).toBe(503);
  });
});

describe('401', () => {
  it.each([
    '401',
    '401,code=token_expired',
    '401,code=token_invalidated',
    '401,code=token_revoked',
    '401,code=empty',
    'text,fail=0,code=token_expired',
  ])('%s: one refresh, then the same account', async (scenario) => {
    await scene.pool(2);
    next(scenario);
    const answer = await ask();
    expectAnswered(answer);
    const [first, second] = scene.attemptedOn;
    expect(scene.attempts).toHaveLength(2);
    expect(second).toBe(first);
    expect(scene.refreshes).toHaveLength(1);
    expect(await effectsUntil(answer)).toEqual([]);
  });

  it('of a token that is dead: the new one works, and is in the file', async () => {
    const [key] = await scene.pool(1);
    scene.backend.state.accounts.endAccessTokens(key!);
    expectAnswered(await ask());
    expect(scene.attempts.map(({ status }) => status)).toEqual([401, 200]);
    scene.forget();
    expectAnswered(await ask());
    expect(scene.attempts).toHaveLength(1);
    expect(scene.backend.state.account(key!).counts).toMatchObject({ refreshes: 1, reused: 0 });
  });

  it('of many requests at once: one refresh for all of them', async () => {
    const [key] = await scene.pool(1);
    scene.backend.state.accounts.endAccessTokens(key!);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask()));
    answers.forEach(expectAnswered);
    expect(scene.refreshes).toHaveLength(1);
    expect(await effectsUntil(answers[0]!)).toEqual([]);
  });

  it('again with the new token: a cooldown, another account, and no second refresh', async () => {
    const [a, b] = await scene.pool(2);
    always('401', a);
    always('text', b);
    let answer = await ask();
    if (scene.attemptedOn[0] === b) answer = await ask();
    expectAnswered(answer);
    expect(scene.attemptedOn.slice(-3)).toEqual([a, a, b]);
    expect(scene.refreshes).toHaveLength(1);
    await expectEffect(answer, { cause: 'unauthorized', seconds: [29, 30] });
    scene.forget();
    expectAnswered(await ask());
    expect(scene.attemptedOn).toEqual([b]);
    expect(scene.refreshes).toEqual([]);
  });

  it('of the only account, however often: 503, never more attempts than allowed, one refresh', async () => {
    const [key] = await scene.pool(1);
    always('401');
    const answer = await ask();
    expect([answer.status, answer.error.code, answer.error.type]).toEqual([503, 'upstream_auth', 'server_error']);
    expect(scene.attemptedOn).toEqual([key, key]);
    scene.forget();
    expect((await ask()).status).toBe(503);
    expect(scene.attemptedOn).toEqual([key]);
    expect(scene.refreshes).toEqual([]);
    expect(await scene.states()).toMatchObject({ active: 1, needs_login: 0 });
  });

  it.each(['expired', 'reused', 'invalidated', 'invalid-grant', 'deactivated'])(
    'and the refresh is refused for good (%s): the account needs a login, another one serves',
    async (token) => {
      const [a, b] = await scene.pool(2);
      scene.backend.state.always(token, { endpoint: 'token' });
      next('401');
      const answer = await ask();
      expectAnswered(answer);
      expect(scene.attemptedOn).toHaveLength(2);
      expect(new Set(scene.attemptedOn)).toEqual(new Set([a, b]));
      expect(scene.refreshes).toHaveLength(1);
      expect(await effectsUntil(answer)).toMatchObject([{ msg: 'account is out of service', state: 'needs_login' }]);
      expect(await scene.states()).toMatchObject({ needs_login: 1, usable: 1 });
    },
  );

  it.each(['500', '429', 'reset', '403-html', 'garbage'])(
    'and the refresh cannot finish now (%s): another account serves, nothing happens to this one',
    async (token) => {
      const [a, b] = await scene.pool(2);
      scene.backend.state.always(token, { endpoint: 'token' });
      next('401');
      const answer = await ask();
      expectAnswered(answer);
      expect(new Set(scene.attemptedOn)).toEqual(new Set([a, b]));
      expect(scene.attempts).toHaveLength(2);
      expect(await effectsUntil(answer)).toEqual([]);
      expect(await scene.states()).toMatchObject({ active: 2, usable: 2 });
    },
  );
});

describe('the same account is asked again', () => {
  it('without the parameter that the backend refuses; that is remembered for the model', async () => {
    const [key] = await scene.pool(1);
    next('400,code=unsupported_parameter,param=service_tier');
    const body = { model: 'gpt-5.5', service_tier: 'priority' };
    const answer = await ask(body);
    expectAnswered(answer);
    expect(answer.headers.get('x-gateway-ignored')).toBe('service_tier');
    expect(scene.attemptedOn).toEqual([key, key]);
    expect(scene.attempts.map(({ body: sent }) => (sent as Record<string, unknown>).service_tier)).toEqual(['priority', undefined]);
    scene.forget();
    const later = await ask(body);
    expectAnswered(later);
    expect(later.headers.get('x-gateway-ignored')).toBe('service_tier');
    expect(scene.attempts.map(({ body: sent }) => (sent as Record<string, unknown>).service_tier)).toEqual([undefined]);
    await ask({ service_tier: 'priority' });
    expect(scene.attempts.at(-1)!.body).toMatchObject({ model: 'gpt-5.4', service_tier: 'priority' });
    expect(await effectsUntil(answer)).toEqual([]);
  });

  it('without reasoning that another account encrypted', async () => {
    const [a, b] = await scene.pool(2);
    const first = await ask({
      input: [
        { role: 'user', content: 'Think' },
        { role: 'user', content: 'Go #scenario=reasoning#' },
      ],
    });
    const maker = scene.attemptedOn[0];
    always('503', maker!);
    scene.forget();
    const input = [{ role: 'user', content: 'Think' }, ...first.response.output, { role: 'user', content: 'And now?' }];
    const answer = await ask({ input });
    expectAnswered(answer);
    const other = maker === a ? b : a;
    expect(scene.attemptedOn).toEqual([maker, other, other]);
    const kinds = scene.attempts.map(({ body }) => (body as { input: { type: string }[] }).input.map(({ type }) => type));
    expect(kinds[1]).toEqual(['message', 'reasoning', 'message', 'message']);
    expect(kinds[2]).toEqual(['message', 'message', 'message']);
    expect(scene.attempts.map(({ status }) => status)).toEqual([503, 400, 200]);
  });
});

describe('an empty turn', () => {
  it('is asked for again, and never held against the account', async () => {
    for (const stream of [true, false]) {
      await scene.pool(2);
      next('empty');
      const answer = await ask({ stream });
      expectAnswered(answer);
      expect(scene.attempts).toHaveLength(2);
      expect(await effectsUntil(answer)).toEqual([]);
    }
  });

  it('that comes every time is delivered as it is', async () => {
    await scene.pool(3);
    always('empty');
    for (const stream of [true, false]) {
      scene.forget();
      const answer = await ask({ stream });
      expect([answer.status, answer.response.status, answer.response.output]).toEqual([200, 'completed', []]);
      expect(scene.attempts).toHaveLength(3);
    }
    expect(await scene.states()).toMatchObject({ usable: 3 });
  });

  it('of the only account is delivered as it is', async () => {
    await scene.pool(1);
    always('empty');
    const answer = await ask();
    expect([answer.status, answer.response?.status, answer.response?.output]).toEqual([200, 'completed', []]);
  });
});

describe('JSON answers', () => {
  it.each(['text,cut=3', 'text,reset=3', 'text,fail=3', 'text,fail=3,code=usage_limit_reached'])(
    'may fail in the middle (%s): nothing was sent, so another account answers',
    async (scenario) => {
      const pool = await scene.pool(2);
      next(scenario);
      expectAnswered(await ask({ stream: false }));
      expect([...scene.attemptedOn].sort()).toEqual([...pool].sort());
    },
  );
});

describe('a compaction', () => {
  const compact = (): Promise<ResponsesAnswer> => {
    const json = { model: 'gpt-5.4', input: [{ role: 'user', content: `Question ${++prompts}` }] };
    return ResponsesAnswer.of(scene.gateway.request('/v1/responses/compact', { json }));
  };
  const calls = (): (string | null)[] => scene.requests.filter(({ path }) => path.endsWith('/compact')).map(({ account }) => account);

  it.each(['500', '503', '402', '403', '404-empty', '429,resets=60', 'reset-before-headers', '401,code=account_deactivated'])(
    'that meets %s is made by another account',
    async (scenario) => {
      const pool = await scene.pool(2);
      scene.backend.state.next(scenario, { endpoint: 'compact' });
      const answer = await compact();
      expect([answer.status, answer.json.object]).toEqual([200, 'response.compaction']);
      expect(calls().sort()).toEqual([...pool].sort());
    },
  );

  it('that meets 401 is made by the same account after one refresh', async () => {
    const [key] = await scene.pool(1);
    scene.backend.state.accounts.endAccessTokens(key!);
    expect((await compact()).status).toBe(200);
    expect(calls()).toEqual([key, key]);
    expect(scene.refreshes).toHaveLength(1);
  });

  it.each([
    ['400', 400, 'invalid_value', 1],
    ['500', 500, 'server_error', 2],
    ['429,resets=60', 429, 'rate_limit_exceeded', 2],
  ])('that everybody answers with %s: %i %s', async (scenario, status, code, attempts) => {
    await scene.pool(2);
    scene.backend.state.always(scenario, { endpoint: 'compact' });
    const answer = await compact();
    expect([answer.status, answer.error.code]).toEqual([status, code]);
    expect(calls()).toHaveLength(attempts);
  });
});
