import { once } from 'node:events';
import { connect } from 'node:http2';
import { type Socket, connect as openSocket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordedRequest } from '../../src/sandbox/recorded-request.js';
import { Step, raw } from '../../src/sandbox/step.js';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { LiveMemory } from '../support/live-memory.js';
import { LiveStream } from '../support/live-stream.js';
import { request } from '../support/raw-http.js';

const MIB = 1_048_576;
const WITHIN_MS = 1_000;

const memory = new LiveMemory();
let scene: GatewayScene;

beforeAll(async () => {
  scene = await GatewayScene.open({ config: { 'account-max-concurrency': 5 }, env: memory.env });
});
afterAll(async () => {
  await scene.close();
  memory.close();
});

let prompts = 0;
const question = (extra: Record<string, unknown> = {}): Record<string, unknown> => ({
  input: `Question ${++prompts}`,
  stream: true,
  ...extra,
});

/** A request that its client may break off. */
function begin(body: Record<string, unknown>): { response: Promise<Response>; leave: () => number } {
  const controller = new AbortController();
  const response = scene.gateway.responses(body, { signal: controller.signal });
  response.catch(() => undefined);
  const leave = (): number => {
    controller.abort();
    return Date.now();
  };
  return { response, leave };
}

const turn = (): Promise<RecordedRequest> => scene.waitForRequest(({ path, scenario }) => path.endsWith('/responses') && scenario !== null);

async function expectAborted(leftAt: number, count = 1): Promise<void> {
  await scene.waitForRequest(() => scene.attempts.filter(({ aborted }) => aborted).length === count);
  for (const { abortedAt } of scene.attempts) expect(abortedAt! - leftAt).toBeLessThan(WITHIN_MS);
}

/** The account is as it was, and serves the next request. */
async function expectNothingHappened(): Promise<void> {
  expect(scene.log.filter(({ msg }) => /cools down|out of service/.test(String(msg)))).toEqual([]);
  expect(await scene.states()).toMatchObject({ active: 1, usable: 1, cooling: 0 });
  scene.forget();
  const answer = await scene.ask(question());
  expect([answer.status, answer.response.status]).toEqual([200, 'completed']);
  expect(scene.attempts).toHaveLength(1);
}

describe('a client that leaves', () => {
  it.each([
    ['before upstream has answered', 'silence-before-headers', true],
    ['before upstream has answered, asking for JSON', 'silence-before-headers', false],
    ['after upstream has accepted, before output', 'silence', true],
    ['while its JSON answer is made', 'text,hang=4', false],
  ])('%s: the call is aborted within a second', async (_when, scenario, stream) => {
    await scene.pool(1);
    scene.backend.state.next(scenario);
    const { leave } = begin(question({ stream }));
    await turn();
    await expectAborted(leave());
    expect(await scene.logged(({ msg, path }) => msg === 'request' && path === '/v1/responses')).toMatchObject({
      status: 499,
      closedBy: 'client',
    });
    expect(await scene.logged(({ msg }) => msg === 'attempt')).toMatchObject({ level: 30, outcome: 'aborted' });
    await expectNothingHappened();
  });

  it('in the middle of a stream: the call is aborted within a second', async () => {
    await scene.pool(1);
    scene.backend.state.next('long,n=10000,delay=5');
    const { response, leave } = begin(question());
    const stream = await LiveStream.of(response);
    await stream.until(/output_text\.delta/);
    await expectAborted(leave());
    expect(await scene.logged(({ msg, path }) => msg === 'request' && path === '/v1/responses')).toMatchObject({
      status: 200,
      closedBy: 'client',
    });
    await expectNothingHappened();
  });

  it('by resetting its HTTP/2 stream: the call is aborted, other streams of the connection go on', async () => {
    await scene.pool(1);
    scene.backend.state.next('long,n=10000,delay=5');
    const session = connect(scene.gateway.url);
    const ask = () => {
      const stream = session.request({ ':method': 'POST', ':path': '/v1/responses', authorization: `Bearer ${KEY}` });
      stream.setEncoding('utf8').end(JSON.stringify({ model: 'gpt-5.4', ...question() }));
      return stream;
    };
    const first = ask();
    await new Promise((resolve) => first.once('data', resolve));
    first.close();
    const second = ask();
    let text = '';
    second.on('data', (piece: string) => (text += piece));
    await new Promise((resolve) => second.once('end', resolve));
    expect(text).toContain('event: response.completed');
    await scene.waitForRequest(({ aborted }) => aborted);
    session.close();
    await expectNothingHappened();
  });

  it('during a refresh: the refresh goes on, its tokens are kept, and no turn is begun', async () => {
    const [key] = await scene.pool(1);
    scene.backend.state.accounts.endAccessTokens(key!);
    scene.backend.state.next('slow,head=500', { endpoint: 'token' });
    const { leave } = begin(question());
    const exchange = await scene.waitForRequest(({ path }) => path === '/oauth/token');
    const leftAt = leave();
    const line = await scene.logged(({ msg, path }) => msg === 'request' && path === '/v1/responses');
    expect(line).toMatchObject({ status: 499, closedBy: 'client' });
    expect((line.time as number) - leftAt).toBeLessThan(WITHIN_MS);
    await scene.logged(({ msg }) => msg === 'token renewed');
    expect(exchange.aborted).toBe(false);
    expect(scene.attempts.map(({ status }) => status)).toEqual([401]);
    await expectNothingHappened();
    expect(scene.backend.state.account(key!).counts).toMatchObject({ refreshes: 1, reused: 0 });
  });

  it('while it waits for the next attempt: there is none', async () => {
    await scene.pool(2);
    scene.backend.state.next('503');
    const { leave } = begin(question());
    await scene.waitForRequest(({ status }) => status === 503);
    leave();
    await scene.logged(({ msg, path, status }) => msg === 'request' && path === '/v1/responses' && status === 499);
    expect((await scene.ask(question())).status).toBe(200);
    expect(scene.attempts.map(({ status }) => status)).toEqual([503, 200]);
  });

  it('gives its place on the account back: five left, five others are served', async () => {
    await scene.pool(1);
    scene.backend.state.next('silence', { times: 5 });
    const left = Array.from({ length: 5 }, () => begin(question()));
    await scene.waitForRequest(() => scene.attempts.filter(({ status }) => status === 200).length === 5);
    expect((await scene.ask(question())).error.code).toBe('no_account_available');
    const times = left.map(({ leave }) => leave());
    await expectAborted(Math.max(...times), 5);
    const answers = await Promise.all(Array.from({ length: 5 }, () => scene.ask(question())));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });
});

