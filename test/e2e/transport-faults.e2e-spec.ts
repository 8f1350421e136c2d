import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { LiveStream } from '../support/live-stream.js';
import { ResponsesAnswer } from '../support/sse-frames.js';

/** Silence is given up after 0.4 s, long before any header hold. */
let faulty: GatewayScene;
/** Headers leave after 0.2 s, and silent streams are kept alive as often. */
let hasty: GatewayScene;

beforeAll(async () => {
  [faulty, hasty] = await Promise.all([
    GatewayScene.open({ config: { 'upstream-idle-timeout-seconds': 0.4 } }),
    GatewayScene.open({ config: { 'stream-header-hold': 0.2, 'stream-keepalive-interval': 0.2, 'request-retry-budget-sec': 0 } }),
  ]);
});
afterAll(async () => {
  await Promise.all([faulty.close(), hasty.close()]);
});

let prompts = 0;
const ask = (scene: GatewayScene, extra: Record<string, unknown> = {}): Promise<ResponsesAnswer> =>
  scene.ask({ input: `Question ${++prompts}`, stream: true, ...extra });

const expectAnswered = (answer: ResponsesAnswer): void => {
  expect([answer.status, answer.response.status]).toEqual([200, 'completed']);
  expect(answer.outputText).toMatch(/^Sandbox answer .*characters\)\.$/);
};

/** A stream that broke after output: told in-band, with what there was, and nothing after it. */
function expectFailedInBand(answer: ResponsesAnswer, code = 'server_error'): void {
  expect([answer.status, answer.streamed]).toEqual([200, true]);
  expect(answer.types.filter((type) => /completed|incomplete/.test(type) && !type.includes('.done'))).toEqual([]);
  expect(answer.types.at(-1)).toBe('response.failed');
  expect(answer.response).toMatchObject({ object: 'response', status: 'failed', error: { code, message: expect.stringMatching(/./) } });
  expect(answer.response.id).toBe(answer.events[0].response.id);
  expect(answer.text).not.toContain('[DONE]');
  expect(answer.events.map(({ sequence_number: n }) => n)).toEqual(answer.events.map((_, i) => i));
}

const untouched = async (scene: GatewayScene, count: number): Promise<void> =>
  expect(await scene.states()).toMatchObject({ active: count, usable: count, cooling: 0 });

