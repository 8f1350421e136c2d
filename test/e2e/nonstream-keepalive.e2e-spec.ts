import { connect } from 'node:http2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { LiveStream } from '../support/live-stream.js';

let scene: GatewayScene;
let prompts = 0;

beforeAll(async () => {
  scene = await GatewayScene.open({ config: { 'nonstream-keepalive-interval': 1, 'max-retry': 2 }, accounts: 2 });
});
beforeEach(() => scene.pool(2));
afterAll(() => scene.close());

const question = (): Record<string, unknown> => ({ input: `Question ${++prompts}`, stream: false, top_k: 1 });

/** Asks over HTTP/2 with prior knowledge. */
async function askH2c(): Promise<{ status: unknown; text: string }> {
  const session = connect(scene.gateway.url);
  try {
    const stream = session.request({ ':method': 'POST', ':path': '/v1/responses', authorization: `Bearer ${KEY}` });
    stream.setEncoding('utf8').end(JSON.stringify({ model: 'gpt-5.4', ...question() }));
    let status: unknown;
    let text = '';
    stream.on('response', (headers) => (status = headers[':status'])).on('data', (piece: string) => (text += piece));
    await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
    return { status, text };
  } finally {
    session.close();
  }
}

describe('a long answer that is not streamed', () => {
  it('begins with blanks, is legal JSON, and has the headers of an ordinary answer', async () => {
    scene.backend.state.next('slow,first=2400');
    const answer = await scene.gateway.responses(question());
    const text = await answer.text();
    expect(text).toMatch(/^\n{2}\{/);
    expect(JSON.parse(text)).toMatchObject({ object: 'response', status: 'completed' });
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-gateway-ignored')]).toEqual([
      200,
      'application/json; charset=utf-8',
      'top_k',
    ]);
    expect(await scene.requestLine(answer.headers.get('x-request-id'))).toMatchObject({ status: 200, stream: false, closedBy: 'server' });
  });

  it('does the same over HTTP/2', async () => {
    scene.backend.state.next('slow,first=1500');
    const { status, text } = await askH2c();
    expect(status).toBe(200);
    expect(text).toMatch(/^\n\{/);
    expect(JSON.parse(text)).toMatchObject({ status: 'completed' });
  });

  it('has no blanks while upstream has not accepted the request, so that its refusal keeps its status', async () => {
    scene.backend.state.next('400,head=1500');
    const answer = await scene.gateway.responses(question());
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/^\{"error":/);
  });

  it('moves to another account after a blank, and the answer is that one’s', async () => {
    scene.backend.state.next('text,first=1500,reset=1');
    const answer = await scene.gateway.responses(question());
    const text = await answer.text();
    expect(text).toMatch(/^\n\{/);
    expect(JSON.parse(text)).toMatchObject({ status: 'completed' });
    expect(new Set(scene.attemptedOn).size).toBe(2);
  });

  it('tells a failure after a blank as the dialect’s error in the body', async () => {
    scene.backend.state.next('text,first=1500,fail=1,code=context_length_exceeded');
    const answer = await scene.gateway.responses(question());
    const text = await answer.text();
    expect([answer.status, text.startsWith('\n{')]).toEqual([200, true]);
    expect(JSON.parse(text)).toMatchObject({ error: { type: 'invalid_request_error', code: 'context_length_exceeded' } });
  });

  it('gives the account back when the client leaves between two blanks', async () => {
    scene.backend.state.next('text,hang=1');
    const abort = new AbortController();
    const live = await LiveStream.of(
      scene.gateway.request('/v1/responses', { json: { model: 'gpt-5.4', ...question() }, signal: abort.signal }),
    );
    await live.until(/\n/);
    abort.abort();
    await scene.waitForRequest(({ aborted }) => aborted);
    expect(await scene.logged(({ msg, path }) => msg === 'request' && path === '/v1/responses')).toMatchObject({ closedBy: 'client' });
    expect(await scene.states()).toMatchObject({ active: 2, usable: 2, cooling: 0 });
  });
});

it('ends with its answer when the gateway shuts down meanwhile', async () => {
  const own = await GatewayScene.open({ config: { 'nonstream-keepalive-interval': 1 } });
  try {
    own.backend.state.next('slow,first=1800');
    const live = await LiveStream.of(own.gateway.responses(question()));
    await live.until(/\n/);
    own.gateway.child.kill('SIGTERM');
    expect(JSON.parse((await live.rest()).text)).toMatchObject({ status: 'completed' });
    expect(await own.gateway.ended()).toEqual({ code: 0, signal: null });
  } finally {
    await own.gateway.stop('SIGKILL');
    await own.backend.close();
  }
});
