import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from './codex-backend.server.js';
import { JsonObject } from './json.js';
import { scenarioNames } from './scenario-registry.js';
import { ask, eventTypes, eventsOf } from '../../test/support/sandbox-client.js';
import { StillClock } from '../../test/support/still-clock.js';

const clock = new StillClock();
let backend: CodexBackend;

beforeAll(async () => {
  backend = await startCodexBackend({ clock, accounts: 2 });
});
afterEach(() => backend.state.calm());
afterAll(() => backend.close());

const play = (scenario: string, extra: JsonObject = {}): Promise<Response> => ask(backend, `please #scenario=${scenario}#`, extra);
const text = async (scenario: string, extra: JsonObject = {}): Promise<string> => (await play(scenario, extra)).text();
const types = async (scenario: string, extra: JsonObject = {}): Promise<unknown[]> => eventTypes(await text(scenario, extra));
const items = async (scenario: string, extra: JsonObject = {}): Promise<JsonObject[]> =>
  eventsOf(await text(scenario, extra))
    .filter((event) => event.type === 'response.output_item.done')
    .map((event) => event.item as JsonObject);
const answer = async (scenario: string): Promise<[number, unknown]> => {
  const response = await play(scenario);
  const body = await response.text();
  return [response.status, body.startsWith('{') ? JSON.parse(body) : body];
};

const NOW = clock.nowMs / 1000;
const SHELL = {
  type: 'function',
  name: 'exec_command',
  parameters: { type: 'object', properties: { cmd: { type: 'string' }, tty: { type: 'boolean' } }, required: ['cmd'] },
};
const user = (prompt: string): JsonObject => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] });

describe('answers that are refusals', () => {
  const cases: [string, number, unknown][] = [
    ['401', 401, { detail: 'Unauthorized' }],
    ['401,code=token_expired', 401, { error: { code: 'token_expired' } }],
    ['401,code=token_revoked', 401, { error: { message: 'Encountered invalidated oauth token for user, failing request' }, status: 401 }],
    ['401,code=account_deactivated', 401, { error: { code: 'account_deactivated' } }],
    ['401,code=empty', 401, ''],
    ['402', 402, { detail: { code: 'deactivated_workspace' } }],
    ['403', 403, { detail: 'Forbidden' }],
    ['403-html', 403, expect.stringContaining('Just a moment')],
    ['404-empty', 404, ''],
    ['404-model', 404, { error: { message: 'Model not found gpt-5.5', param: 'model', code: null } }],
    ['400,code=model_unsupported', 400, { detail: "The 'gpt-5.5' model is not supported when using Codex with a ChatGPT account." }],
    ['400,code=unsupported_parameter,param=top_p', 400, { detail: 'Unsupported parameter: top_p' }],
    ['429,resets=60', 429, { error: { type: 'usage_limit_reached', resets_at: NOW + 60, resets_in_seconds: 60 } }],
    ['429,code=usage_not_included', 429, { error: { type: 'usage_not_included' } }],
    ['429,code=try_again', 429, { error: { message: expect.stringContaining('Please try again in 1.5s.') } }],
    ['429,code=capacity', 429, { error: { message: expect.stringContaining('Selected model is at capacity') } }],
    ['500', 500, { error: { code: 'server_error' } }],
    ['503', 503, { error: { code: 'server_is_overloaded' } }],
    ['503,body=plain', 503, expect.stringContaining('upstream connect error')],
    ['520', 520, expect.stringContaining('cloudflare')],
    ['json-200', 200, { detail: 'Something went wrong' }],
  ];

  it.each(cases)('%s', async (scenario, status, body) => {
    expect(await answer(scenario)).toEqual([status, typeof body === 'object' && 'asymmetricMatch' in body! ? body : matching(body)]);
  });

  it('names the limit family and the reset of a 429 in its headers', async () => {
    const { headers } = await play('429,family=codex_bengalfox,resets=60');
    expect(headers.get('x-codex-active-limit')).toBe('codex_bengalfox');
    expect(headers.get('x-codex-bengalfox-primary-reset-at')).toBe(String(NOW + 60));
    expect((await play('429,code=rate_limit_exceeded,after=3')).headers.get('retry-after')).toBe('3');
    expect(await answer('429,show=in')).toEqual([429, { error: expect.not.objectContaining({ resets_at: expect.anything() }) }]);
  });
});

const matching = (body: unknown): unknown => {
  if (typeof body !== 'object' || body === null) return body;
  return expect.objectContaining(Object.fromEntries(Object.entries(body).map(([key, value]) => [key, matchingMember(value)])));
};
const matchingMember = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !('asymmetricMatch' in value) ? expect.objectContaining(value) : value;

