import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { faultsOfResponse, faultsOfStream } from '../support/responses-grammar.js';
import { framesOf, type Json } from '../support/sse-frames.js';

const DIRECTORY = resolve(import.meta.dirname, '../fixtures/client-requests');

interface Captured {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Json;
}

const ALL: readonly Captured[] = readdirSync(DIRECTORY)
  .map((file) => ({
    name: file.replace('.json', ''),
    ...(JSON.parse(readFileSync(join(DIRECTORY, file), 'utf8')) as Omit<Captured, 'name'>),
  }))
  .filter(({ path }) => path.startsWith('/v1/responses'));
const TURNS = ALL.filter(({ method, path }) => method === 'POST' && path === '/v1/responses');
const isCodex = ({ headers }: Captured): boolean => headers.originator?.startsWith('codex') ?? false;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

let scene: GatewayScene;

/** Sends what the client sent, with its very headers; only address and key are ours. */
function replay({ method, path, headers: captured, body }: Captured): Promise<Answer> {
  const headers: Record<string, string> = { ...captured, host: new URL(scene.gateway.url).host, authorization: `Bearer ${KEY}` };
  if (headers.upgrade) headers.connection = 'Upgrade';
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${scene.gateway.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

beforeAll(async () => {
  scene = await GatewayScene.open({ config: { 'model-aliases': { 'gpt-5': 'gpt-5.5' } } });
});
afterAll(() => scene.close());

/** What upstream may do with any of these requests, and how the stream then ends. */
const WAYS: readonly [scenario: string, terminal: string][] = [
  ['text', 'completed'],
  ['text,output=filled', 'completed'],
  ['text,output=missing', 'completed'],
  ['text,deltas=drop', 'completed'],
  ['text,terminal=done', 'completed'],
  ['text,framing=crlf,chunk=7', 'completed'],
  ['text,framing=data-only,rate-limits=yes,comments=yes', 'completed'],
  ['reasoning', 'completed'],
  ['reasoning,summary=always,deltas=drop', 'completed'],
  ['commentary', 'completed'],
  ['refusal', 'completed'],
  ['long,n=300', 'completed'],
  ['tool-turn,rounds=9', 'completed'],
  ['tools,n=3,rounds=9', 'completed'],
  ['tools,n=2,rounds=9,deltas=drop', 'completed'],
  ['custom-tool,rounds=9', 'completed'],
  ['text-and-tool', 'completed'],
  ['web-search', 'completed'],
  ['image,partials=1', 'completed'],
  ['unknown', 'completed'],
  ['incomplete', 'incomplete'],
  ['incomplete,reason=content_filter', 'incomplete'],
  ['text,fail=3', 'failed'],
  ['text,fail=3,form=error,code=server_error', 'failed'],
  ['tool-turn,rounds=9,cut=2', 'failed'],
  ['long,n=50,delay=2,reset=20', 'failed'],
];

describe.each(TURNS)('$name', (captured) => {
  const expected = { model: captured.body.model as string, codexClient: isCodex(captured) };

  beforeEach(() => scene.pool(1));

  it('is answered by the grammar of the dialect, whatever upstream does', async () => {
    const faults: Record<string, unknown> = {};
    for (const [scenario, terminal] of WAYS) {
      scene.backend.state.next(scenario);
      const answer = await replay(captured);
      const found =
        answer.status === 200
          ? faultsOfStream(framesOf(answer.text), { ...expected, gaps: scenario === 'unknown' })
          : [`status ${answer.status}: ${answer.text.slice(0, 300)}`];
      if (!String(answer.headers['content-type']).startsWith('text/event-stream'))
        found.push(`is ${String(answer.headers['content-type'])}`);
      if (!answer.text.includes(`"type":"response.${terminal}"`)) found.push(`is not ${terminal}`);
      if (found.length > 0) faults[scenario] = found;
    }
    expect(faults).toEqual({});
  });

  it('is answered by a whole Response where it does not ask for a stream', async () => {
    const faults: Record<string, unknown> = {};
    const { stream: _, ...body } = captured.body;
    for (const [scenario, status] of WAYS.filter(([, end]) => end !== 'failed')) {
      scene.backend.state.next(scenario);
      const answer = await replay({ ...captured, body });
      const response: Json = JSON.parse(answer.text);
      const found =
        answer.status === 200 ? faultsOfResponse(response, expected) : [`status ${answer.status}: ${answer.text.slice(0, 300)}`];
      if (response.status !== status) found.push(`is ${response.status}`);
      if (found.length > 0) faults[scenario] = found;
    }
    expect(faults).toEqual({});
  });

  it('reaches upstream with its prompt, its tools and its history', async () => {
    await replay(captured);
    const sent = scene.attempts.at(-1)!.body as Json;
    expect(sent).toMatchObject({ model: 'gpt-5.5', stream: true, store: false });
    expect(names(sent.tools)).toEqual(names(captured.body.tools));
    const kinds = (items: Json[]): unknown[] => items.map(({ type, role }) => type ?? (role && 'message'));
    expect(kinds(sent.input)).toEqual(kinds(captured.body.input));
    if (isCodex(captured)) {
      const { headers } = scene.attempts.at(-1)!;
      for (const name of ['originator', 'user-agent', 'session-id', 'thread-id']) expect(headers[name]).toBe(captured.headers[name]);
    }
  });
});

const names = (tools: Json[] = []): unknown[] => tools.map(({ type, name }) => name ?? type);

it('knows every captured request', () => {
  const others = ALL.filter((captured) => !TURNS.includes(captured)).map(({ name }) => name);
  expect(others).toEqual(['codex-websocket-upgrade']);
  expect(TURNS.length).toBeGreaterThanOrEqual(12);
});

it('codex-websocket-upgrade is answered 426 at once, and POST is served on the same address', async () => {
  const began = performance.now();
  const answer = await replay(ALL.find(({ name }) => name === 'codex-websocket-upgrade')!);
  expect(answer.status).toBe(426);
  expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'upgrade_required' } });
  expect(performance.now() - began).toBeLessThan(2_000);
});
