import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FULL, scaled, tally } from '../support/fault-scale.js';
import { HostileScene } from '../support/hostile-scene.js';

const MIB = 1_048_576;
const TEST_MS = 120_000;
const LIMIT_MB = 4;
const BUDGET_MB = 64;
const ROUNDS = scaled(10, 1);
const AT_ONCE = 10;

let hostile: HostileScene;

beforeAll(async () => {
  hostile = await HostileScene.open({ 'max-body-size-mb': LIMIT_MB, 'body-memory-mb': BUDGET_MB });
}, 30_000);
afterAll(() => hostile.close());

const DIALECTS = [
  { path: '/v1/responses', error: { error: { type: expect.any(String), message: expect.any(String) } } },
  { path: '/v1/chat/completions', error: { error: { type: expect.any(String), message: expect.any(String) } } },
  { path: '/v1/messages', error: { type: 'error', error: { type: expect.any(String), message: expect.any(String) } } },
] as const;

/** Status, after the error has been found to be one of the dialect. */
const statusOf = (answer: string, dialect: (typeof DIALECTS)[number]): string => {
  const [head, body] = answer.split('\r\n\r\n', 2) as [string, string];
  const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? JSON.stringify(answer);
  if (status.startsWith('4')) expect(JSON.parse(body)).toMatchObject(dialect.error);
  return status;
};

/** Sends the same body again and again, to all dialects by turns. */
async function flood(bytes: (path: string) => string | Buffer, rounds = ROUNDS): Promise<Record<string, number>> {
  const statuses: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const answers = Array.from({ length: AT_ONCE }, async (_, n) => {
      const dialect = DIALECTS[n % DIALECTS.length]!;
      return statusOf(await hostile.exchange(bytes(dialect.path), /\r\n\r\n[^]*(\}|\n\n)/), dialect);
    });
    statuses.push(...(await Promise.all(answers)));
  }
  return tally(statuses);
}
const all = (status: number): Record<string, number> => ({ [status]: ROUNDS * AT_ONCE });
const post = (path: string, body: Buffer | string, headers: Record<string, string> = {}): Buffer => {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(hostile.post('', { 'content-length': String(bytes.length), ...headers }, path)), bytes]);
};
/** A body costs up to three times its share of the budget while it is parsed; the rest is what the collector has not collected yet. */
const attack = (name: string, run: () => Promise<void>): Promise<void> => hostile.attack(name, run, { growthMib: 3 * BUDGET_MB + 150 });

describe('giant bodies', () => {
  it(
    'that are announced are answered 413 before they come, and cut off when they come all the same',
    () =>
      attack('announced giants', async () => {
        expect(await flood((path) => hostile.post('', { 'content-length': String(100 * 1024 * MIB) }, path))).toEqual(all(413));
        expect(await flood((path) => hostile.post('', { 'content-length': '99999999999999999' }, path))).toEqual(all(413));
        const clients = await hostile.connectMany(AT_ONCE);
        for (const client of clients) client.send(hostile.post('x'.repeat(8 * MIB), { 'content-length': String(1024 * MIB) }));
        for (const client of clients) expect(await (FULL ? client.end() : client.until(/\}/))).toMatch(/^HTTP\/1\.1 413 /);
      }),
    TEST_MS,
  );

  it(
    'of unknown length are answered 413 as soon as they are too large',
    () =>
      attack('chunked giants', async () => {
        const piece = `${MIB.toString(16)}\r\n${' '.repeat(MIB)}\r\n`;
        const body = Buffer.from(piece.repeat(LIMIT_MB + 1));
        expect(
          await flood((path) => Buffer.concat([Buffer.from(hostile.post('', { 'transfer-encoding': 'chunked' }, path)), body])),
        ).toEqual(all(413));
      }),
    TEST_MS,
  );

  it(
    'in pieces of a byte take their turns: nobody else waits for them',
    () =>
      attack('fine pieces', async () => {
        const clients = await hostile.connectMany(scaled(40, 20));
        const pieces = '1\r\n \r\n'.repeat(30_000);
        for (const client of clients) client.send(hostile.post('', { 'transfer-encoding': 'chunked' }) + pieces);
        await new Promise((resolve) => setTimeout(resolve, scaled(10_000, 1_000)));
      }),
    TEST_MS,
  );

  it(
    'that are shorter than announced are answered 400 when their clients close, and go nowhere',
    () =>
      attack('cut bodies', async () => {
        const clients = await hostile.connectMany(100);
        for (const client of clients) client.send(hostile.post('{"model":"gpt-5.4","input":"x"}', { 'content-length': '1000000' }));
        for (const client of clients) client.socket.end();
        for (const client of clients) expect(await client.end()).toMatch(/^HTTP\/1\.1 400 /);
        expect(hostile.scene.attempts.filter(({ body }) => (body as { input?: unknown }).input === 'x')).toEqual([]);
      }),
    TEST_MS,
  );

  it(
    'of all clients together stay within their budget; who does not fit is told to come again',
    () =>
      attack('many large bodies', async () => {
        const clients = await hostile.connectMany(scaled(200, 60));
        const most = Buffer.alloc(3 * MIB, ' ');
        for (const client of clients) client.send(hostile.post('', { 'content-length': String(most.length + 1) })).send(most);
        await new Promise((resolve) => setTimeout(resolve, scaled(10_000, 1_000)));
      }),
    TEST_MS,
  );
});

