import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayScene } from '../support/gateway-scene.js';
import { faultsOfMessage, MessagesReading, readMessagesStream } from '../support/messages-grammar.js';
import { framesOf, Json } from '../support/sse-frames.js';

let scene: GatewayScene;

beforeAll(async () => {
  scene = await GatewayScene.open({ accounts: 2 });
});
afterAll(() => scene.close());

const MODEL = 'claude-opus-4-6';
const TOOL = { name: 'get.weather', description: 'Weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } };
const SEARCH = { type: 'web_search_20250305', name: 'web_search' };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(body: Json, path = '/v1/messages'): Promise<Answer> {
  const response = await scene.gateway.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ model: MODEL, max_tokens: 1000, ...body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const says = (content: string, more: Json = {}): Json => ({ messages: [{ role: 'user', content }], ...more });

async function streamed(body: Json): Promise<MessagesReading> {
  const { status, text } = await ask({ ...body, stream: true });
  expect(status).toBe(200);
  const reading = readMessagesStream(framesOf(text));
  expect(reading.faults).toEqual([]);
  return reading;
}

const whole = async (body: Json): Promise<Json> => {
  const { status, text } = await ask(body);
  expect([status, text.slice(0, 200)]).toEqual([200, expect.stringContaining('"type":"message"')]);
  const message = JSON.parse(text);
  expect(faultsOfMessage(message)).toEqual([]);
  return message;
};

/** Without what differs from turn to turn. */
const comparable = ({ id: _id, content, ...rest }: Json): Json => ({
  ...rest,
  content: content.map(({ id: _call, tool_use_id: _use, signature, ...block }: Json) => ({ ...block, signed: Boolean(signature) })),
});

describe('a turn', () => {
  it('is streamed under the name that the client used, with its id in a header', async () => {
    const { headers, text } = await ask(says('Hello', { stream: true, temperature: 0.3 }));
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(headers.get('request-id')).toMatch(/^req_/);
    expect(headers.get('x-gateway-ignored')).toContain('temperature');
    expect([...headers.keys()].filter((name) => name.startsWith('x-codex'))).toEqual([]);
    const { faults, message } = readMessagesStream(framesOf(text));
    expect(faults).toEqual([]);
    expect(message).toMatchObject({ model: MODEL, role: 'assistant', stop_reason: 'end_turn' });
    expect(message.content[0].text).toContain('you wrote "Hello"');
    expect(message.usage.output_tokens).toBeGreaterThan(1);
  });

  it.each<[string, Json, string[]]>([
    ['text', {}, ['text']],
    ['reasoning', { thinking: { type: 'enabled', budget_tokens: 2048 } }, ['thinking', 'text']],
    ['reasoning', {}, ['text']],
    ['tools', { tools: [TOOL] }, ['tool_use', 'tool_use']],
    ['text-and-tool', { tools: [TOOL] }, ['text', 'tool_use']],
    ['web-search', { tools: [SEARCH] }, ['server_tool_use', 'web_search_tool_result', 'text']],
    ['commentary', {}, ['text', 'text']],
    ['long,n=400', {}, ['text']],
    ['refusal', {}, ['text']],
    ['incomplete', {}, ['text']],
    ['image', {}, []],
    ['unknown', {}, ['text']],
    ['tools,deltas=drop', { tools: [TOOL] }, ['tool_use', 'tool_use']],
    ['text,deltas=drop', {}, ['text']],
    ['text,duplicate=yes', {}, ['text']],
    ['text,usage=none', {}, ['text']],
    ['text,terminal=done', {}, ['text']],
    ['text,output=filled', {}, ['text']],
    ['text,chunk=7', {}, ['text']],
  ])('%s: stream and JSON answer say the same', async (scenario, more, types) => {
    const body = says(`Say it. #scenario=${scenario}#`, more);
    const [stream, json] = [(await streamed(body)).message, await whole(body)];
    expect(stream.content.map(({ type }: Json) => type)).toEqual(expect.arrayContaining(types));
    expect(comparable(stream)).toEqual(comparable(json));
  });

  it.each(['/v1/messages', '/messages', '/v1/v1/messages', '/v1/messages?beta=true'])('comes in at %s', async (path) => {
    expect(JSON.parse((await ask(says('Hello'), path)).text).type).toBe('message');
  });

  it('calls a tool by the client’s name', async () => {
    const { content, stop_reason } = await whole(says('Go #scenario=tool#', { tools: [TOOL] }));
    expect(content[0]).toMatchObject({ type: 'tool_use', name: 'get.weather' });
    expect(stop_reason).toBe('tool_use');
  });

  it('ends before a stop sequence', async () => {
    const body = says('Hello #scenario=text,text=one two three#', { stop_sequences: ['three', ' two'] });
    const expected = { content: [{ type: 'text', text: 'one' }], stop_reason: 'stop_sequence', stop_sequence: ' two' };
    expect((await streamed(body)).message).toMatchObject(expected);
    expect(await whole(body)).toMatchObject(expected);
  });

  it('of no tokens is answered without the backend', async () => {
    scene.forget();
    const body = { ...says('Hello'), max_tokens: 0 };
    const expected = { content: [], stop_reason: 'max_tokens', usage: { output_tokens: 0 } };
    expect((await streamed(body)).message).toMatchObject(expected);
    expect(await whole(body)).toMatchObject(expected);
    expect(scene.attempts).toEqual([]);
  });
});

describe('a backend that is silent beyond the header hold', () => {
  it('gets message_start and a ping, and the turn goes on under that id', async () => {
    const patient = scene;
    scene = await GatewayScene.open({ config: { 'stream-header-hold': 1 } });
    try {
      const { text } = await ask(says('Hello #scenario=text,first=1500#', { stream: true }));
      const frames = framesOf(text);
      expect(frames.slice(0, 4).map(({ event }) => event)).toEqual(['message_start', 'ping', 'ping', 'content_block_start']);
      expect(readMessagesStream(frames).faults).toEqual([]);
    } finally {
      await scene.close();
      scene = patient;
    }
  });
});

describe('a failure', () => {
  it.each<[string, number, string]>([
    ['429,resets=3600', 429, 'rate_limit_error'],
    ['503', 529, 'overloaded_error'],
    ['500', 500, 'api_error'],
    ['403-html', 502, 'api_error'],
    ['400,code=context_length_exceeded', 400, 'invalid_request_error'],
    ['413', 413, 'request_too_large'],
    ['fail=0,code=server_is_overloaded', 529, 'overloaded_error'],
    ['cut=0', 502, 'api_error'],
  ])('%s is %i %s', async (scenario, status, type) => {
    for (const stream of [true, false]) {
      await scene.pool(2);
      const body = says(`Hello #scenario=${scenario.startsWith('cut') || scenario.startsWith('fail') ? `text,${scenario}` : scenario}#`);
      const answer = await ask({ ...body, stream });
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        status,
        { type: 'error', error: { type, message: expect.any(String) }, request_id: answer.headers.get('request-id') },
      ]);
      if (scenario.startsWith('400')) expect(JSON.parse(answer.text).error.message).toMatch(/^prompt is too long/);
    }
  });

  it.each<[string, string]>([
    ['long,n=20,cut=8', 'api_error'],
    ['long,n=20,delay=10,reset=8', 'api_error'],
    ['long,n=20,fail=8,code=server_is_overloaded', 'overloaded_error'],
    ['long,n=20,fail=8,code=server_error', 'api_error'],
  ])('after output (%s) is an error frame, and no end', async (scenario, type) => {
    await scene.pool(2);
    const { message, error } = await streamed(says(`Hello #scenario=${scenario}#`));
    expect([message, error.type]).toEqual([null, type]);
  });
});
