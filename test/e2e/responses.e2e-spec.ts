import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayScene } from '../support/gateway-scene.js';
import { KEY } from '../support/gateway-process.js';
import { RawClient, request } from '../support/raw-http.js';
import { ResponsesAnswer } from '../support/sse-frames.js';

let scene: GatewayScene;

beforeAll(async () => {
  scene = await GatewayScene.open({ accounts: 2, config: { 'max-body-size-mb': 1 } });
});
afterAll(() => scene.close());

/** What the backend was sent since `forget`. */
const sent = (): Record<string, unknown> => scene.attempts.at(-1)!.body as Record<string, unknown>;

const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<ResponsesAnswer> =>
  ResponsesAnswer.of(scene.gateway.request(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }));

describe('a turn', () => {
  it('is streamed: created first, whole snapshots, filled output, no [DONE]', async () => {
    scene.forget();
    const answer = await scene.ask({ input: 'Hello', stream: true });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(answer.frames.every(({ event, data }) => event === data.type)).toBe(true);
    expect(answer.events.map(({ sequence_number: n }) => n)).toEqual(answer.events.map((_, i) => i));
    expect(answer.types.slice(0, 2)).toEqual(['response.created', 'response.in_progress']);
    expect(answer.types.at(-1)).toBe('response.completed');
    expect(answer.text).not.toContain('[DONE]');
    expect(answer.text).not.toContain('codex.');
    expect(answer.response).toMatchObject({ status: 'completed', model: 'gpt-5.4', store: false, error: null });
    expect(answer.response.usage.output_tokens).toBeGreaterThan(0);
    expect(answer.outputText).toMatch(/^Sandbox answer .*you wrote "Hello"/);
    const deltas = answer.events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta as string);
    expect(deltas.join('')).toBe(answer.outputText);
    expect(scene.attemptedOn).toHaveLength(1);
    expect(sent()).toMatchObject({ store: false, stream: true, instructions: '', include: ['reasoning.encrypted_content'] });
  });

  it('is answered with JSON unless a stream was asked for, with the same content', async () => {
    scene.forget();
    const streamed = await scene.ask({ input: 'The same question', stream: true });
    const answer = await scene.ask({ input: 'The same question' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.json).toMatchObject({ object: 'response', status: 'completed', model: 'gpt-5.4', error: null });
    expect(answer.outputText).toBe(streamed.outputText);
    expect(answer.json.usage).toEqual(streamed.response.usage);
    expect(sent()).toMatchObject({ stream: true });
    expect(scene.attempts).toHaveLength(2);
  });

  it.each([
    ['reasoning', ['reasoning', 'message']],
    ['tools', ['function_call', 'function_call']],
    ['custom-tool', ['custom_tool_call']],
    ['web-search', ['web_search_call', 'message']],
    ['image', ['image_generation_call']],
    ['long,n=400', ['message']],
    ['text,deltas=drop', ['message']],
    ['text,terminal=done', ['message']],
    ['text,duplicate=yes', ['message']],
    ['text,rate-limits=yes', ['message']],
    ['text,chunk=7', ['message']],
    ['text,framing=multi-line', ['message']],
  ])('%s: stream and JSON carry the same items', async (scenario, items) => {
    const body = { input: `Say it. #scenario=${scenario}#`, reasoning: { summary: 'auto' } };
    const streamed = await scene.ask({ ...body, stream: true });
    const answer = await scene.ask(body);
    expect([streamed.status, answer.status]).toEqual([200, 200]);
    const typesOf = ({ response }: ResponsesAnswer): string[] => response.output.map(({ type }: { type: string }) => type);
    expect(typesOf(streamed)).toEqual(expect.arrayContaining(items));
    expect(typesOf(answer)).toEqual(typesOf(streamed));
    expect(answer.outputText).toBe(streamed.outputText);
    expect(answer.text).not.toContain('"codex.');
    expect(streamed.text).not.toContain('"codex.');
  });

  it('that upstream leaves incomplete is a success with its reason', async () => {
    const answer = await scene.ask({ input: 'Go on #scenario=incomplete#' });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    const streamed = await scene.ask({ input: 'Go on #scenario=incomplete#', stream: true });
    expect(streamed.types.at(-1)).toBe('response.incomplete');
  });

  it('of an official Codex client gets internal events and the quota headers, and its own identity goes upstream', async () => {
    scene.forget();
    const identity = { originator: 'codex_exec', 'user-agent': 'codex_exec/0.156.0', version: '0.156.0', session_id: 'conversation-7' };
    const answer = await scene.ask({ input: 'Hi #scenario=text,rate-limits=yes#', stream: true }, identity);
    expect(answer.types).toContain('codex.rate_limits');
    expect(answer.headers.get('x-codex-primary-used-percent')).toMatch(/^\d/);
    expect(scene.attempts[0]!.headers).toMatchObject({
      originator: 'codex_exec',
      'user-agent': 'codex_exec/0.156.0',
      'session-id': 'conversation-7',
    });
    const stranger = await scene.ask({ input: 'Hi #scenario=text,rate-limits=yes#', stream: true });
    expect(stranger.headers.get('x-codex-primary-used-percent')).toBeNull();
    expect(scene.attempts[1]!.headers.originator).toBe('codex_cli_rs');
  });

  it('names its conversation to the backend even where the client names none, by its cache key, the same from turn to turn', async () => {
    scene.forget();
    const first = { role: 'user', content: 'Who are you?' };
    await scene.ask({ input: [first] });
    await scene.ask({ input: [first, { role: 'assistant', content: 'Me.' }, { role: 'user', content: 'And I?' }] });
    await scene.ask({ input: 'Something else' });
    const sessions = scene.attempts.map(({ headers, body }) => [
      headers['session-id'],
      (body as { prompt_cache_key: string }).prompt_cache_key,
    ]);
    expect(sessions[0]![0]).toMatch(/^[\x21-\x7e]{1,64}$/);
    expect(sessions.map(([session]) => session)).toEqual(sessions.map(([, key]) => key));
    expect(sessions[1]).toEqual(sessions[0]);
    expect(sessions[2]).not.toEqual(sessions[0]);
  });
});