describe('compressed bodies', () => {
  const zeros = Buffer.alloc(scaled(512, 64) * MIB, ' ');
  const brotli = (bytes: Buffer): Buffer => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  const bombs: [string, () => Buffer][] = [
    ['gzip', () => gzipSync(zeros)],
    ['deflate', () => deflateSync(zeros)],
    ['br', () => brotli(zeros)],
    ['zstd', () => zstdCompressSync(zeros)],
    ['gzip, gzip', () => gzipSync(gzipSync(zeros))],
    ['br, zstd', () => zstdCompressSync(brotli(zeros))],
  ];

  it(
    'that unpack to more than the limit are answered 413',
    () =>
      attack('bombs', async () => {
        for (const [encoding, make] of bombs) {
          const bomb = make();
          const statuses = await flood((path) => post(path, bomb, { 'content-encoding': encoding }));
          expect([encoding, statuses]).toEqual([encoding, all(413)]);
        }
      }),
    TEST_MS,
  );

  it(
    'that are damaged, cut or no such data are answered 400; unknown and stacked codings 415',
    () =>
      attack('broken compression', async () => {
        const good = gzipSync(JSON.stringify({ model: 'gpt-5.4', input: 'x' }));
        const damaged = Buffer.from(good).fill(0xff, 12, 20);
        for (const body of [damaged, good.subarray(0, -9), Buffer.from('{}'), Buffer.alloc(1)])
          for (const encoding of ['gzip', 'deflate', 'br', 'zstd'])
            expect(await flood((path) => post(path, body, { 'content-encoding': encoding }), 1)).toEqual({ 400: AT_ONCE });
        for (const encoding of ['compress', 'gzip, gzip, gzip', `gzip${', gzip'.repeat(10_000)}`, '\u00fcber', '__proto__'])
          expect(await flood((path) => post(path, good, { 'content-encoding': encoding }), 1)).toEqual({ 415: AT_ONCE });
      }),
    TEST_MS,
  );
});

describe('JSON', () => {
  const deep = (open: string, close: string, levels = 100_000): string => open.repeat(levels) + close.repeat(levels);
  const inField = (value: string): string =>
    `{"model":"gpt-5.4","max_tokens":9,"input":${value},"messages":${value},"tools":${value},"metadata":${value}}`;

  const cases: [string, () => string, number][] = [
    ['100 000 arrays deep', () => deep('[', ']'), 400],
    ['100 000 arrays deep in a field', () => inField(deep('[', ']')), 400],
    ['100 000 objects deep', () => inField(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`), 400],
    ['of brackets that never close', () => '['.repeat(3 * MIB), 413],
    ['of a million tiny objects', () => `{"model":"gpt-5.4","input":[${'{},'.repeat(999_999)}{}]}`, 413],
    ['of a million numbers', () => `{"model":"gpt-5.4","input":[${'1,'.repeat(999_999)}1]}`, 413],
    ['of 100 000 messages that are none', () => `{"model":"gpt-5.4","max_tokens":9,"messages":[${'{},'.repeat(99_999)}{}]}`, 400],
    ['of 200 000 escaped quotes', () => inField(`"${'\\"'.repeat(200_000)}`), 400],
    ['of backslashes that never end', () => `{"model":"${'\\'.repeat(3 * MIB)}`, 400],
    ['with a model name of 3 MiB', () => inField('"x"').replace('gpt-5.4', 'x'.repeat(3 * MIB)), 404],
    ['cut in the middle', () => inField('"x').slice(0, 60), 400],
    ['with a NUL outside of strings', () => `${inField('"x"').slice(0, -1)}\0}`, 400],
    ['that is a number', () => `${'9'.repeat(MIB)}`, 400],
    [
      'with 1e999 for a token limit',
      () => '{"model":"gpt-5.4","max_tokens":1e999,"max_output_tokens":1e999,"input":"x","messages":[]}',
      400,
    ],
  ];

  it(
    'that is deep, wide, huge or broken is answered with the right error, and quickly',
    () =>
      attack('JSON', async () => {
        for (const [name, make, status] of cases) {
          const body = make();
          const statuses = await flood((path) => post(path, body), 1);
          // A dialect may find another fault first.
          expect([name, { 400: 0, ...statuses }]).toEqual([name, { 400: expect.any(Number), [status]: expect.any(Number) }]);
        }
      }),
    TEST_MS,
  );
});

describe('strange, but no error', () => {
  const answers = async (json: string | Buffer, path = '/v1/responses'): Promise<unknown> => {
    const answer = await fetch(`${hostile.scene.gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-test-key' },
      body: json as string,
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
    return hostile.scene.attempts.at(-1)!.body;
  };

  it('a key twice: the last one counts', async () => {
    expect(await answers('{"model":"nonsense","model":"gpt-5.4","input":"x"}')).toMatchObject({ model: 'gpt-5.4' });
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])('a field called %s reaches nothing', async (name) => {
    await answers(`{"model":"gpt-5.4","input":"x","${name}":{"stream":true,"polluted":true}}`);
    const tool = `{"type":"function","name":"f","parameters":{"type":"object","properties":{"${name}":{"type":"string"}}}}`;
    const sent = await answers(`{"model":"gpt-5.4","input":"x","tools":[${tool}]}`);
    expect(JSON.stringify(sent)).toContain(`"${name}":{"type":"string"}`);
    expect((await hostile.scene.ask({ input: 'x', stream: false })).status).toBe(200);
  });

  it.each([
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from('{"model":"gpt-5.4","input":"a'), Buffer.from([0xff, 0xc0, 0xed, 0xa0, 0x80]), Buffer.from('b"}')]),
    ],
    ['lone surrogates', '{"model":"gpt-5.4","input":"a\\ud800 \\udc00b"}'],
    ['NUL in a string', '{"model":"gpt-5.4","input":"a\\u0000b"}'],
  ])('%s in a text is taken on', async (_name, json) => {
    const { input } = (await answers(json)) as { input: unknown };
    expect(JSON.stringify(input)).toMatch(/"text":"a.*b"/);
  });
});
