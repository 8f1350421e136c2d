import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { closeUpstream, eventually, failureOf, post, readAll, upstreamClient } from '../../test/support/upstream-harness.js';
import { closedPort, startHttp, startHttps, startTcp } from '../../test/support/upstream-servers.js';

afterEach(closeUpstream);

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** Answers the first bytes of each connection. */
const answering = (answer: (socket: Socket) => void) => startTcp((socket) => void socket.once('data', () => answer(socket)));

describe('a call', () => {
  it('resolves at the headers and hands over the chunks of one network read together', async () => {
    let socket!: Socket;
    const server = await answering((accepted) => (socket = accepted).write(HEAD));
    const { status, headers, body } = await upstreamClient().open(post(server));
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/event-stream');
    const first = body.read();
    socket.write(['a', 'b', 'c'].map(chunk).join(''));
    expect((await first)!.toString()).toBe('abc');
    const second = body.read();
    socket.write(`${chunk('d')}0\r\n\r\n`);
    expect((await second)!.toString()).toBe('d');
    expect(await body.read()).toBeNull();
    expect(await body.read()).toBeNull();
  });

  it('sends method, path, headers and body, and joins headers that came twice', async () => {
    const server = await startHttp((request, response) => {
      response.setHeader('x-twice', ['1', '2']).setHeader('x-seen', `${request.method} ${request.url} ${String(request.headers['x-one'])}`);
      request.pipe(response);
    });
    const { headers, body } = await upstreamClient().open(
      post(server, { url: new URL('/a/b?c=d', server.url), headers: { 'x-one': '1' }, body: '{"é":1}' }),
    );
    expect(headers).toMatchObject({ 'x-twice': '1, 2', 'x-seen': 'POST /a/b?c=d 1' });
    expect(await body.text()).toBe('{"é":1}');
  });

  it('passes over informational answers', async () => {
    const server = await answering((socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${HEAD}${chunk('x')}0\r\n\r\n`));
    const { status, body } = await upstreamClient().open(post(server));
    expect(status).toBe(200);
    expect(await readAll(body)).toBe('x');
  });

  it('takes 100 KB of headers, and not a megabyte', async () => {
    const flood = (bytes: number): string => `x: ${'a'.repeat(1000)}\r\n`.repeat(bytes / 1000);
    let bytes = 100_000;
    const server = await answering((socket) => socket.end(`${HEAD.slice(0, -2)}${flood(bytes)}\r\n${chunk('x')}0\r\n\r\n`));
    const client = upstreamClient();
    expect(await readAll((await client.open(post(server))).body)).toBe('x');
    bytes = 1_000_000;
    expect((await failureOf(client.open(post(server)))).kind).toBe('protocol');
  });

  it('uploads a long body in chunks', async () => {
    const server = await startHttp((request, response) => {
      let size = 0;
      request
        .on('data', (bytes: Buffer) => (size += bytes.length))
        .on('end', () => response.end(`${size} ${request.headers['content-length']}`));
    });
    const body = Buffer.alloc(9_000_000, 97);
    const answer = await upstreamClient().open(post(server, { body }));
    expect(await answer.body.text()).toBe('9000000 9000000');
  });

  it('cuts a text at its limit and gives the rest up', async () => {
    const server = await startHttp((_request, response) => void response.end('x'.repeat(1_000_000)));
    const { body } = await upstreamClient().open(post(server));
    expect(await body.text(10)).toBe('xxxxxxxxxx');
    await eventually(() => server.sockets.size === 0);
  });
});

describe('connections', () => {
  it('are used again after a body was read', async () => {
    const server = await startHttp((_request, response) => void response.end('x'));
    const client = upstreamClient();
    for (let i = 0; i < 3; i++) {
      await readAll((await client.open(post(server))).body);
      await eventually(() => client.stats()[0]!.idle === 1);
    }
    expect(server.accepted()).toBe(1);
  });

  it('are used again when the close of a finished body comes later', async () => {
    const sockets: Socket[] = [];
    const server = await startTcp((socket) => {
      sockets.push(socket);
      socket.on('data', () => socket.write(HEAD + chunk('terminal')));
    });
    const client = upstreamClient();
    const { body } = await client.open(post(server));
    await body.read();
    body.finish();
    sockets[0]!.write('0\r\n\r\n');
    await eventually(() => client.stats()[0]!.idle === 1);
    (await client.open(post(server))).body.cancel();
    expect(server.accepted()).toBe(1);
  });

  it('are not limited over HTTP/1.1 by default', async () => {
    let open = 0;
    const server = await startHttp((_request, response) => {
      response.write('x');
      open++;
    });
    const client = upstreamClient();
    const answers = await Promise.all(Array.from({ length: 40 }, () => client.open(post(server))));
    expect(open).toBe(40);
    for (const { body } of answers) body.cancel();
  });

  it('that went stale fail the call instead of repeating it', async () => {
    let requests = 0;
    const server = await startTcp((socket) => {
      let served = 0;
      socket.on('data', () => {
        requests++;
        if (served++ > 0) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx');
      });
    });
    const client = upstreamClient();
    await readAll((await client.open(post(server))).body);
    await eventually(() => client.stats()[0]!.idle === 1);
    expect((await failureOf(client.open(post(server)))).kind).toBe('reset');
    expect(requests).toBe(2);
  });
});

describe('a limit on connections', () => {
  it('makes calls wait their turn', async () => {
    const server = await startHttp((_request, response) => void response.write('x'));
    const client = upstreamClient({ maxConnsPerHost: 1 });
    const first = await client.open(post(server));
    const second = client.open(post(server));
    await eventually(() => client.stats()[0]!.waiting === 1);
    first.body.cancel();
    (await second).body.cancel();
    expect(server.accepted()).toBe(2);
    expect(client.stats()[0]!.queueTimeouts).toBe(0);
  });

  it('fails a call that waited too long without sending it', async () => {
    let requests = 0;
    const server = await startHttp((_request, response) => void (requests++, response.write('x')));
    const client = upstreamClient({ maxConnsPerHost: 1, upstreamQueueTimeoutSec: 1 });
    const first = await client.open(post(server));
    const failure = await failureOf(client.open(post(server)));
    expect(failure).toMatchObject({ kind: 'queue', message: 'no connection to the backend became free in 1 s' });
    expect(requests).toBe(1);
    expect(client.stats()[0]).toMatchObject({ waiting: 0, queueTimeouts: 1 });
    first.body.cancel();
  });
});

describe('failures', () => {
  it('connect: nobody listens', async () => {
    const url = new URL(`http://127.0.0.1:${await closedPort()}/`);
    expect(await failureOf(upstreamClient().open(post({ url })))).toMatchObject({ kind: 'connect', code: 'ECONNREFUSED' });
  });

  it('connect: the name does not exist', async () => {
    const failure = await failureOf(upstreamClient().open(post({ url: new URL('http://backend.invalid/') })));
    expect(failure.kind).toBe('connect');
    expect(failure.message).toContain('backend.invalid');
  });

  it('connect: the certificate is not trusted', async () => {
    const server = await startHttps((_request, response) => void response.end());
    const url = new URL(server.url.href.replace('127.0.0.1', '127.0.0.2'));
    expect((await failureOf(upstreamClient().open(post({ url })))).kind).toBe('connect');
    expect((await upstreamClient().open(post(server))).status).toBe(200);
  });

  it('connect: the TLS handshake stays unanswered', async () => {
    const server = await startTcp(() => {});
    const url = new URL(server.url.href.replace('http:', 'https:'));
    const failure = await failureOf(upstreamClient({ upstreamTlsHandshakeTimeoutSec: 1 }).open(post({ url })));
    expect(failure).toMatchObject({ kind: 'connect', message: expect.stringContaining('TLS handshake') });
  });

  it('connect: the backend does not speak TLS, told in one line without what the library knows of itself', async () => {
    const server = await startHttp((_request, response) => void response.end());
    const url = new URL(server.url.href.replace('http:', 'https:'));
    const { kind, message } = await failureOf(upstreamClient().open(post({ url })));
    expect({ kind, message }).toEqual({ kind: 'connect', message: 'TLS handshake with 127.0.0.1 failed: wrong version number' });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['resets', (socket) => socket.resetAndDestroy()],
    ['closes', (socket) => socket.end()],
    ['closes inside the headers', (socket) => socket.end('HTTP/1.1 200 OK\r\nx')],
  ])('reset: the backend %s before an answer', async (_name, act) => {
    const server = await answering(act);
    expect((await failureOf(upstreamClient().open(post(server)))).kind).toBe('reset');
  });

  it.each<[string, string]>([
    ['a chunked body', HEAD + chunk('seen')],
    ['a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nseen'],
  ])('truncated: the connection ends inside %s, after what came was read', async (_name, bytes) => {
    const server = await answering((socket) => socket.end(bytes));
    const { body } = await upstreamClient().open(post(server));
    expect((await body.read())!.toString()).toBe('seen');
    expect((await failureOf(body.read())).kind).toBe('truncated');
    expect((await failureOf(body.read())).kind).toBe('truncated');
  });

  it('truncated: the connection is reset inside the body', async () => {
    const server = await answering((socket) => socket.write(HEAD + chunk('seen'), () => setImmediate(() => socket.resetAndDestroy())));
    const { body } = await upstreamClient().open(post(server));
    expect((await failureOf(readAll(body))).kind).toBe('truncated');
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['a broken chunk', `${HEAD}zz\r\n`],
  ])('protocol: the backend sends %s', async (_name, bytes) => {
    const server = await answering((socket) => socket.write(bytes));
    const call = upstreamClient()
      .open(post(server))
      .then(({ body }) => readAll(body));
    expect((await failureOf(call)).kind).toBe('protocol');
  });

  it('timeout: silence before the headers', async () => {
    const server = await startTcp((socket) => void socket.resume());
    expect((await failureOf(upstreamClient().open(post(server, { idleTimeoutMs: 40 })))).kind).toBe('timeout');
    await eventually(() => server.sockets.size === 0);
  });

  it('timeout: silence inside the body', async () => {
    const server = await answering((socket) => socket.write(HEAD + chunk('x')));
    const { body } = await upstreamClient().open(post(server, { idleTimeoutMs: 40 }));
    expect((await failureOf(readAll(body))).kind).toBe('timeout');
    await eventually(() => server.sockets.size === 0);
  });

  it('timeout: headers later than their own limit', async () => {
    const server = await startTcp(() => {});
    expect((await failureOf(upstreamClient({ upstreamResponseHeaderTimeoutSec: 1 }).open(post(server)))).kind).toBe('timeout');
  });

  it('timeout: the call as a whole, although bytes keep coming', async () => {
    const server = await answering((socket) => {
      socket.write(HEAD);
      const timer = setInterval(() => socket.write(chunk('x')), 5);
      socket.on('close', () => clearInterval(timer));
    });
    const { body } = await upstreamClient().open(post(server, { totalTimeoutMs: 60 }));
    expect((await failureOf(readAll(body))).kind).toBe('timeout');
    await eventually(() => server.sockets.size === 0);
  });

  it('protocol: a header that cannot be sent is no fault of the network', async () => {
    const server = await startHttp((_request, response) => void response.end());
    expect((await failureOf(upstreamClient().open(post(server, { headers: { 'x-bad': 'a\nb' } })))).kind).toBe('protocol');
  });
});

describe('aborting', () => {
  it('before the call makes none', async () => {
    const server = await startHttp((_request, response) => void response.end());
    expect((await failureOf(upstreamClient().open(post(server, { signal: AbortSignal.abort() })))).kind).toBe('aborted');
    expect(server.accepted()).toBe(0);
  });

  it('while it connects sends nothing', async () => {
    let requests = 0;
    const server = await startHttp((_request, response) => void (requests++, response.end()));
    const client = upstreamClient();
    const stop = new AbortController();
    const call = client.open(post(server, { signal: stop.signal }));
    stop.abort();
    expect((await failureOf(call)).kind).toBe('aborted');
    await eventually(() => server.accepted() === 1);
    expect((await client.open(post(server))).status).toBe(200);
    expect(requests).toBe(1);
  });

  it('while it waits for headers closes the socket at once', async () => {
    const server = await startTcp((socket) => void socket.resume());
    const stop = new AbortController();
    const call = upstreamClient().open(post(server, { signal: stop.signal }));
    await eventually(() => server.sockets.size === 1 && [...server.sockets][0]!.bytesRead > 0);
    stop.abort();
    expect((await failureOf(call)).kind).toBe('aborted');
    await eventually(() => server.sockets.size === 0);
  });

  it('inside the body closes the socket at once and drops what was not read', async () => {
    const server = await answering((socket) => socket.write(HEAD + chunk('x')));
    const stop = new AbortController();
    const { body } = await upstreamClient().open(post(server, { signal: stop.signal }));
    await body.read();
    const read = body.read();
    stop.abort();
    expect((await failureOf(read)).kind).toBe('aborted');
    expect((await failureOf(body.read())).kind).toBe('aborted');
    await eventually(() => server.sockets.size === 0);
  });

  it('while it waits for a free connection leaves the queue', async () => {
    const server = await startHttp((_request, response) => void response.write('x'));
    const client = upstreamClient({ maxConnsPerHost: 1 });
    const first = await client.open(post(server));
    const stop = new AbortController();
    const second = client.open(post(server, { signal: stop.signal }));
    await eventually(() => client.stats()[0]!.waiting === 1);
    stop.abort();
    expect((await failureOf(second)).kind).toBe('aborted');
    expect(client.stats()[0]!.waiting).toBe(0);
    first.body.cancel();
  });

  it('in the moment a connection becomes free makes no call', async () => {
    let requests = 0;
    const server = await startHttp((_request, response) => void (requests++, response.write('x')));
    const client = upstreamClient({ maxConnsPerHost: 1 });
    const first = await client.open(post(server));
    const stop = new AbortController();
    const second = client.open(post(server, { signal: stop.signal }));
    await eventually(() => client.stats()[0]!.waiting === 1);
    first.body.cancel();
    stop.abort();
    expect((await failureOf(second)).kind).toBe('aborted');
    (await client.open(post(server))).body.cancel();
    expect(requests).toBe(2);
  });

  it('leaves no listener on a signal that outlives the call', async () => {
    const server = await startHttp((_request, response) => void response.end('x'));
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    await readAll((await upstreamClient().open(post(server, { signal }))).body);
    expect(listeners).toBe(0);
  });
});

describe('backpressure', () => {
  it('holds a fast backend back while nobody reads, then delivers everything', async () => {
    const total = 30_000_000;
    let written = 0;
    const server = await startHttp((_request, response) => {
      const block = Buffer.alloc(50_000, 97);
      const pump = (): void => {
        while (written < total) {
          written += block.length;
          if (!response.write(block)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    });
    const { body } = await upstreamClient().open(post(server));
    let size = (await body.read())!.length;
    // The kernel's buffers fill up; then the writer stands still.
    let before = -1;
    await eventually(() => {
      const still = before === written;
      before = written;
      return still && written > 0;
    });
    for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBeLessThan(total);
    const held = (await body.read())!.length;
    expect(held).toBeLessThan(256 * 1024);
    size += held;
    for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) size += bytes.length;
    expect(size).toBe(total);
  });
});