describe('failures inside a stream', () => {
  it('overloads as captured: error, then response.failed', async () => {
    const events = eventsOf(await text('overload'));
    expect(events.map((event) => event.type)).toEqual(['response.created', 'response.in_progress', 'error', 'response.failed']);
    expect(events[2]).toEqual({
      type: 'error',
      error: {
        type: 'service_unavailable_error',
        code: 'server_is_overloaded',
        message: 'Our servers are currently overloaded. Please try again later.',
        param: null,
      },
      sequence_number: 2,
    });
    expect(events[3]).toMatchObject({ response: { status: 'failed', error: { code: 'server_is_overloaded' } }, sequence_number: 3 });
  });

  it.each([
    ['overload,form=error', ['error']],
    ['overload,form=failed', ['response.failed']],
    ['overload,form=flat', ['error']],
    ['overload,form=bare', [undefined]],
  ])('%s', async (scenario, tail) => {
    expect((await types(scenario)).slice(2)).toEqual(tail);
  });

  it('reaches the usage limit, and fails after output', async () => {
    const events = eventsOf(await text('usage-limit-in-stream,form=failed'));
    expect(events.at(-1)).toMatchObject({ response: { error: { code: 'usage_limit_reached', resets_at: NOW + 3_600 } } });
    expect((await types('long,n=9,fail=4,form=failed')).slice(2)).toEqual([
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.failed',
    ]);
  });

  it('puts pretty-printed JSON into the stream', async () => {
    expect(await text('json-in-stream')).toMatch(/\n\n\{\n {2}"error": \{\n/);
  });

  it('cuts cleanly, or breaks the connection', async () => {
    expect((await types('cut')).slice(-1)).toEqual(['response.output_text.delta']);
    expect(await text('no-events')).toBe('');
    await expect(text('reset')).rejects.toThrow();
    await expect(play('reset-before-headers')).rejects.toThrow();
  });
});

describe('content', () => {
  it('reasons, with summaries only when they are asked for', async () => {
    const [reasoning, message] = await items('reasoning', { reasoning: { summary: 'auto' } });
    expect(reasoning).toMatchObject({ type: 'reasoning', summary: [{ type: 'summary_text' }, { type: 'summary_text' }] });
    expect(reasoning!.encrypted_content).toMatch(/^gAAAA/);
    expect(message).toMatchObject({ type: 'message' });
    expect((await items('reasoning', { include: [] }))[0]).toEqual({ id: expect.any(String), type: 'reasoning', summary: [] });
  });

  it('calls one tool with arguments that fit its schema', async () => {
    expect(await items('tool', { tools: [SHELL] })).toMatchObject([
      { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"echo sandbox"}', status: 'completed' },
    ]);
  });

  it('interleaves the deltas of parallel calls', async () => {
    const indexes = eventsOf(await text('tools,n=2', { tools: [SHELL] }))
      .filter((event) => event.type === 'response.function_call_arguments.delta')
      .map((event) => event.output_index);
    expect(indexes.slice(0, 4)).toEqual([0, 1, 0, 1]);
  });

  it('can put arguments into the done events only, and events twice', async () => {
    const once = await types('args-in-done', { tools: [SHELL] });
    expect(once).toContain('response.function_call_arguments.done');
    expect(once).not.toContain('response.function_call_arguments.delta');
    const twice = await types('tool,duplicate=yes', { tools: [SHELL] });
    expect(twice.filter((type) => type === 'response.output_item.done')).toHaveLength(2);
    expect(twice.filter((type) => type === 'response.completed')).toHaveLength(1);
  });

  it('calls custom tools, searches, draws and refuses', async () => {
    expect(await items('custom-tool', { tools: [{ type: 'custom', name: 'apply_patch' }] })).toMatchObject([
      { type: 'custom_tool_call', name: 'apply_patch', input: expect.stringContaining('*** Begin Patch') },
    ]);
    expect(await items('web-search')).toMatchObject([
      { type: 'web_search_call', action: { type: 'search', query: 'please' } },
      { content: [{ annotations: [{ type: 'url_citation' }] }] },
    ]);
    expect(await items('image')).toMatchObject([{ type: 'image_generation_call', result: expect.stringMatching(/^iVBOR/) }]);
    expect(await items('refusal')).toMatchObject([{ content: [{ type: 'refusal' }] }]);
  });

  it('completes empty, or incomplete, or with its output filled in', async () => {
    expect(eventsOf(await text('empty')).at(-1)).toMatchObject({ response: { output: [], usage: { output_tokens: 0 } } });
    expect(await types('empty')).toEqual(['response.created', 'response.in_progress', 'response.completed']);
    expect(eventsOf(await text('incomplete,reason=content_filter')).at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
    });
    expect(eventsOf(await text('filled')).at(-1)).toMatchObject({ response: { output: [{ type: 'message' }] } });
    expect(eventsOf(await text('text,output=missing')).at(-1)!.response).not.toHaveProperty('output');
  });

  it('keeps to a JSON schema and to a forced tool', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
    const [message] = await items('text', { text: { format: { type: 'json_schema', name: 'a', strict: true, schema } } });
    expect(message).toMatchObject({ content: [{ text: '{"city":"sandbox"}' }] });
    expect(await items('text', { tools: [SHELL], tool_choice: 'required' })).toMatchObject([{ type: 'function_call' }]);
  });

  it('adds unknown items and the backend’s own events', async () => {
    expect(await types('unknown')).toContain('response.weather.changed');
    expect((await types('text,rate-limits=yes')).slice(2, 4)).toEqual(['codex.rate_limits', 'codex.response.metadata']);
  });
});

