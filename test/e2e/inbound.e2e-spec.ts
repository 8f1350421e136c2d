import { constants, connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/inbound-app.js';
import { RawClient, request } from '../support/raw-http.js';

const MIB = 1_048_576;

let test: TestApp | undefined;
const clients: RawClient[] = [];
const sessions: ClientHttp2Session[] = [];

const start = async (keys: Record<string, unknown> = {}): Promise<TestApp> => (test = await startApp(keys));
const open = async (): Promise<RawClient> => {
  const client = await RawClient.open(test!.port);
  clients.push(client);
  return client;
};
const openHttp2 = (): ClientHttp2Session => {
  const session = connectHttp2(`http://127.0.0.1:${test!.port}`);
  session.on('error', () => undefined);
  sessions.push(session);
  return session;
};
const url = (path: string): string => `http://127.0.0.1:${test!.port}${path}`;

const exchangeHttp2 = (session: ClientHttp2Session, headers: Record<string, string>, body?: Buffer | string) =>
  new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined });
    let head: IncomingHttpHeaders = {};
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (received) => (head = received));
    stream.on('data', (chunk: string) => (text += chunk));
    stream.on('end', () => resolve({ status: Number(head[':status']), headers: head, text }));
    stream.on('error', reject);
    if (body !== undefined) stream.end(body);
  });

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const session of sessions.splice(0)) session.destroy();
  await test?.app.close();
  test = undefined;
});

