import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChatReading, faultsOfCompletion, readChatStream } from '../support/chat-grammar.js';
import { GatewayScene } from '../support/gateway-scene.js';
import type { Json } from '../support/sse-frames.js';

let scene: GatewayScene;

beforeAll(async () => {
  scene = await GatewayScene.open({ accounts: 2 });
});
afterAll(() => scene.close());

const PATH = '/v1/chat/completions';
const TOOL = {
  type: 'function',
  function: { name: 'get.weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};
const PATCH = { type: 'custom', custom: { name: 'patch' } };
const FUNCTION = { name: 'get.weather', parameters: { type: 'object' } };
const USAGE = { include_usage: true };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(body: Json, path = PATH): Promise<Answer> {
  const response = await scene.gateway.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5.4-low', ...body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const says = (content: string, more: Json = {}): Json => ({ messages: [{ role: 'user', content }], ...more });

async function streamed(body: Json): Promise<ChatReading> {
  const { status, text } = await ask({ ...body, stream: true });
  expect([status, text.slice(0, 6)]).toEqual([200, 'data: ']);
  const reading = readChatStream(text, body.stream_options?.include_usage === true);
  expect(reading.faults).toEqual([]);
  return reading;
}

const whole = async (body: Json): Promise<Json> => {
  const { status, text } = await ask(body);
  expect([status, text.slice(0, 200)]).toEqual([200, expect.stringContaining('"object":"chat.completion"')]);
  const completion = JSON.parse(text);
  expect(faultsOfCompletion(completion)).toEqual([]);
  return completion;
};

/** Without what differs from turn to turn. */
const comparable = ({ id: _id, created: _created, ...rest }: Json): Json => {
  const copy = structuredClone(rest);
  for (const call of copy.choices[0].message.tool_calls ?? []) delete call.id;
  return copy;
};

describe('a turn', () => {
  it('is streamed under the name that the client used; what was left out is named', async () => {
    const { headers, text } = await ask(says('Hello', { stream: true, temperature: 0.3 }));
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect([headers.get('x-accel-buffering'), headers.get('cache-control')]).toEqual(['no', expect.stringContaining('no-cache')]);
    expect(headers.get('x-request-id')).toMatch(/^req_/);
    expect(headers.get('openai-processing-ms')).toMatch(/^\d+$/);
    expect(headers.get('x-gateway-ignored')).toContain('temperature');
    expect([...headers.keys()].filter((name) => name.startsWith('x-codex'))).toEqual([]);
    const { faults, completion } = readChatStream(text, false);
    expect(faults).toEqual([]);
    expect(completion).toMatchObject({ model: 'gpt-5.4-low', choices: [{ finish_reason: 'stop' }] });
    expect(completion.choices[0].message.content).toContain('you wrote "Hello"');
  });

  it.each<[string, Json, string]>([
    ['text', {}, 'stop'],
    ['reasoning', {}, 'stop'],
    ['commentary', {}, 'stop'],
    ['long,n=400', {}, 'stop'],
    ['refusal', {}, 'stop'],
    ['empty', {}, 'stop'],
    ['tools,n=3', { tools: [TOOL] }, 'tool_calls'],
    ['tools,deltas=drop', { tools: [TOOL] }, 'tool_calls'],
    ['text-and-tool', { tools: [TOOL] }, 'tool_calls'],
    ['custom-tool', { tools: [PATCH] }, 'tool_calls'],
    ['tool', { functions: [FUNCTION] }, 'function_call'],
    ['web-search', { web_search_options: {} }, 'stop'],
    ['image', { tools: [{ type: 'image_generation' }] }, 'stop'],
    ['incomplete', {}, 'length'],
    ['incomplete,reason=content_filter', {}, 'content_filter'],
    ['unknown', {}, 'stop'],
    ['text,duplicate=yes', {}, 'stop'],
    ['text,usage=none', {}, 'stop'],
    ['text,terminal=done', {}, 'stop'],
    ['text,output=filled', {}, 'stop'],
    ['text,chunk=7', {}, 'stop'],
    ['text,rate-limits=yes', {}, 'stop'],
  ])('%s: stream and JSON answer say the same', async (scenario, more, reason) => {
    const body = says(`Say it. #scenario=${scenario}#`, { ...more, stream_options: USAGE });
    const { stream_options: _only, ...plain } = body;
    const [stream, json] = [(await streamed(body)).completion, await whole(plain)];
    expect(json.choices[0].finish_reason).toBe(reason);
    expect(comparable(stream)).toEqual(comparable(json));
  });

  it('says nothing twice where the backend does', async () => {
    const { content } = (await whole(says('Say it. #scenario=text,text=one two three,duplicate=yes#'))).choices[0].message;
    expect(content).toBe('one two three');
    const { tool_calls: calls } = (await whole(says('Go #scenario=tool,args={"city":"Rome"},duplicate=yes#', { tools: [TOOL] }))).choices[0]
      .message;
    expect(calls).toMatchObject([{ function: { arguments: '{"city":"Rome"}' } }]);
  });

  it.each([PATH, '/chat/completions', '/v1/v1/chat/completions'])('comes in at %s', async (path) => {
    expect(JSON.parse((await ask(says('Hello'), path)).text).object).toBe('chat.completion');
  });

  it('may come in the shape of a Responses request', async () => {
    expect((await whole({ input: 'Hello' })).choices[0].message.content).toContain('you wrote "Hello"');
  });

  it('calls a tool by the client’s name', async () => {
    const { tool_calls: calls } = (await whole(says('Go #scenario=tool#', { tools: [TOOL] }))).choices[0].message;
    expect(calls).toMatchObject([{ type: 'function', function: { name: 'get.weather' } }]);
  });

  it('ends before a stop sequence', async () => {
    const body = says('Hello #scenario=text,text=one two three#', { stop: ['three', ' two'] });
    const expected = { choices: [{ finish_reason: 'stop', message: { content: 'one' } }] };
    expect((await streamed(body)).completion).toMatchObject(expected);
    expect(await whole(body)).toMatchObject(expected);
  });
});

describe('a backend that is silent beyond the header hold', () => {
  let patient: GatewayScene;
  beforeAll(async () => {
    patient = scene;
    scene = await GatewayScene.open({ config: { 'stream-header-hold': 1 } });
  });
  afterAll(async () => {
    await scene.close();
    scene = patient;
  });

  it('gets the role and a comment, and the turn goes on under that id', async () => {
    const { text } = await ask(says('Hello #scenario=text,first=1500#', { stream: true }));
    expect(text).toMatch(/^data: [^\n]*"role":"assistant"[^\n]*\n\n: keep-alive\n\ndata: /);
    expect(readChatStream(text, false).faults).toEqual([]);
  });

  it('may still be replaced by another account; the id stays', async () => {
    await scene.pool(2);
    scene.backend.state.next('text,first=1500,fail=0,code=server_error');
    const { text } = await ask(says('Hello', { stream: true }));
    const { faults, completion } = readChatStream(text, false);
    expect([faults, scene.attempts.length]).toEqual([[], 2]);
    expect(completion.choices[0].message.content).toContain('you wrote "Hello"');
    expect(text.match(/"role":"assistant"/g)).toHaveLength(1);
  });
});

describe('a failure', () => {
  it.each<[string, number, string, string | null]>([
    ['429,resets=3600', 429, 'rate_limit_error', 'rate_limit_exceeded'],
    ['503', 503, 'server_error', 'server_is_overloaded'],
    ['500', 500, 'server_error', 'server_error'],
    ['403-html', 502, 'server_error', 'upstream_blocked'],
    ['400,code=context_length_exceeded', 400, 'invalid_request_error', 'context_length_exceeded'],
    ['text,fail=0,code=server_is_overloaded', 503, 'server_error', 'server_is_overloaded'],
    ['text,cut=0', 502, 'server_error', 'upstream_stream_truncated'],
  ])('%s is %i %s %s', async (scenario, status, type, code) => {
    for (const stream of [true, false]) {
      await scene.pool(2);
      const answer = await ask({ ...says(`Hello #scenario=${scenario}#`), stream });
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        status,
        { error: { message: expect.any(String), type, param: code === 'context_length_exceeded' ? 'messages' : null, code } },
      ]);
    }
  });

  it.each<[string, string]>([
    ['long,n=20,cut=8', 'upstream_stream_truncated'],
    ['long,n=20,delay=10,reset=8', 'upstream_stream_truncated'],
    ['long,n=20,fail=8,code=server_is_overloaded', 'server_is_overloaded'],
    ['long,n=20,fail=8,code=server_error', 'server_error'],
  ])('after output (%s) is an error frame, and no end', async (scenario, code) => {
    await scene.pool(2);
    const { completion, error } = await streamed(says(`Hello #scenario=${scenario}#`));
    expect([completion, error.code]).toEqual([null, code]);
  });
});

describe('other methods', () => {
  it.each(['GET', 'PUT', 'DELETE'])('%s is a 405 in the shape of the dialect', async (method) => {
    const response = await scene.gateway.request(PATH, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', code: 'method_not_allowed' } });
  });
});
