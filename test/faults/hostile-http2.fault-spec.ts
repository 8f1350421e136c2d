import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { scaled, tally } from '../support/fault-scale.js';
import { KEY } from '../support/gateway-process.js';
import { HostileScene } from '../support/hostile-scene.js';
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  fields,
  frame,
  HEADERS,
  newestField,
  PING,
  PREFACE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from '../support/http2-frames.js';
import type { RawClient } from '../support/raw-http.js';

const TEST_MS = 120_000;
const STREAMS = 50;
const POST: Record<string, string> = { ':method': 'POST', ':path': '/v1/responses', authorization: `Bearer ${KEY}` };
/** In the order that is valid on the wire. */
const FIELDS = { ':scheme': 'http', ':authority': 'x', ...POST };
const question = (scenario: string): string => JSON.stringify({ model: 'gpt-5.4', stream: true, input: `Question #scenario=${scenario}#` });

let hostile: HostileScene;
const sessions: ClientHttp2Session[] = [];

beforeAll(async () => {
  hostile = await HostileScene.open({
    'h2-max-concurrent-streams': STREAMS,
    'listen-read-header-timeout-sec': 1,
    'listen-idle-timeout-sec': 1,
    'listen-write-timeout-sec': 1,
    'listen-max-header-bytes': 65_536,
  });
}, 30_000);
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
});
afterAll(() => hostile.close());

const open = (settings = {}): ClientHttp2Session => {
  const session = connect(hostile.scene.gateway.url, { settings });
  session.on('error', () => undefined);
  sessions.push(session);
  return session;
};
const openRaw = async (count: number): Promise<RawClient[]> => {
  const clients = await hostile.connectMany(count);
  for (const client of clients) client.send(PREFACE).send(frame(SETTINGS, 0, 0));
  return clients;
};
/** Sends until the gateway has enough of it. */
async function floodUntilClosed(clients: readonly RawClient[], bytes: (round: number) => Buffer): Promise<void> {
  for (let round = 0; clients.some(({ closed }) => !closed) && round < 2_000; round++) {
    for (const client of clients) if (!client.closed && client.socket.writableLength < 4_194_304) client.send(bytes(round));
    await sleep(5);
  }
  expect(clients.filter(({ closed }) => !closed)).toEqual([]);
}
const attack = (name: string, run: () => Promise<void>): (() => Promise<void>) => {
  return () => hostile.attack(name, run, { lines: 20_000, growthMib: 300, kept: STREAMS });
};

it(
  'streams that are begun and reset at once end their connection',
  attack('rapid reset', async () => {
    const clients = await openRaw(scaled(20, 2));
    await floodUntilClosed(clients, (round) => {
      const streams = Array.from({ length: 100 }, (_, n) => 1 + 2 * (round * 100 + n));
      const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
      return Buffer.concat(streams.flatMap((id) => [frame(HEADERS, END_HEADERS, id, fields(FIELDS)), frame(RST_STREAM, 0, id, cancel)]));
    });
  }),
  TEST_MS,
);

it.each([
  ['SETTINGS', frame(SETTINGS, 0, 0)],
  ['PING', frame(PING, 0, 0, Buffer.alloc(8))],
])(
  'a flood of %s frames whose answers nobody reads ends its connection',
  (name, bytes) =>
    attack(`${name} flood`, async () => {
      const clients = await openRaw(scaled(10, 3));
      for (const client of clients) client.socket.pause();
      const many = Buffer.concat(Array<Buffer>(5_000).fill(bytes));
      for (let round = 0; round < scaled(200, 30); round++) {
        for (const client of clients) if (client.socket.writableLength < 4_194_304) client.send(many);
        await sleep(5);
      }
    })(),
  TEST_MS,
);