describe('before any output', () => {
  it.each([
    ['reset-before-headers'],
    ['silence-before-headers'],
    ['silence'],
    ['text,hang=0'],
    ['text,reset=0'],
    ['text,cut=0'],
    ['no-events'],
  ])('%s: another account answers, and nobody is penalised', async (scenario) => {
    const pool = await faulty.pool(2);
    faulty.backend.state.next(scenario);
    expectAnswered(await ask(faulty));
    expect([...faulty.attemptedOn].sort()).toEqual([...pool].sort());
    await untouched(faulty, 2);
  });

  it.each([
    ['no HTTP at all', 502, 'upstream_protocol_error', 'hello\r\n\r\n'],
    [
      'a broken chunk',
      502,
      'upstream_protocol_error',
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n',
    ],
    [
      'less than its length',
      502,
      'upstream_stream_truncated',
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100\r\n\r\n: hm\n\n',
    ],
    [
      'an HTML page with 200',
      502,
      'upstream_stream_truncated',
      'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html><body>Maintenance</body></html>',
    ],
    ['half an error', 500, 'upstream_error', 'HTTP/1.1 500 Oops\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"error":'],
  ])('%s from the only account: the client gets %i %s, and the next request is served', async (_what, status, code, bytes) => {
    const [key] = await faulty.pool(1);
    faulty.backend.state.nextRaw(bytes, { level: 'socket' });
    const answer = await ask(faulty);
    expect([answer.status, answer.error.code]).toEqual([status, code]);
    expect(answer.error.message).not.toMatch(/[<{]/);
    expectAnswered(await ask(faulty));
    expect(faulty.attemptedOn).toEqual([key, key]);
    await untouched(faulty, 1);
  });

  it('silence of everybody is a 504', async () => {
    await faulty.pool(2);
    faulty.backend.state.always('silence-before-headers');
    const answer = await ask(faulty);
    expect([answer.status, answer.error.code]).toEqual([504, 'upstream_timeout']);
    expect(faulty.attempts).toHaveLength(2);
    await faulty.waitForRequest(({ aborted }) => aborted);
  });

  it('a JSON body with 200 is read for what it is: a whole answer, or an error', async () => {
    await faulty.pool(2);
    faulty.backend.state.next('json-200,body=response', { times: 2 });
    expectAnswered(await ask(faulty));
    expectAnswered(await ask(faulty, { stream: false }));
    expect(faulty.attempts).toHaveLength(2);
    faulty.forget();
    faulty.backend.state.next('json-200,text=Nothing%20here');
    const answer = await ask(faulty);
    expect([answer.status, answer.error.message]).toEqual([400, 'Nothing here']);
    faulty.backend.state.nextRaw(
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{"error":{"code":"server_is_overloaded","message":"Busy"}}',
      {
        level: 'socket',
      },
    );
    faulty.forget();
    expectAnswered(await ask(faulty));
    expect(faulty.attempts).toHaveLength(2);
  });
});

describe('after output', () => {
  it.each([
    ['text,reset=5,delay=20', 'server_error'],
    ['text,cut=5', 'server_error'],
    ['text,hang=5', 'server_error'],
    ['text,fail=5,code=server_error', 'server_error'],
    ['text,fail=5,code=server_is_overloaded', 'server_is_overloaded'],
    ['text,fail=5,code=server_is_overloaded,form=bare', 'server_is_overloaded'],
    ['text,fail=5,code=usage_limit_reached', 'rate_limit_exceeded'],
    ['text,fail=5,code=context_length_exceeded', 'context_length_exceeded'],
  ])('%s: response.failed (%s) with the partial output, and no other attempt', async (scenario, code) => {
    if ((await faulty.states()).usable !== 2) await faulty.pool(2);
    faulty.forget();
    faulty.backend.state.next(scenario);
    const answer = await ask(faulty);
    expectFailedInBand(answer, code);
    const deltas = answer.events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta as string);
    expect(deltas.length).toBeGreaterThan(0);
    expect(answer.response.output).toMatchObject([{ type: 'message', status: 'incomplete' }]);
    expect(answer.outputText).toBe(deltas.join(''));
    expect(faulty.attempts).toHaveLength(1);
    if (scenario.includes('usage_limit')) expect(await faulty.states()).toMatchObject({ cooling: 1, usable: 1 });
    else await untouched(faulty, 2);
  });

  it('the connection stays good for the next request, and the log tells of the failure', async () => {
    await faulty.pool(1);
    faulty.backend.state.next('text,reset=5,delay=20');
    const answer = await ask(faulty);
    expectFailedInBand(answer);
    expectAnswered(await ask(faulty));
    const requestId = answer.headers.get('x-request-id');
    expect(await faulty.requestLine(requestId)).toMatchObject({ status: 200, closedBy: 'server' });
    expect(faulty.log).toContainEqual(expect.objectContaining({ msg: 'attempt', requestId, outcome: 'network', failure: 'truncated' }));
  });

  it.each([
    'malformed',
    'crlf',
    'text,framing=cr',
    'text,framing=data-only',
    'text,framing=no-space',
    'text,framing=wrong-name',
    'text,comments=yes',
    'text,chunk=1',
  ])('%s does no harm: the whole text arrives', async (scenario) => {
    for (const stream of [true, false]) {
      faulty.forget();
      faulty.backend.state.next(scenario);
      const answer = await ask(faulty, { stream });
      expectAnswered(answer);
      if (!stream) continue;
      expect(answer.frames.every(({ event, data }) => data === null || event === data.type)).toBe(true);
      expect(faulty.attempts).toHaveLength(1);
    }
  });
});