describe('one port', () => {
  it('serves HTTP/1.1 and HTTP/2 with prior knowledge', async () => {
    await start();
    const first = await fetch(url('/v1/echo'), { method: 'POST', body: 'hello' });
    expect(await first.json()).toEqual({ bytes: 5, text: 'hello', http: '1.1' });

    const session = openHttp2();
    const answers = await Promise.all(
      ['a', 'bb', 'ccc'].map((body) => exchangeHttp2(session, { ':method': 'POST', ':path': '/v1/echo' }, body)),
    );
    expect(answers.map(({ text }) => JSON.parse(text))).toEqual(
      ['a', 'bb', 'ccc'].map((text) => ({ bytes: text.length, text, http: '2.0' })),
    );
  });

  it('answers an HTTP/2 request at once, without waiting for delayed acknowledgements', async () => {
    await start();
    const session = openHttp2();
    await exchangeHttp2(session, { ':path': '/api/hello' });
    const begin = performance.now();
    for (let i = 0; i < 20; i++) await exchangeHttp2(session, { ':method': 'POST', ':path': '/v1/echo' }, 'x');
    expect((performance.now() - begin) / 20).toBeLessThan(20);
  });

  it('knows a protocol whose first bytes come one by one', async () => {
    await start();
    const put = await open();
    for (const byte of 'POST /v1/echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nok') {
      await new Promise((resolve) => put.socket.write(byte, resolve));
      await new Promise(setImmediate);
    }
    expect(await put.until(/"http":"1.1"/)).toContain('"text":"ok"');

    const http2 = await open();
    for (const byte of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') {
      await new Promise((resolve) => http2.socket.write(byte, resolve));
      await new Promise(setImmediate);
    }
    http2.send(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    // The server's SETTINGS frame, type 4 on stream 0.

    await http2.until(/^\x00\x00[^]\x04\x00\x00\x00\x00\x00/);
  });

  it('does not speak HTTP/2 when enable-listen-h2c is false', async () => {
    await start({ 'enable-listen-h2c': false });
    const client = await open();
    expect(await client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n').end()).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('serves an h2c upgrade as plain HTTP/1.1, with its body', async () => {
    await start();
    const client = await open();
    const upgrade = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
    client.send(request('POST /v1/echo', upgrade, 'hello'));
    expect(await client.until(/"http":"1.1"}/)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    client.send(request('POST /v1/echo', { ...upgrade, upgrade: 'foo/2' }, 'again'));
    await client.until(/"text":"again"/);
  });

  it('brings a WebSocket upgrade to its route as an ordinary GET', async () => {
    await start();
    const client = await open();
    const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' };
    client.send(request('GET /v1/responses', { connection: 'Upgrade', upgrade: 'websocket', ...key }));
    expect(await client.until(/"upgrade":"websocket"/)).toMatch(/^HTTP\/1\.1 426 /);
  });

  it('refuses CONNECT without harm', async () => {
    await start();
    const client = await open();
    await client.send(request('CONNECT example.com:443')).end();
    expect((await fetch(url('/api/hello'))).status).toBe(200);
  });
});

describe('time limits', () => {
  it('ends a connection that never speaks, and one whose headers are too slow', async () => {
    await start({ 'listen-read-header-timeout-sec': 0.2 });
    const silent = await open();
    const partial = await open();
    const preface = await open();
    partial.send('POST /v1/echo HTTP/1.1\r\nhost:');
    preface.send('PR');
    expect(await silent.end()).toBe('');
    expect(await preface.end()).toBe('');
    expect(await partial.end()).toMatch(/^HTTP\/1\.1 408 [^]*x-request-id: req_/);
  });

  it('closes idle connections, HTTP/1.1 and HTTP/2', async () => {
    await start({ 'listen-idle-timeout-sec': 0.2 });
    const client = await open();
    expect(await client.send(request('GET /api/hello')).end()).toContain('{"message":"hello"}');
    const session = openHttp2();
    const closed = new Promise((resolve) => session.once('close', resolve));
    await exchangeHttp2(session, { ':path': '/api/hello' });
    await closed;
  });

  it('refuses headers beyond listen-max-header-bytes', async () => {
    await start({ 'listen-max-header-bytes': 4096 });
    const client = await open();
    expect(await client.send(request('GET /', { big: 'x'.repeat(5000) })).end()).toMatch(/^HTTP\/1\.1 431 [^]*x-request-id: req_/);
  });

  it('drops connections beyond listen-concurrency', async () => {
    await start({ 'listen-concurrency': 1 });
    const first = await open();
    await first.send(request('GET /api/hello')).until(/hello/);
    expect(await (await open()).end()).toBe('');
    await first.send(request('GET /api/hello')).until(/hello[^]*hello/);
  });
});

describe('request bodies', () => {
  it('answers 413 to a declared size before the body is sent', async () => {
    await start({ 'max-body-size-mb': 1 });
    const client = await open();
    client.send(request('POST /v1/echo', { 'content-length': String(MIB + 1) }));
    expect(await client.until(/too_large/)).toMatch(/^HTTP\/1\.1 413 [^]*x-request-id: req_/);
  });

  it('answers 413 to a chunked body as soon as it is too large, and lets the client read the answer', async () => {
    await start({ 'max-body-size-mb': 1 });
    const client = await open();
    client.send(request('POST /v1/echo', { 'transfer-encoding': 'chunked' }));
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
    for (let i = 0; i < 40; i++) client.send(chunk);
    client.send('0\r\n\r\n');
    expect(await client.until(/too_large/)).toMatch(/^HTTP\/1\.1 413 /);
    // The connection is still good.
    await client.send(request('POST /v1/echo', {}, 'ok')).until(/"text":"ok"/);

    const session = openHttp2();
    expect((await exchangeHttp2(session, { ':method': 'POST', ':path': '/v1/echo' }, Buffer.alloc(2 * MIB))).status).toBe(413);
  });

  it('takes a body of exactly the limit', async () => {
    await start({ 'max-body-size-mb': 1 });
    const answer = await fetch(url('/v1/echo'), { method: 'POST', body: Buffer.alloc(MIB) });
    expect(await answer.json()).toMatchObject({ bytes: MIB });
  });

  const encoders = {
    gzip: gzipSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
    deflate: deflateSync,
    'deflate, gzip': (bytes: Buffer) => gzipSync(deflateSync(bytes)),
    identity: (bytes: Buffer) => bytes,
  };

  it.each(Object.entries(encoders))('undoes content-encoding %s', async (encoding, encode) => {
    await start();
    const text = 'hello '.repeat(1000);
    const body = encode(Buffer.from(text));
    const answer = await fetch(url('/v1/echo'), { method: 'POST', headers: { 'content-encoding': encoding }, body });
    expect(await answer.json()).toMatchObject({ bytes: text.length, text: 'hello hello hello he' });
  });

  it('undoes a bare deflate stream too', async () => {
    await start();
    const body = deflateRawSync(Buffer.from('hello'));
    const answer = await fetch(url('/v1/echo'), { method: 'POST', headers: { 'content-encoding': 'deflate' }, body });
    expect(await answer.json()).toMatchObject({ text: 'hello' });
  });

  it.each(Object.entries({ gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync, deflate: deflateSync }))(
    'refuses a %s bomb with 413, and cut or damaged data with 400',
    async (encoding, encode) => {
      await start({ 'max-decompressed-body-size-mb': 1 });
      const send = async (body: Buffer): Promise<number> =>
        (await fetch(url('/v1/echo'), { method: 'POST', headers: { 'content-encoding': encoding }, body })).status;
      const bomb = encode(Buffer.alloc(64 * MIB));
      expect(bomb.length).toBeLessThan(MIB);
      expect(await send(bomb)).toBe(413);
      const good = encode(Buffer.from('some text that is not the same all over: 0123456789'));
      expect(await send(good.subarray(0, good.length - 6))).toBe(400);
      expect(await send(Buffer.from('this was never compressed'))).toBe(400);
    },
  );

  it('refuses an unknown content-encoding with 415', async () => {
    await start();
    const answer = await fetch(url('/v1/echo'), { method: 'POST', headers: { 'content-encoding': 'compress' }, body: 'x' });
    expect(answer.status).toBe(415);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it('takes any content type, and none', async () => {
    await start();
    const readable = ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'a/b; c=d'];
    for (const type of [...readable, 'json', 'application/json, application/json', 'application/json;;', 'a b/c']) {
      const answer = await fetch(url('/v1/echo'), { method: 'POST', headers: { 'content-type': type }, body: '{"a":' });
      expect(await answer.json()).toMatchObject({ text: '{"a":' });
    }
    const client = await open();
    await client.send(request('POST /v1/echo', {}, 'bare')).until(/"text":"bare"/);
    await client.send(request('POST /v1/echo')).until(/"bytes":null/);
  });

  it('reads on after a client that left in the middle of its body', async () => {
    const { lines } = await start();
    const client = await open();
    client.send(request('POST /v1/echo', { 'content-length': '1000' }) + 'half');
    await new Promise((resolve) => setTimeout(resolve, 30));
    client.destroy();
    await expect(fetch(url('/v1/echo'), { method: 'POST', body: 'x' }).then((answer) => answer.status)).resolves.toBe(200);
    expect(lines.filter(({ msg }) => msg === 'request')).toContainEqual(expect.objectContaining({ closedBy: 'client', status: 499 }));
  });
});

describe('a body that costs more than its size', () => {
  const pieces = '1\r\nx\r\n';
  const head = (headers: Record<string, string> = {}): string => request('POST /v1/echo', { 'transfer-encoding': 'chunked', ...headers });

  it('in pieces of one byte is taken whole, by turns, and the connection is good afterwards', async () => {
    await start();
    const client = await open();
    client.send(head() + pieces.repeat(40_000) + '0\r\n\r\n');
    // 100 pieces a millisecond, after those that make it known.
    const begin = performance.now();
    await client.until(/"bytes":40000/);
    expect(performance.now() - begin).toBeGreaterThan(250);
    await client.send(request('POST /v1/echo', {}, 'ok')).until(/"text":"ok"/);
  });

  it.each([
    ['a wrong key', '/v1/echo', /^HTTP\/1\.1 401 /],
    ['an unknown path', '/nowhere', /^HTTP\/1\.1 404 /],
  ])('and has no end is cut off soon after its answer (%s)', async (_name, path, status) => {
    await start({ 'api-keys': ['sk-one'] });
    const client = await open();
    client.send(head().replace('/v1/echo', path));
    expect(await client.until(/"code"/)).toMatch(status);
    const more = setInterval(() => client.send(pieces.repeat(1_000)), 10);
    await client.end();
    clearInterval(more);
  });
});

describe('a client that asks before it sends its body', () => {
  const ask = (key: string, length = '2'): string =>
    request('POST /v1/echo', { authorization: `Bearer ${key}`, expect: '100-continue', 'content-length': length });

  it('is told to go on when its request is wanted', async () => {
    await start({ 'api-keys': ['sk-one'] });
    const client = await open();
    await client.send(ask('sk-one')).until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    expect(await client.send('ok').until(/"text":"ok"/)).toMatch(/HTTP\/1\.1 200 OK[^]*connection: keep-alive/i);
    const stream = openHttp2().request({
      ':method': 'POST',
      ':path': '/v1/echo',
      authorization: 'Bearer sk-one',
      expect: '100-continue',
    });
    await new Promise((resolve) => stream.once('continue', resolve));
    stream.end('ok');
    await new Promise((resolve) => stream.once('response', resolve));
  });

  it('is told so among other expectations too, and never over HTTP/1.0, which does not know of it', async () => {
    await start({ 'api-keys': ['sk-one'] });
    const other = await open();
    await other.send(ask('sk-one').replace('100-continue', 'x, 100-Continue')).until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    const old = await open();
    expect(await old.send(`${ask('sk-one').replace('HTTP/1.1', 'HTTP/1.0')}ok`).until(/"text":"ok"/)).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it.each([
    ['its key is wrong', 'sk-two', '2', 401],
    ['its body is too large', 'sk-one', '99999999999', 413],
  ])('hears the answer instead when %s, and that the connection ends', async (_name, key, length, status) => {
    await start({ 'api-keys': ['sk-one'] });
    const client = await open();
    const answer = await client.send(ask(key, length)).until(/"code"/);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*connection: close`, 'i'));
    await client.end();
  });
});

describe('API keys', () => {
  const keys = { 'api-keys': ['sk-one', 'sk-two'] };

  it.each([
    ['Bearer', { authorization: 'Bearer sk-one' }],
    ['bearer in any case', { authorization: 'bearer   sk-two' }],
    ['x-api-key', { 'x-api-key': 'sk-two' }],
    ['api-key', { 'api-key': 'sk-one' }],
    ['a wrong x-api-key beside a right Bearer', { 'x-api-key': 'nonsense', authorization: 'Bearer sk-one' }],
  ])('accepts %s', async (_name, headers) => {
    await start(keys);
    expect((await fetch(url('/v1/echo'), { method: 'POST', headers, body: 'x' })).status).toBe(200);
  });

  it.each([
    ['no key', {}],
    ['a wrong key', { authorization: 'Bearer sk-three' }],
    ['a prefix of a key', { 'x-api-key': 'sk-on' }],
    ['another scheme', { authorization: 'Basic sk-one' }],
    ['an empty key', { 'x-api-key': ' ', authorization: 'Bearer ' }],
  ])('refuses %s', async (_name, headers) => {
    await start(keys);
    const answer = await fetch(url('/v1/echo'), { method: 'POST', headers, body: 'x' });
    expect([answer.status, await answer.json()]).toMatchObject([401, { error: { code: 'invalid_api_key' } }]);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it('refuses before it reads the body', async () => {
    await start(keys);
    const client = await open();
    client.send(request('POST /v1/echo', { 'content-length': '1000000' }));
    expect(await client.until(/invalid_api_key/)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('says loudly at start that it is open to everybody, but not on loopback', async () => {
    const warnings = ({ lines }: TestApp) => lines.filter(({ msg }) => String(msg).startsWith('NO API KEY'));
    expect(warnings(await start({ listen: ':8080' }))).toHaveLength(1);
    await test!.app.close();
    expect(warnings(await start({ listen: '127.0.0.1:8080' }))).toHaveLength(0);
    await test!.app.close();
    expect(warnings(await start({ listen: ':8080', ...keys }))).toHaveLength(0);
  });
});

describe('request ids and the request log', () => {
  it('puts a fresh id on every answer, errors and unreadable requests included', async () => {
    await start();
    const ids: string[] = [];
    for (const path of ['/', '/nowhere', '/v1/models/%zz', `/v1/${'x'.repeat(10)}`, '/v1/echo']) {
      const answer = await fetch(url(path), { headers: { 'x-request-id': 'forged' } });
      await answer.text();
      ids.push(answer.headers.get('x-request-id')!);
    }
    const client = await open();
    ids.push(/x-request-id: (\S+)/.exec(await client.send('nonsense\r\n\r\n').end())![1]!);
    const overHttp2 = await exchangeHttp2(openHttp2(), { ':path': '/nowhere' });
    ids.push(overHttp2.headers['x-request-id'] as string);
    expect(ids.filter((id) => /^req_[0-9a-z]{20,}$/.test(id))).toHaveLength(7);
    expect(new Set(ids).size).toBe(7);
  });

  it.each([
    ['without a Host header', 'GET /nowhere HTTP/1.1\r\nconnection: close\r\n\r\n'],
    ['with an expectation nobody knows', 'GET /nowhere HTTP/1.1\r\nhost: x\r\nexpect: tea\r\nconnection: close\r\n\r\n'],
  ])('treats a request %s as any other', async (_name, bytes) => {
    await start();
    const answer = await (await open()).send(bytes).end();
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toMatch(/x-request-id: req_/);
  });

  it('treats an HTTP/2 request with an expectation nobody knows as any other', async () => {
    await start();
    const { headers } = await exchangeHttp2(openHttp2(), { ':path': '/nowhere', expect: 'tea' });
    expect([headers[':status'], headers['x-request-id']]).toEqual([404, expect.stringMatching(/^req_/)]);
  });

  it('logs one line per request, without its query', async () => {
    const { lines } = await start();
    const answer = await fetch(url('/v1/echo?key=sk-secret'), { method: 'POST', body: 'x' });
    await answer.text();
    await fetch(url('/api/hello')).then((hello) => hello.text());
    const logged = lines.filter(({ msg }) => msg === 'request');
    expect(logged[0]).toMatchObject({ method: 'POST', path: '/v1/echo', status: 200, stream: false, closedBy: 'server' });
    expect(logged[0]!.requestId).toBe(answer.headers.get('x-request-id'));
    expect(JSON.stringify(lines)).not.toContain('sk-secret');
  });
});

describe('the front page', () => {
  it('is HTML for people and JSON for programs; HEAD answers 200', async () => {
    await start();
    const page = await fetch(url('/'), { headers: { accept: 'text/html' } });
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('/v1/responses');
    expect(await (await fetch(url('/'), { headers: { accept: 'application/json' } })).json()).toMatchObject({ name: 'codex-proxy' });
    for (const path of ['/', '/api/hello']) expect((await fetch(url(path), { method: 'HEAD' })).status).toBe(200);
  });
});

describe('HTTP/2 hygiene', () => {
  it('announces the stream limit and survives a burst of resets', async () => {
    await start({ 'h2-max-concurrent-streams': 7 });
    const session = openHttp2();
    await new Promise<void>((resolve) => session.once('remoteSettings', () => resolve()));
    expect(session.remoteSettings.maxConcurrentStreams).toBe(7);
    for (let i = 0; i < 200 && !session.destroyed; i++) {
      const stream = session.request({ ':method': 'POST', ':path': '/v1/stream' });
      stream.on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
    }
    expect((await fetch(url('/api/hello'))).status).toBe(200);
  });
});