describe('framing', () => {
  it('comes in every form the format allows', async () => {
    expect(await text('crlf')).toMatch(/^event: response\.created\r\ndata: .*\r\n\r\n/);
    expect(await text('data-only')).toMatch(/^data: \{"type":"response\.created"/);
    expect(await text('text,framing=no-space')).toMatch(/^event:response\.created\ndata:\{/);
    expect(await text('text,framing=multi-line')).toMatch(/^event: response\.created\ndata: \{\ndata: {2}"type"/);
    expect(await text('malformed')).toContain('"delta":"bro\n\n');
    expect(await text('text,comments=yes')).toContain(': keep-alive\n\n');
  });

  it('gives the same bytes however they are cut', async () => {
    const strip = (body: string): string => body.replace(/_[0-9a-f]{50}/g, '');
    expect(strip(await text('long,n=30,chunk=7'))).toBe(strip(await text('long,n=30,chunk=0')));
  });

  it('waits where it is told to', async () => {
    clock.slept.length = 0;
    await text('long,n=2,head=1,first=2,delay=3,last=4');
    expect(clock.slept).toEqual([1, 2, 3, 3, 4]);
  });
});

describe('choice', () => {
  it('prefers one-shots to standing scenarios to markers, per account', async () => {
    backend.state.always('500', { account: 1 });
    backend.state.next('401', { account: 1 });
    const status = async (ref: number): Promise<number> => (await ask(backend, 'hi #scenario=403#', {}, ref)).status;
    expect([await status(1), await status(1), await status(2)]).toEqual([401, 500, 403]);
  });

  it('counts how often a marker holds, so that a repeated prompt can succeed', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await play('503,times=2')).status);
    expect(statuses).toEqual([503, 503, 200, 503]);
  });

  it('takes free text for what it is', async () => {
    for (const prompt of ['TOOLTURN: run echo', '#scenario=', 'a #hash# and scenario=429']) {
      expect((await ask(backend, prompt, { tools: [SHELL] })).status).toBe(200);
    }
    expect(await answer('nonsense')).toEqual([400, { detail: 'sandbox: scenario "nonsense" does not exist' }]);
    expect(await answer('text,spede=1')).toEqual([400, { detail: 'sandbox: scenario parameter "spede" does not exist' }]);
    expect(() => backend.state.next('nonsense')).toThrow('does not exist');
  });

  it('has every scenario it names', async () => {
    const waiting = new Set(['silence', 'silence-before-headers', 'stall', 'reset', 'reset-before-headers']);
    for (const name of scenarioNames().filter((entry) => !waiting.has(entry))) {
      expect([name, (await play(name)).status]).toEqual([name, Number(/^\d{3}/.exec(name)?.[0] ?? 200)]);
    }
  });
});

describe('a tool turn', () => {
  it('calls the agent’s shell, then quotes what it said', async () => {
    const prompt = user('go #scenario=tool-turn#');
    const [call] = await items('tool-turn', { input: [prompt], tools: [{ ...SHELL, name: 'read' }, SHELL] });
    expect(call).toMatchObject({ type: 'function_call', name: 'exec_command' });
    const output = { type: 'function_call_output', call_id: call!.call_id, output: 'sandbox\n' };
    const [message] = await items('', { input: [prompt, call, output], tools: [SHELL] });
    expect(message).toMatchObject({ content: [{ text: 'The tool answered: sandbox\n' }] });
    const reminded = [prompt, call, output, user('<reminder>')];
    expect(await items('', { input: reminded, tools: [SHELL] })).toMatchObject([{ type: 'message' }]);
  });

  it('starts anew with a new prompt, and without a marker when the option says so', async () => {
    backend.state.toolTurn = /^TOOLTURN/;
    const history = [
      user('TOOLTURN one'),
      { type: 'function_call', call_id: 'c', name: 'exec_command', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'x' },
      { role: 'assistant', content: 'done' },
      user('TOOLTURN two'),
    ];
    expect(await items('', { input: history, tools: [SHELL] })).toMatchObject([{ type: 'function_call' }]);
    expect(await items('', { input: [user('TOOLTURN')] })).toMatchObject([{ type: 'message' }]);
    backend.state.toolTurn = null;
  });
});