describe('the header hold', () => {
  const open = (): Promise<LiveStream> => LiveStream.of(hasty.gateway.responses({ input: `Question ${++prompts}`, stream: true }));

  it('ends: headers, preamble and a keep-alive go out while upstream still thinks', async () => {
    await hasty.pool(1);
    hasty.backend.state.next('text,first=700');
    const stream = await open();
    expect(hasty.attempts[0]!.endedAt).toBeNull();
    await stream.until(/response\.created[^]*: keep-alive\n\n/);
    expect(hasty.attempts[0]!.endedAt).toBeNull();
    const answer = await stream.rest();
    expectAnswered(answer);
    expect(answer.types.filter((type) => type === 'response.created')).toHaveLength(1);
    expect(hasty.attempts).toHaveLength(1);
  });

  it('is over, and then upstream fails: another account answers under the ids that went out first', async () => {
    await hasty.pool(2);
    hasty.backend.state.next('text,fail=0,form=failed,last=450');
    const stream = await open();
    await stream.until(/response\.created/);
    expect(hasty.attempts).toHaveLength(1);
    const { id } = stream.frames.find(({ event }) => event === 'response.created')!.data.response;
    const answer = await stream.rest();
    expectAnswered(answer);
    expect(hasty.attempts).toHaveLength(2);
    expect(answer.types.filter((type) => type === 'response.created')).toHaveLength(1);
    expect(answer.types).not.toContain('response.failed');
    expect(new Set(answer.events.flatMap(({ response }) => (response ? [response.id as string] : [])))).toEqual(new Set([id]));
    expect(answer.events.map(({ sequence_number: n }) => n)).toEqual(answer.events.map((_, i) => i));
  });

  it('is over, and then everybody fails: response.failed without output, inside the 200', async () => {
    await hasty.pool(3);
    hasty.backend.state.next('text,fail=0,form=failed,last=400,code=server_error');
    hasty.backend.state.always('500');
    const stream = await open();
    const answer = await stream.rest();
    expectFailedInBand(answer);
    expect(answer.response.output).toEqual([]);
    expect(answer.error.message).toContain('(3 attempts: server_error ×3)');
    expect(hasty.attempts).toHaveLength(3);
  });

  it('holds while upstream has not accepted anything: the failure keeps its status', async () => {
    await hasty.pool(1);
    hasty.backend.state.next('500,head=500');
    const answer = await ask(hasty);
    expect([answer.status, answer.streamed, answer.error.code]).toEqual([500, false, 'server_error']);
  });

  it('is over when upstream accepts at last: headers leave then, before any output', async () => {
    await hasty.pool(1);
    hasty.backend.state.next('text,head=400,first=500');
    const stream = await open();
    expect(hasty.attempts[0]).toMatchObject({ status: 200, endedAt: null });
    await stream.until(/: keep-alive/);
    expectAnswered(await stream.rest());
  });
});

describe('keep-alives', () => {
  it('are comments for everybody', async () => {
    await hasty.pool(1);
    const answer = await ask(hasty, { input: 'Slowly #scenario=long,n=3,delay=500#' });
    expect(answer.response.status).toBe('completed');
    expect(answer.frames.filter(({ comment }) => comment === 'keep-alive').length).toBeGreaterThanOrEqual(2);
    expect(answer.types).not.toContain('codex.keepalive');
  });

  it('are events for official Codex clients, whose idle timer comments do not reset', async () => {
    const answer = await hasty.ask({ input: 'Slowly #scenario=long,n=2,delay=500#', stream: true }, { originator: 'codex_exec' });
    expect(answer.response.status).toBe('completed');
    expect(answer.types.filter((type) => type === 'codex.keepalive').length).toBeGreaterThanOrEqual(1);
    expect(answer.frames.filter(({ comment }) => comment !== null)).toEqual([]);
  });
});

describe('a backend that is not there', () => {
  it('is told as 502 after attempts on other accounts, and costs nobody anything; it may come back at any time', async () => {
    const accounts = [1, 2, 3, 4].map((n) => createSandboxAccount(n));
    let backend: CodexBackend = await startCodexBackend({ accounts });
    const gateway = await GatewayProcess.start({ backend, accounts });
    try {
      const port = Number(new URL(backend.url).port);
      expectAnswered(await ResponsesAnswer.of(gateway.responses({ input: 'There?', stream: true })));
      await backend.close();
      for (const stream of [true, false]) {
        const answer = await ResponsesAnswer.of(gateway.responses({ input: 'There?', stream }));
        expect([answer.status, answer.error.code]).toEqual([502, 'upstream_unreachable']);
        expect(answer.headers.get('x-should-retry')).toBe('true');
        expect(answer.headers.get('retry-after')).toBe('1');
        expect(answer.error.message).toContain('(3 attempts: network ×3)');
      }
      expect((await gateway.health()).states).toMatchObject({ active: 4, usable: 4 });
      backend = await startCodexBackend({ accounts, port });
      expectAnswered(await ResponsesAnswer.of(gateway.responses({ input: 'There?', stream: true })));
    } finally {
      await gateway.stop('SIGKILL');
      await backend.close();
    }
  });
});