const DELTA = 'x'.repeat(8_192);
const DELTAS_A_MESSAGE = 128;

/** A turn of messages of 1 MiB, made as the gateway takes it: `sent` counts the bytes that it has taken. */
class LongTurn {
  sent = 0;
  #number = 0;

  constructor(private readonly messages: number) {}

  *steps(): Generator<Step, void, void> {
    const response = { id: 'resp_long', object: 'response', created_at: 1, model: 'gpt-5.4', output: [] };
    yield this.#event('response.created', { response: { ...response, status: 'in_progress' } });
    for (let i = 0; i < this.messages; i++) yield* this.#message(i);
    const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
    yield this.#event('response.completed', { response: { ...response, status: 'completed', usage } });
  }

  *#message(output_index: number): Generator<Step, void, void> {
    const item = { id: `msg_${output_index}`, type: 'message', role: 'assistant', status: 'in_progress', content: [] as unknown[] };
    const at = { item_id: item.id, output_index, content_index: 0 };
    const part = { type: 'output_text', text: DELTA.repeat(DELTAS_A_MESSAGE), annotations: [], logprobs: [] };
    yield this.#event('response.output_item.added', { output_index, item });
    yield this.#event('response.content_part.added', { ...at, part: { ...part, text: '' } });
    for (let i = 0; i < DELTAS_A_MESSAGE; i++) yield this.#event('response.output_text.delta', { ...at, delta: DELTA });
    yield this.#event('response.output_text.done', { ...at, text: part.text });
    yield this.#event('response.content_part.done', { ...at, part });
    yield this.#event('response.output_item.done', { output_index, item: { ...item, status: 'completed', content: [part] } });
  }

  #event(type: string, rest: object): Step {
    const text = `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#number++, ...rest })}\n\n`;
    this.sent += text.length;
    return raw(text);
  }
}

/** Counts what comes, keeps only the end of it. */
class SlowReader {
  received = 0;
  tail = '';

  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (piece: string) => {
      this.received += piece.length;
      this.tail = (this.tail + piece).slice(-4_096);
    });
  }

  static async ask(url: string, body: unknown): Promise<SlowReader> {
    const socket = openSocket({ port: Number(new URL(url).port), host: '127.0.0.1' });
    const reader = new SlowReader(socket);
    await once(socket, 'connect');
    socket.write(request('POST /v1/responses', { authorization: `Bearer ${KEY}`, connection: 'close' }, JSON.stringify(body)));
    await once(socket, 'data');
    socket.pause();
    return reader;
  }
}

describe('a client that reads slowly', () => {
  /** Waits until the backend gets nothing more rid of. */
  async function stalled(turn: LongTurn): Promise<number> {
    for (let same = 0, last = -1; same < 5; last = turn.sent) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      same = turn.sent === last ? same + 1 : 0;
    }
    return turn.sent;
  }

  it('holds upstream back, costs bounded memory, delays nobody else, and gets everything in the end', async () => {
    await scene.pool(1);
    for (let i = 0; i < 20; i++) await scene.ask({ input: `Warm up ${i} #scenario=long,n=2000,size=100#`, stream: true });
    const long = new LongTurn(32);
    scene.backend.state.board.enqueue('responses', null, { kind: 'steps', steps: long.steps() as unknown as readonly Step[] }, 1);
    const before = await memory.bytes(scene.gateway);
    const reader = await SlowReader.ask(scene.gateway.url, { model: 'gpt-5.4', ...question() });
    for (const readUntil of [0, 16 * MIB]) {
      while (reader.received < readUntil) {
        reader.socket.resume();
        await once(reader.socket, 'data');
      }
      reader.socket.pause();
      const taken = (await stalled(long)) - reader.received;
      // Most of it is in the buffers of the kernel, on two connections; a quarter of the stream is text that is kept.
      expect(taken).toBeLessThan(80 * MIB);
      const growth = ((await memory.bytes(scene.gateway)) - before) / MIB;
      expect(growth).toBeLessThan(10 + long.sent / 4 / MIB);
      expect((await scene.ask(question())).status).toBe(200);
    }
    reader.socket.resume();
    await once(reader.socket, 'end');
    expect(reader.received).toBeGreaterThan(long.sent);
    expect(reader.tail).toMatch(/0\r\n\r\n$/);
  }, 120_000);
});