it(
  'headers that go on for ever end their connection',
  attack('CONTINUATION flood', async () => {
    const clients = await openRaw(10);
    for (const client of clients) client.send(frame(HEADERS, 0, 1, fields(FIELDS)));
    await floodUntilClosed(clients, () => frame(CONTINUATION, 0, 1, fields({ x: 'y'.repeat(8_000) })));
  }),
  TEST_MS,
);

it(
  'headers that are small only on the wire are refused',
  attack('header bomb', async () => {
    const block = Buffer.concat([fields(FIELDS), fields({ x: 'y'.repeat(3_900) }, true), newestField(12_000)]);
    const clients = await openRaw(10);
    for (const client of clients) client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block));
    // Nothing of them becomes a request: reset, or the connection ends when it has been idle.
    await Promise.all(clients.map((client) => client.end()));
    expect(hostile.scene.log.filter(({ msg, path, status }) => msg === 'request' && path === '/v1/responses' && status !== 200)).toEqual(
      [],
    );
  }),
  TEST_MS,
);

it(
  'streams beyond the limit are refused, those within it are served',
  attack('too many streams', async () => {
    const [client] = await openRaw(1);
    const body = Buffer.from(question('long,n=3,delay=100'));
    const ids = Array.from({ length: STREAMS * 4 }, (_, n) => 1 + 2 * n);
    const requests = ids.flatMap((id) => [frame(HEADERS, END_HEADERS, id, fields(FIELDS)), frame(DATA, END_STREAM, id, body)]);
    client!.send(Buffer.concat([frame(WINDOW_UPDATE, 0, 0, Buffer.from([1, 0, 0, 0])), ...requests]));
    await client!.end();
    const completed = client!.received.match(/event: response\.completed/g)?.length ?? 0;
    expect(completed).toBeGreaterThan(0);
    expect(completed).toBeLessThanOrEqual(STREAMS);
  }),
  TEST_MS,
);

it(
  'streams without a window are cut off, and the backend is let go',
  attack('zero windows', async () => {
    const session = open({ initialWindowSize: 0 });
    // A connection that is alive in the eyes of Node.
    const alive = setInterval(() => session.ping(() => undefined), 100);
    const codes = await Promise.all(
      Array.from({ length: STREAMS }, () => {
        const stream = session.request(POST);
        stream.on('error', () => undefined);
        stream.end(question('long,n=60,size=8192'));
        return new Promise<number>((resolve) => stream.once('close', () => resolve(stream.rstCode)));
      }),
    );
    clearInterval(alive);
    expect(tally(codes)).toEqual({ [constants.NGHTTP2_INTERNAL_ERROR]: STREAMS });
  }),
  TEST_MS,
);

it(
  'connections that say only that they speak HTTP/2, in part or whole, are closed',
  attack('idle sessions', async () => {
    const clients = await hostile.connectMany(scaled(1_000, 100));
    clients.forEach((client, n) => client.send(PREFACE.slice(0, 1 + (n % PREFACE.length))));
    await Promise.all(clients.map((client) => client.end()));
  }),
  TEST_MS,
);

it(
  'frames that are none end their connection',
  attack('garbage', async () => {
    const garbage = [
      Buffer.alloc(1_000, 0xff),
      frame(DATA, 0, 0, Buffer.alloc(10)),
      frame(HEADERS, END_HEADERS, 2, fields(FIELDS)),
      frame(HEADERS, END_HEADERS, 1, Buffer.alloc(100, 0xff)),
      frame(SETTINGS, 0, 0, Buffer.alloc(5)),
      frame(DATA, 0, 9, Buffer.alloc(10)),
    ];
    const clients = await openRaw(garbage.length);
    clients.forEach((client, n) => client.send(garbage[n]!));
    await Promise.all(clients.map((client) => client.end()));
    const session = open();
    const status = await new Promise((resolve) =>
      session.request({ ':path': '/api/hello' }).once('response', (head) => resolve(head[':status'])),
    );
    expect(status).toBe(200);
  }),
  TEST_MS,
);