describe('paths', () => {
  it.each(['/v1/responses', '/responses', '/v1/v1/responses', '/backend-api/codex/responses', '/v1/responses/', '/v1/responses?beta=1'])(
    'POST %s is a turn',
    async (path) => {
      const answer = await post(path, JSON.stringify({ model: 'gpt-5.4', input: 'Hello' }));
      expect([answer.status, answer.json.object]).toEqual([200, 'response']);
    },
  );

  it.each(['/v1/models', '/models', '/backend-api/codex/models'])('GET %s lists the models', async (path) => {
    const { status, json } = await ResponsesAnswer.of(scene.gateway.request(path));
    expect([status, json.object]).toEqual([200, 'list']);
    const ids = json.data.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(142);
    expect(ids).toEqual(expect.arrayContaining(['gpt-5.4', 'gpt-5.4-high', 'gpt-5.4-high-fast', 'gpt-5.5']));
  });

  it('GET /v1/models/{id} finds one and misses another', async () => {
    const found = await ResponsesAnswer.of(scene.gateway.request('/v1/models/gpt-5.4-high-fast'));
    expect([found.status, found.json.id]).toEqual([200, 'gpt-5.4-high-fast']);
    const missing = await ResponsesAnswer.of(scene.gateway.request('/v1/models/llama-3'));
    expect([missing.status, missing.error.code]).toEqual([404, 'model_not_found']);
  });

  it('answers the catalogue of Codex clients in its own shape', async () => {
    const { json } = await ResponsesAnswer.of(scene.gateway.request('/v1/models?client_version=0.156.0'));
    expect(json.models.map(({ slug }: { slug: string }) => slug)).toContain('gpt-5.5');
  });

  it.each([
    ['POST', '/v1/embeddings', 404, 'unsupported_endpoint'],
    ['POST', '/v1/images/generations', 404, 'unsupported_endpoint'],
    ['GET', '/v1/responses/resp_1', 404, 'unsupported_endpoint'],
    ['DELETE', '/v1/responses/resp_1', 404, 'unsupported_endpoint'],
    ['GET', '/v1/responses', 405, 'method_not_allowed'],
    ['PUT', '/v1/responses', 405, 'method_not_allowed'],
    ['GET', '/v1/responses/compact', 405, 'method_not_allowed'],
    ['GET', '/nowhere', 404, 'not_found'],
  ])('%s %s is refused with %i, in the shape of the dialect', async (method, path, status, code) => {
    scene.forget();
    const answer = await ResponsesAnswer.of(scene.gateway.request(path, { method }));
    expect(answer.status).toBe(status);
    expect(answer.error).toEqual({ message: expect.any(String), type: 'invalid_request_error', param: null, code });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    expect(scene.attempts).toEqual([]);
  });

  it('GET / is a page for people, GET /health open to everybody', async () => {
    const page = await fetch(`${scene.gateway.url}/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('/v1/responses');
    const health = await fetch(`${scene.gateway.url}/health`);
    expect(await health.json()).toMatchObject({ status: 'ok', accounts: 2, states: { active: 2, usable: 2 } });
    expect((await fetch(`${scene.gateway.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${scene.gateway.url}/health/ready`)).status).toBe(200);
  });
});

describe('models', () => {
  it.each([
    ['gpt-5.4', {}, 'gpt-5.4', undefined, undefined],
    ['gpt-5.4-high', {}, 'gpt-5.4', 'high', undefined],
    ['gpt-5.4-xhigh-fast', {}, 'gpt-5.4', 'xhigh', 'priority'],
    ['gpt-5.4-fast', { reasoning: { effort: 'low' } }, 'gpt-5.4', 'low', 'priority'],
    ['gpt-5.4-high', { reasoning: { effort: 'low' } }, 'gpt-5.4', 'high', undefined],
    ['gpt-5.4-auto', { reasoning: { effort: 'low' } }, 'gpt-5.4', undefined, undefined],
    ['gpt-5.4', { service_tier: 'priority' }, 'gpt-5.4', undefined, 'priority'],
    ['claude-haiku-4-5', {}, 'gpt-5.4-mini', undefined, undefined],
  ])('%s with %j reaches the backend as %s, effort %s, tier %s', async (model, extra, slug, effort, tier) => {
    scene.forget();
    const answer = await scene.ask({ model, input: 'Hello', ...extra });
    expect(answer.status).toBe(200);
    expect(answer.json.model).toBe(model);
    expect(sent().model).toBe(slug);
    expect((sent().reasoning as { effort?: string } | undefined)?.effort).toBe(effort);
    expect(sent().service_tier).toBe(tier);
  });

  it('that nobody knows are refused with the nearest name, without a call', async () => {
    scene.forget();
    const answer = await scene.ask({ model: 'llama-5.4', input: 'Hello', stream: true });
    expect(answer.status).toBe(404);
    expect(answer.error).toMatchObject({ type: 'invalid_request_error', code: 'model_not_found', param: 'model' });
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(scene.attempts).toEqual([]);
  });
});

describe('the body', () => {
  it('names in x-gateway-ignored what the backend has no place for, and shows it in the reply', async () => {
    scene.forget();
    const extra = { temperature: 0.3, max_output_tokens: 50, user: 'me', invented: true, stream_options: { include_usage: true } };
    const answer = await scene.ask({ input: 'Hello', ...extra });
    expect(answer.status).toBe(200);
    const ignored = answer.headers.get('x-gateway-ignored')!.split(', ').sort();
    expect(ignored).toEqual(['invented', 'max_output_tokens', 'stream_options', 'temperature', 'user']);
    expect(answer.json).toMatchObject({ temperature: 0.3, max_output_tokens: 50, user: 'me' });
    for (const name of Object.keys(extra)) expect(sent()).not.toHaveProperty(name);
    const streamed = await scene.ask({ input: 'Hello', temperature: 0.3, stream: true });
    expect(streamed.headers.get('x-gateway-ignored')).toBe('temperature');
  });

  it.each([
    ['{"model": "gpt-5.4", "input": ', null, null],
    ['', null, null],
    ['[]', null, null],
    ['{"model": "gpt-5.4"}', 'input', null],
    ['{"model": "gpt-5.4", "input": []}', 'input', null],
    ['{"input": "Hello"}', 'model', null],
    ['{"model": "gpt-5.4", "input": "Hello", "stream": "yes"}', 'stream', null],
    ['{"model": "gpt-5.4", "input": "Hello", "reasoning": {"effort": "enormous"}}', 'reasoning.effort', 'invalid_value'],
    ['{"model": "gpt-5.4", "input": "Hello", "background": true}', 'background', null],
    ['{"model": "gpt-5.4", "input": "Hello", "previous_response_id": "resp_1"}', 'previous_response_id', 'previous_response_not_found'],
  ])('%s is refused with 400, without a call', async (body, param, code) => {
    scene.forget();
    const answer = await post('/v1/responses', body);
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ type: 'invalid_request_error', param, message: expect.any(String) });
    if (code !== null) expect(answer.error.code).toBe(code);
    expect(scene.attempts).toEqual([]);
  });

  it('may be compressed', async () => {
    const body = JSON.stringify({ model: 'gpt-5.4', input: 'Compressed' });
    for (const [encoding, bytes] of [
      ['gzip', gzipSync(body)],
      ['zstd', zstdCompressSync(body)],
    ] as const) {
      const answer = await post('/v1/responses', bytes, { 'content-encoding': encoding });
      expect([answer.status, answer.outputText]).toEqual([200, expect.stringContaining('"Compressed"')]);
    }
  });

  it.each([
    ['plain', (body: string) => ({ bytes: body, headers: {} })],
    ['compressed', (body: string) => ({ bytes: gzipSync(body), headers: { 'content-encoding': 'gzip' } })],
  ])('beyond the limit, %s, is answered with 413', async (_how, pack) => {
    scene.forget();
    const { bytes, headers } = pack(JSON.stringify({ model: 'gpt-5.4', input: 'x'.repeat(1_200_000) }));
    const answer = await post('/v1/responses', bytes, headers);
    expect([answer.status, answer.error.code, answer.error.type]).toEqual([413, 'request_too_large', 'invalid_request_error']);
    expect(scene.attempts).toEqual([]);
  });
});

describe('keys', () => {
  it.each([
    ['authorization', `Bearer ${KEY}`],
    ['authorization', `bearer ${KEY}`],
    ['x-api-key', KEY],
    ['api-key', KEY],
  ])('%s: %s is let in', async (name, value) => {
    const body = JSON.stringify({ model: 'gpt-5.4', input: 'Hello' });
    const response = await fetch(`${scene.gateway.url}/v1/responses`, { method: 'POST', body, headers: { [name]: value } });
    expect(response.status).toBe(200);
    await response.text();
  });

  it.each([
    ['none', {}],
    ['a wrong one', { authorization: 'Bearer sk-wrong' }],
    ['a part of one', { authorization: `Bearer ${KEY.slice(0, -1)}` }],
    ['an empty one', { 'api-key': '' }],
  ])('%s: 401 before the body is read, and nothing goes upstream', async (_what, headers) => {
    scene.forget();
    for (const [method, path] of [
      ['POST', '/v1/responses'],
      ['GET', '/v1/models'],
    ] as const) {
      const body = method === 'POST' ? '{"model": "gpt-5.4", "input": "Hello"}' : undefined;
      const answer = await ResponsesAnswer.of(
        fetch(`${scene.gateway.url}${path}`, { method, body, headers: headers as Record<string, string> }),
      );
      expect([answer.status, answer.error.code]).toEqual([401, 'invalid_api_key']);
      expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    }
    expect(scene.attempts).toEqual([]);
  });
});

describe('the connection', () => {
  const open = (): Promise<RawClient> => RawClient.open(Number(new URL(scene.gateway.url).port));
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

  it('answers a WebSocket upgrade with 426 at once, and serves the next request on it', async () => {
    const client = await open();
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    };
    client.send(request('GET /v1/responses', { ...headers, ...upgrade }));
    expect(await client.until(/upgrade_required/)).toMatch(/^HTTP\/1\.1 426 /);
    client.send(request('POST /v1/responses', headers, '{"model": "gpt-5.4", "input": "Hello"}'));
    await client.until(/HTTP\/1\.1 200 [^]*"status":"completed"/);
    client.destroy();
  });

  it('serves Upgrade: h2c as plain HTTP/1.1', async () => {
    const client = await open();
    const upgrade = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
    client.send(request('POST /v1/responses', { ...headers, ...upgrade }, '{"model": "gpt-5.4", "input": "Hello"}'));
    expect(await client.until(/"status":"completed"[^]*\}/)).toMatch(/^HTTP\/1\.1 200 /);
    client.destroy();
  });
});

describe('compaction', () => {
  const conversation = [
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hi!' },
  ];

  it.each(['/v1/responses/compact', '/responses/compact', '/backend-api/codex/responses/compact'])('POST %s is passed on', async (path) => {
    scene.forget();
    const answer = await post(path, JSON.stringify({ model: 'gpt-5.4-high', input: conversation }));
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      object: 'response.compaction',
      output: expect.arrayContaining([expect.objectContaining({ type: 'compaction' })]),
    });
    const [call] = scene.requests.filter((entry) => entry.path.endsWith('/compact'));
    expect(call!.body).toMatchObject({ model: 'gpt-5.4', reasoning: { effort: 'high' }, instructions: '' });
    for (const name of ['stream', 'store', 'include']) expect(call!.body).not.toHaveProperty(name);
  });

  it('goes to another account when one is out of quota', async () => {
    scene.forget();
    scene.backend.state.next('429,resets=120', { endpoint: 'compact' });
    const answer = await post('/v1/responses/compact', JSON.stringify({ model: 'gpt-5.4', input: conversation }));
    expect(answer.status).toBe(200);
    const calls = scene.requests.filter((entry) => entry.path.endsWith('/compact'));
    expect(new Set(calls.map(({ account }) => account)).size).toBe(2);
  });

  it('refuses a stream', async () => {
    const answer = await post('/v1/responses/compact', JSON.stringify({ model: 'gpt-5.4', input: conversation, stream: true }));
    expect([answer.status, answer.error.param]).toEqual([400, 'stream']);
  });
});
