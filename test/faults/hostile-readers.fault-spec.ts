import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { FULL, scaled } from '../support/fault-scale.js';
import { HostileScene } from '../support/hostile-scene.js';

const TEST_MS = 120_000;
const READERS = scaled(24, 10);
const WRITE_SEC = scaled(1.5, 1);
/** What the kernel takes for each (about 8 MiB on two connections) stays as text until the turn is over, and once more until it is collected. */
const MEMORY = { growthMib: 150 + READERS * 16 };

let hostile: HostileScene;

beforeAll(async () => {
  hostile = await HostileScene.open({ 'listen-write-timeout-sec': WRITE_SEC });
}, 30_000);
afterAll(() => hostile.close());

/** 16 MiB, far more than the kernel's buffers take. */
const LARGE = 'long,n=2000,size=8192';

/** They share what writes and what cuts off. */
const DIALECTS = [
  ['Responses', '/v1/responses', { input: `Much #scenario=${LARGE}#` }],
  ['Chat Completions', '/v1/chat/completions', { messages: [{ role: 'user', content: `Much #scenario=${LARGE}#` }] }],
  ['Messages', '/v1/messages', { max_tokens: 100, messages: [{ role: 'user', content: `Much #scenario=${LARGE}#` }] }],
] as const;

describe.each(FULL ? DIALECTS : DIALECTS.slice(0, 1))('%s', (_dialect, path, body) => {
  const question = JSON.stringify({ model: 'gpt-5.4', stream: true, ...body });

  it(
    'clients that ask for large streams and never read are cut off, and the backend is let go',
    () =>
      hostile.attack(
        `${path}, never read`,
        async () => {
          for (const client of await hostile.connectMany(READERS)) {
            client.socket.pause();
            client.send(hostile.post(question, {}, path));
          }
          await hostile.scene.waitForRequest(
            () => hostile.scene.attempts.filter(({ scenario, aborted }) => scenario === LARGE && aborted).length === READERS,
          );
        },
        MEMORY,
      ),
    TEST_MS,
  );
});

it(
  'clients that read a byte at a time keep their place while they do, and leave nothing behind when they go',
  () =>
    hostile.attack(
      'read by the byte',
      async () => {
        const clients = await hostile.connectMany(READERS);
        const question = JSON.stringify({ model: 'gpt-5.4', stream: true, input: `Much #scenario=${LARGE}#` });
        for (const client of clients) {
          client.socket.pause();
          client.send(hostile.post(question));
        }
        for (let second = 0; second < scaled(10, 2); second++) {
          await sleep(1_000);
          for (const client of clients) client.socket.read(1);
        }
        for (const client of clients) client.socket.resetAndDestroy();
        await hostile.scene.waitForRequest(() =>
          hostile.scene.attempts.filter(({ scenario }) => scenario === LARGE).every(({ aborted }) => aborted),
        );
      },
      MEMORY,
    ),
  TEST_MS,
);
