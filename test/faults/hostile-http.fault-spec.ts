import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scaled, tally } from '../support/fault-scale.js';
import { KEY } from '../support/gateway-process.js';
import { HostileScene } from '../support/hostile-scene.js';
import { request } from '../support/raw-http.js';

const TEST_MS = 120_000;
const BODY = '{"model":"gpt-5.4","input":"Smuggled"}';
const AUTH = `authorization: Bearer ${KEY}`;

let hostile: HostileScene;

beforeAll(async () => {
  hostile = await HostileScene.open({ 'listen-max-header-bytes': 65_536, 'listen-read-header-timeout-sec': 1 });
}, 30_000);
afterAll(() => hostile.close());

const statusesOf = (answer: string): string[] => [...answer.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status!);
/** The connection is said to close, or does so after the time for headers. */
const head = (line: string, ...headers: string[]): string => `${line}\r\n${['host: x', AUTH, ...headers].join('\r\n')}\r\n\r\n`;
const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
const length = `content-length: ${BODY.length}`;

describe('requests that are no HTTP', () => {
  const cases: [string, string, RegExp][] = [
    ['both lengths', head('POST /v1/responses HTTP/1.1', length, 'transfer-encoding: chunked') + chunked, /^400$/],
    ['both lengths, the other way', head('POST /v1/responses HTTP/1.1', 'transfer-encoding: chunked', length) + chunked, /^400$/],
    ['two lengths that differ', head('POST /v1/responses HTTP/1.1', length, 'content-length: 5') + BODY, /^400$/],
    ['two lengths that are equal', head('POST /v1/responses HTTP/1.1', length, length) + BODY, /^400$/],
    ['a list of lengths', head('POST /v1/responses HTTP/1.1', `${length}, ${BODY.length}`) + BODY, /^400$/],
    ['a negative length', head('POST /v1/responses HTTP/1.1', 'content-length: -1') + BODY, /^400$/],
    ['a signed length', head('POST /v1/responses HTTP/1.1', `content-length: +${BODY.length}`) + BODY, /^400$/],
    ['a length that overflows', head('POST /v1/responses HTTP/1.1', 'content-length: 99999999999999999999999') + BODY, /^400$/],
    ['a transfer coding behind chunked', head('POST /v1/responses HTTP/1.1', 'transfer-encoding: chunked, gzip') + chunked, /^400$/],
    ['a transfer coding of white space', head('POST /v1/responses HTTP/1.1', 'transfer-encoding: \x0bchunked') + chunked, /^400$/],
    ['a space before the colon', head('POST /v1/responses HTTP/1.1', 'transfer-encoding : chunked') + chunked, /^400$/],
    ['a folded header', head('POST /v1/responses HTTP/1.1', 'x: a\r\n transfer-encoding: chunked', length) + BODY, /^400$/],
    ['a NUL in a header', head('POST /v1/responses HTTP/1.1', 'x: a\0b', length) + BODY, /^400$/],
    ['a bare CR in a header', head('POST /v1/responses HTTP/1.1', 'x: a\rtransfer-encoding: chunked', length) + BODY, /^400$/],
    ['bare LF line ends', head('POST /v1/responses HTTP/1.1', length).replaceAll('\r\n', '\n') + BODY, /^400$/],
    ['bare LF in chunks', head('POST /v1/responses HTTP/1.1', 'transfer-encoding: chunked') + chunked.replaceAll('\r\n', '\n'), /^400$/],
    ['a chunk size that overflows', head('POST /v1/responses HTTP/1.1', 'transfer-encoding: chunked') + `${'f'.repeat(20)}\r\n`, /^400$/],
    [
      'a chunk that is longer than it says',
      head('POST /v1/responses HTTP/1.1', 'transfer-encoding: chunked') + `2\r\n${BODY}\r\n`,
      /^400$/,
    ],
    ['endless chunk extensions', head('POST /v1/responses HTTP/1.1', 'transfer-encoding: chunked') + `1;${'x'.repeat(20_000)}`, /^413$/],
    ['a method nobody knows', head('FETCH /v1/responses HTTP/1.1'), /^400$/],
    ['a method of 64 KiB', `${'A'.repeat(65_536)} / HTTP/1.1\r\n\r\n`, /^400$/],
    ['a version nobody knows', head('POST /v1/responses HTTP/9.9'), /^400$/],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', /^400$/],
    ['one header beyond the limit', head('GET /health HTTP/1.1', `x: ${'x'.repeat(70_000)}`), /^431$/],
    ['too many headers together', head('GET /health HTTP/1.1', ...Array.from({ length: 8_000 }, (_, n) => `x${n}: ${n}`)), /^431$/],
    ['a URL beyond the limit', head(`GET /${'x'.repeat(70_000)} HTTP/1.1`), /^431$/],
  ];

  it(
    'are refused with one answer, and nothing of them reaches the backend',
    () =>
      hostile.attack('malformed', async () => {
        for (const [name, bytes, status] of cases) {
          const answer = await hostile.exchange(bytes);
          const statuses = statusesOf(answer);
          expect([name, statuses]).toEqual([name, [expect.stringMatching(status)]]);
          expect([name, answer]).toEqual([
            name,
            expect.stringMatching(/x-request-id: req_[^]*connection: close[^]*"invalid_request_error"/),
          ]);
        }
        expect(hostile.scene.attempts.filter(({ body }) => JSON.stringify(body).includes('Smuggled'))).toEqual([]);
      }),
    TEST_MS,
  );
});

