import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scaled, tally } from '../support/fault-scale.js';
import { HostileScene } from '../support/hostile-scene.js';
import { type RawClient, request } from '../support/raw-http.js';

const TEST_MS = 120_000;
const HEADER_SEC = scaled(1, 0.5);
const statusOf = (answer: string): string => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? (answer === '' ? 'closed' : answer.slice(0, 60));

let hostile: HostileScene;
let answered = 0;

const question = (scenario = 'text'): string =>
  JSON.stringify({ model: 'gpt-5.4', stream: true, input: `Question ${++answered} #scenario=${scenario}#` });
const answersOf = async (clients: readonly RawClient[]): Promise<Record<string, number>> =>
  tally((await Promise.all(clients.map((client) => client.end()))).map(statusOf));
const every = async (ms: number, times: number, step: (n: number) => void): Promise<void> => {
  for (let n = 0; n < times; n++) {
    step(n);
    await sleep(ms);
  }
};

describe('connections that only cost', () => {
  beforeAll(async () => {
    hostile = await HostileScene.open({ 'listen-read-header-timeout-sec': HEADER_SEC, 'listen-idle-timeout-sec': HEADER_SEC });
  }, 30_000);
  afterAll(() => hostile.close());

  const COUNT = scaled(2_000, 400);

  it(
    'that never speak are closed when the time for headers is over',
    () =>
      hostile.attack('silent connections', async () => {
        expect(await answersOf(await hostile.connectMany(COUNT))).toEqual({ closed: COUNT });
      }),
    TEST_MS,
  );

  it(
    'that are kept alive without a request are closed when the time for that is over',
    () =>
      hostile.attack('kept-alive connections', async () => {
        const clients = await hostile.connectMany(COUNT / 2);
        for (const client of clients) client.send(request('GET /api/hello'));
        expect(await answersOf(clients)).toEqual({ 200: COUNT / 2 });
      }),
    TEST_MS,
  );

  it(
    'whose headers come byte by byte are answered 408',
    () =>
      hostile.attack('slow headers', async () => {
        const clients = await hostile.connectMany(COUNT / 2);
        const head = hostile.post(question());
        const slow = every(100, scaled(30, 12), (n) => clients.forEach((client) => client.closed || client.send(head[n]!)));
        expect(await answersOf(clients)).toEqual({ 408: COUNT / 2 });
        await slow;
      }),
    TEST_MS,
  );

  it(
    'whose bodies come byte by byte hold nobody up, and leave nothing behind when their clients go',
    () =>
      hostile.attack('slow bodies', async () => {
        const clients = await hostile.connectMany(COUNT / 2);
        const text = question();
        for (const client of clients) client.send(hostile.post('', { 'content-length': String(text.length) }));
        await every(100, scaled(50, 8), (n) => clients.forEach((client) => client.send(text[n]!)));
        expect(clients.filter(({ closed }) => closed)).toHaveLength(0);
        clients.forEach((client, n) => (n % 2 ? client.destroy() : client.socket.resetAndDestroy()));
      }),
    TEST_MS,
  );
});

describe('floods', () => {
  // With the usual limits: on a busy machine a flood may last longer than one of half a second, also for honest clients.
  beforeAll(async () => {
    hostile = await HostileScene.open();
  }, 30_000);
  afterAll(() => hostile.close());

  it(
    'of connections that are reset at once, in their headers and in their bodies',
    () =>
      hostile.attack('resets', async () => {
        const whole = hostile.post(question());
        for (let round = 0; round < scaled(40, 6); round++) {
          const clients = await hostile.connectMany(100);
          clients.forEach((client, n) => client.send(whole.slice(0, (n * whole.length) / 100)));
          await sleep(10);
          for (const client of clients) client.socket.resetAndDestroy();
        }
      }),
    TEST_MS,
  );

  it(
    'of requests, each connection with many at once: the ones beyond 32 end it',
    () =>
      hostile.attack(
        'pipelining',
        async () => {
          const clients = await hostile.connectMany(50);
          for (const client of clients) client.send(hostile.post(question('slow,head=300')).repeat(1_000));
          await Promise.all(clients.map((client) => client.end()));
          const honest = await hostile.connect();
          honest.send(request('GET /api/hello').repeat(16));
          await honest.until(/(hello[^]*){16}/);
          // Two for each request that is taken on.
        },
        { lines: 50 * 32 * 2 + 500 },
      ),
    TEST_MS,
  );

  it(
    // A client that has closed its side cannot be told from one that is gone.
    'of requests from clients that close their side at once: nothing is done for them any more',
    () =>
      hostile.attack('half-open', async () => {
        const clients = await hostile.connectMany(200);
        for (const client of clients) client.socket.end(hostile.post(question('slow,head=20000')));
        await Promise.all(clients.map((client) => client.end()));
      }),
    TEST_MS,
  );

  it(
    'of clients that hang up in the middle of their streams: the backend is let go within a second',
    () =>
      hostile.attack(
        'hang-ups',
        async () => {
          for (let round = 0; round < scaled(10, 2); round++) {
            const clients = await hostile.connectMany(100);
            for (const client of clients) client.send(hostile.post(question('long,n=1000,delay=20')));
            await Promise.all(clients.map((client) => client.until(/output_text\.delta/)));
            const numbers = hostile.scene.attempts.filter(({ scenario, aborted }) => scenario?.startsWith('long,n=1000') && !aborted);
            expect(numbers).toHaveLength(100);
            for (const client of clients) {
              await sleep(Math.random() * 4);
              if (Math.random() < 0.5) client.destroy();
              else client.socket.resetAndDestroy();
            }
            const end = Date.now();
            await hostile.scene.waitForRequest(() => numbers.every(({ aborted }) => aborted));
            for (const { abortedAt } of numbers) expect(abortedAt! - end).toBeLessThan(1_000);
          }
        },
        { lines: scaled(4_000, 1_000) },
      ),
    TEST_MS,
  );
});
