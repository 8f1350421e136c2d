import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { figures, scaled } from '../support/fault-scale.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { LiveStream } from '../support/live-stream.js';

const LIMIT_SEC = scaled(10, 2);
const LIMIT_MS = LIMIT_SEC * 1000;
/** The short chance of one more account (a tenth, at least half a second), and the coarse timer of a connection (half a second). */
const SLACK_MS = Math.max(500, LIMIT_MS / 10) + 1_200;
const KEEPALIVE_SEC = 0.2;
const ACCOUNTS = 4;
const TEST_MS = 60_000;

let late: GatewayScene;
let early: GatewayScene;

beforeAll(async () => {
  const config = { 'upstream-idle-timeout-seconds': LIMIT_SEC, 'stream-keepalive-interval': KEEPALIVE_SEC };
  [late, early] = await Promise.all([
    GatewayScene.open({ accounts: ACCOUNTS, config }),
    GatewayScene.open({ accounts: ACCOUNTS, config: { ...config, 'stream-header-hold': 0.3 } }),
  ]);
}, 30_000);
afterAll(async () => {
  await Promise.all([late.close(), early.close()]);
});

interface Told {
  readonly status: number;
  readonly text: string;
  readonly keepalives: number;
}

const DIALECTS = [
  {
    dialect: 'Responses',
    path: '/v1/responses',
    body: (content: string) => ({ input: content }),
    keepalive: /^: keep-alive$/gm,
    failed: /^event: response\.failed$/m,
  },
  {
    dialect: 'Chat Completions',
    path: '/v1/chat/completions',
    body: (content: string) => ({ messages: [{ role: 'user', content }] }),
    keepalive: /^: keep-alive$/gm,
    failed: /^data: \{"error":/m,
  },
  {
    dialect: 'Messages',
    path: '/v1/messages',
    body: (content: string) => ({ max_tokens: 100, messages: [{ role: 'user', content }] }),
    keepalive: /^event: ping$/gm,
    failed: /^event: error$/m,
  },
] as const;

describe.each(DIALECTS)('$dialect, in front of a backend that is silent', ({ path, body, keepalive, failed }) => {
  /** A prompt of its own, to find its attempts by. */
  const ask = async (scene: GatewayScene, scenario: string, stream: boolean): Promise<Told> => {
    const prompt = `Question ${randomUUID()}`;
    const startedAt = Date.now();
    const live = await LiveStream.of(
      scene.gateway.request(path, { json: { model: 'gpt-5.4', stream, ...body(`${prompt} #scenario=${scenario}#`) } }),
    );
    await live.rest();
    const ms = Date.now() - startedAt;
    const attempts = scene.attempts.filter((attempt) => JSON.stringify(attempt.body).includes(prompt)).length;
    const keepalives = live.text.match(keepalive)?.length ?? 0;
    figures(`${path} ${scenario}${stream ? '' : ' without stream'}`, { status: live.status, ms, attempts, keepalives });
    expect(ms).toBeGreaterThan(LIMIT_MS - 1_000);
    expect(ms).toBeLessThan(LIMIT_MS + SLACK_MS);
    expect(attempts).toBeLessThanOrEqual(2);
    expect((await scene.gateway.health()).states).toMatchObject({ active: ACCOUNTS, usable: ACCOUNTS, cooling: 0 });
    return { status: live.status, text: live.text, keepalives };
  };

  it.concurrent.each([true, false])(
    'a turn that is never accepted (stream: %s) is a 504 when the limit is over',
    async (stream) => {
      const { status, text } = await ask(late, 'silence-before-headers', stream);
      expect([status, JSON.parse(text)]).toMatchObject([504, { error: { message: expect.stringMatching(/silent/) } }]);
    },
    TEST_MS,
  );

  it.concurrent.each(['silence', 'text,hang=0'])(
    '%s before the headers have left is a 504 as well',
    async (scenario) => expect((await ask(late, scenario, true)).status).toBe(504),
    TEST_MS,
  );

  it.concurrent.each(['silence', 'text,hang=0', 'text,hang=4'])(
    '%s is kept alive until the limit is over, and told in-band then',
    async (scenario) => {
      const { status, text, keepalives } = await ask(early, scenario, true);
      expect(status).toBe(200);
      expect(text).toMatch(failed);
      expect(keepalives).toBeGreaterThanOrEqual(Math.floor((LIMIT_MS - 1_000) / (KEEPALIVE_SEC * 2_000)));
    },
    TEST_MS,
  );

  it.concurrent(
    'a JSON answer that stops half way is a 504',
    async () => expect((await ask(late, 'text,hang=4', false)).status).toBe(504),
    TEST_MS,
  );
});