describe('requests that are odd', () => {
  const close = 'connection: close';
  const cases: [string, string, RegExp][] = [
    ['TRACE', head('TRACE / HTTP/1.1', close), /^(404|405)$/],
    ['an absolute URL', head('GET http://elsewhere.example/api/hello HTTP/1.1', close), /^(200|404|400)$/],
    ['a scheme nobody knows', head('GET gopher://x/ HTTP/1.1', close), /^(400|404)$/],
    ['an asterisk', head('OPTIONS * HTTP/1.1', close), /^(204|400|404|405)$/],
    ['dots in the path', head('GET /../../../etc/passwd HTTP/1.1', close), /^404$/],
    ['encoded dots', head('GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1', close), /^404$/],
    ['a path that cannot be decoded', head('GET /v1/models/%ff%zz HTTP/1.1', close), /^400$/],
    ['a NUL in the path', head('GET /v1/models/%00 HTTP/1.1', close), /^404$/],
    ['an endless query', head(`GET /health?${'a=b&'.repeat(10_000)} HTTP/1.1`, close), /^200$/],
    ['two Host headers', `GET /api/hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n${close}\r\n\r\n`, /^(200|400)$/],
    ['a Host that is none', head('GET /api/hello HTTP/1.1', close).replace('host: x', 'host: @/\\"><script>'), /^200$/],
    ['an upgrade to nonsense', head('GET /api/hello HTTP/1.1', 'connection: upgrade, close', 'upgrade: \u00ff/1'), /^200$/],
    ['1 000 headers', head('GET /api/hello HTTP/1.1', close, ...Array.from({ length: 1_000 }, (_, n) => `x${n}: ${n}`)), /^431$/],
    ['HTTP/1.0', head('GET /api/hello HTTP/1.0'), /^200$/],
  ];

  it(
    'get one answer that is right, or at least harmless',
    () =>
      hostile.attack('odd', async () => {
        for (const [name, bytes, status] of cases) {
          const answer = await hostile.exchange(bytes);
          expect([name, statusesOf(answer)]).toEqual([name, [expect.stringMatching(status)]]);
          expect(answer).not.toMatch(/root:|<script>|node_modules|at .*\.js:/);
        }
        // Node closes these: there is no tunnel here.
        await hostile.exchange(head('CONNECT example.com:443 HTTP/1.1') + 'x'.repeat(10_000));
      }),
    TEST_MS,
  );

  it(
    'like a second request inside the body of a refused one are a body',
    () =>
      hostile.attack('smuggling', async () => {
        const inner = head('POST /v1/responses HTTP/1.1', length) + BODY;
        const outer = request('POST /v1/responses', { authorization: 'Bearer wrong', connection: 'close' }, inner);
        expect(statusesOf(await hostile.exchange(outer))).toEqual(['401']);
        expect(hostile.scene.attempts.filter(({ body }) => JSON.stringify(body).includes('Smuggled'))).toEqual([]);
      }),
    TEST_MS,
  );
});

describe('keys that are guessed', () => {
  const guess = (key: string, path = '/v1/responses'): string => request(`POST ${path}`, { authorization: `Bearer ${key}` }, BODY);

  it(
    'are refused one after the other, and the log stays short',
    () =>
      hostile.attack(
        'wrong keys',
        async () => {
          const clients = await hostile.connectMany(20);
          for (let n = 1; n <= scaled(1_000, 150); n++) {
            for (const client of clients) client.received = '';
            await Promise.all(clients.map((client) => client.send(guess(`sk-${n}`)).until(/^HTTP\/1\.1 401 [^]*"invalid_api_key"/)));
          }
        },
        { lines: 1_000 },
      ),
    TEST_MS,
  );

  it(
    'of any length and make are refused alike',
    () =>
      hostile.attack('strange keys', async () => {
        const keys = [
          '',
          ' ',
          'x'.repeat(60_000),
          `${KEY}x`,
          KEY.slice(0, -1),
          KEY.toUpperCase(),
          '\u00ff'.repeat(100),
          '__proto__',
          `${KEY},${KEY}`,
        ];
        const answers = await Promise.all(keys.map((key) => hostile.exchange(guess(key), /"code"/)));
        expect(tally(answers.flatMap(statusesOf))).toEqual({ 401: keys.length });
        expect(hostile.scene.gateway.log).not.toMatch(/x{100}|__proto__/);
      }),
    TEST_MS,
  );
});
