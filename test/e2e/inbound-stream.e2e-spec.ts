import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { afterEach, describe, expect, it } from '@jest/globals';
import { toBytes } from '../../src/common/byte-string.js';
import type { Cancellation } from '../../src/common/cancellation.js';
import { DrainService } from '../../src/inbound/drain.service.js';
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
const ask = async (): Promise<RawClient> => (await open()).send(request('POST /v1/stream', {}, '{}'));

const askHttp2 = (): { session: ClientHttp2Session; stream: ClientHttp2Stream; text: Promise<string> } => {
  const session = connectHttp2(`http://127.0.0.1:${test!.port}`);
  session.on('error', () => undefined);
  sessions.push(session);
  const stream = session.request({ ':method': 'POST', ':path': '/v1/stream' });
  stream.on('error', () => undefined);
  const text = new Promise<string>((resolve) => {
    let all = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => (all += chunk));
    stream.on('close', () => resolve(all));
  });
  stream.end('{}');
  return { session, stream, text };
};
const aborted = (signal: Cancellation): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
const event = (text: string): string => toBytes(`data: {"t":"${text}"}\n\n`);

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const session of sessions.splice(0)) session.destroy();
  await test?.app.close();
  test = undefined;
});

describe('an event stream', () => {
  it('sends nothing until it is opened, then the headers with the first frame, over HTTP/1.1', async () => {
    const { seen } = await start();
    const client = await ask();
    const { writer } = await seen.stream(0);
    expect([writer.opened, client.received]).toEqual([false, '']);
    writer.open({ 'x-gateway-ignored': 'user' });
    writer.write(event('ü€😀'));
    writer.end();
    const answer = Buffer.from(await client.until(/0\r\n\r\n$/), 'latin1').toString('utf8');
    const [head, body] = answer.split('\r\n\r\n', 2) as [string, string];
    expect(head.split('\r\n').filter((line) => !/^(date|keep-alive|x-request-id):/i.test(line))).toEqual([
      'HTTP/1.1 200 OK',
      'content-type: text/event-stream; charset=utf-8',
      'cache-control: no-cache, no-transform',
      'x-accel-buffering: no',
      'x-gateway-ignored: user',
      'Connection: keep-alive',
      'Transfer-Encoding: chunked',
    ]);
    expect(head).toMatch(/x-request-id: req_/);
    expect(body).toContain('data: {"t":"ü€😀"}\n\n');
    await client.send(request('GET /api/hello')).until(/hello/);
  });

  it('sends the same over HTTP/2', async () => {
    const { seen, lines } = await start();
    const { stream, text } = askHttp2();
    const headers = new Promise((resolve) => stream.once('response', resolve));
    const { writer, signal } = await seen.stream(0);
    writer.open();
    writer.write(event('ü€😀'));
    writer.write(Buffer.from('data: [DONE]\n\n'));
    expect(await headers).toMatchObject({
      ':status': 200,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
      'x-request-id': expect.stringMatching(/^req_/),
    });
    writer.end();
    expect(await text).toBe('data: {"t":"ü€😀"}\n\ndata: [DONE]\n\n');
    expect(signal.aborted).toBe(false);
    expect(lines.filter(({ msg }) => msg === 'request')).toMatchObject([{ stream: true, closedBy: 'server', status: 200 }]);
  });

  it('stays harmless after its end', async () => {
    const { seen } = await start();
    const client = await ask();
    const { writer, signal } = await seen.stream(0);
    writer.open();
    writer.write('a');
    writer.end();
    writer.write('b');
    writer.end();
    writer.destroy();
    await client.until(/0\r\n\r\n/).catch(() => undefined);
    expect([writer.closed, writer.drain(), signal.aborted]).toEqual([true, null, false]);
  });

  it('breaks the connection off when it is destroyed, so that nobody takes a part for the whole', async () => {
    const { seen } = await start();
    const client = await ask();
    const { writer } = await seen.stream(0);
    writer.open();
    writer.write(event('half'));
    await client.until(/half/);
    writer.destroy();
    expect(await client.end()).not.toMatch(/0\r\n\r\n$/);

    const { stream, text } = askHttp2();
    const second = await seen.stream(1);
    second.writer.open();
    second.writer.write(event('half'));
    await new Promise((resolve) => stream.once('data', resolve));
    second.writer.destroy();
    await text;
    expect(stream.rstCode).not.toBe(0);
  });
});

describe('a client that leaves', () => {
  it('aborts the signal before the headers, and in the middle of the stream', async () => {
    const { seen, lines } = await start();
    const early = await ask();
    const first = await seen.stream(0);
    early.destroy();
    await aborted(first.signal);
    expect(first.signal.reason).toMatchObject({ kind: 'client_closed' });
    first.writer.open();
    first.writer.write('lost');
    expect(first.writer.closed).toBe(true);

    const late = await ask();
    const second = await seen.stream(1);
    second.writer.open();
    second.writer.write(event('x'));
    await late.until(/data/);
    late.destroy();
    await aborted(second.signal);
    expect(second.writer.closed).toBe(true);
    expect(lines.filter(({ msg }) => msg === 'request')).toMatchObject([
      { status: 499, closedBy: 'client' },
      { status: 200, closedBy: 'client' },
    ]);
  });

  it('aborts the signal when it resets its HTTP/2 stream or loses its connection', async () => {
    const { seen } = await start();
    const reset = askHttp2();
    const first = await seen.stream(0);
    reset.stream.close();
    await aborted(first.signal);
    const lost = askHttp2();
    const second = await seen.stream(1);
    second.writer.open();
    second.writer.write(event('x'));
    lost.session.destroy();
    await aborted(second.signal);
    expect(second.writer.closed).toBe(true);
  });

  it.each([['HTTP/1.1'], ['HTTP/2']])('makes nobody wait for it to read (%s)', async (protocol) => {
    const { seen } = await start();
    let leave: () => void;
    if (protocol === 'HTTP/2') {
      const { session, stream } = askHttp2();
      stream.pause();
      leave = () => session.destroy();
    } else {
      const client = await ask();
      client.socket.pause();
      leave = () => client.destroy();
    }
    const { writer } = await seen.stream(0);
    writer.open();
    const piece = 'x'.repeat(65_536);
    let written = 0;
    while (writer.drain() === null && written < 64 * MIB) {
      writer.write(piece);
      written += piece.length;
      await new Promise(setImmediate);
    }
    expect(written).toBeLessThan(64 * MIB);
    const drained = writer.drain();
    leave();
    await drained;
    expect([writer.closed, writer.drain()]).toEqual([true, null]);
  });
});

describe('backpressure', () => {
  it.each([['HTTP/1.1'], ['HTTP/2']])('delivers every byte to a slow reader (%s)', async (protocol) => {
    const { seen } = await start();
    const total = 8 * MIB;
    let received = 0;
    let finished: Promise<unknown>;
    if (protocol === 'HTTP/2') {
      const { stream } = askHttp2();
      stream.on('data', (chunk: string) => (received += chunk.length));
      finished = new Promise((resolve) => stream.once('end', resolve));
    } else {
      const client = await ask();
      finished = client.until(/0\r\n\r\n$/).then((all) => (received = all.slice(all.indexOf('\r\n\r\n')).split('x').length - 1));
    }
    const { writer } = await seen.stream(0);
    writer.open();
    let waits = 0;
    for (let written = 0; written < total; written += 65_536) {
      writer.write('x'.repeat(65_536));
      const drained = writer.drain();
      if (drained) {
        waits++;
        await drained;
      }
    }
    writer.end();
    await finished;
    expect(received).toBe(total);
    expect(waits).toBeGreaterThan(0);
  });
});

describe('keep-alives', () => {
  it('are written after a silent interval, and only then', async () => {
    const { seen } = await start({ 'stream-keepalive-interval': 0.15 });
    const client = await ask();
    const { writer } = await seen.stream(0);
    writer.open();
    writer.write(event('x'));
    await client.until(/: keep-alive\n\n[^]*: keep-alive\n\n/);
    writer.end();
    await client.until(/0\r\n\r\n$/);
  });
});

describe('shutdown', () => {
  it('lets streams end, takes no new connections, and closes idle ones', async () => {
    const { seen, app } = await start();
    const idle = await open();
    await idle.send(request('GET /api/hello')).until(/hello/);
    const silent = await open();
    const client = await ask();
    const { writer } = await seen.stream(0);
    const pending = await ask();
    const late = await seen.stream(1);
    const overHttp2 = askHttp2();
    const third = await seen.stream(2);
    writer.open();
    writer.write(event('before'));
    third.writer.open();
    third.writer.write(event('h2 before'));

    const drain = app.get(DrainService);
    const drained = drain.drain();
    expect(drain.draining).toBe(true);
    await Promise.all([idle.end(), silent.end()]);
    await expect(RawClient.open(test!.port)).rejects.toThrow('ECONNREFUSED');
    await new Promise<void>((resolve) => (overHttp2.session.closed ? resolve() : overHttp2.session.once('goaway', () => resolve())));

    writer.write(event('after'));
    writer.end();
    third.writer.write(event('h2 after'));
    third.writer.end();
    late.writer.open();
    late.writer.write(event('late'));
    late.writer.end();
    expect(await pending.end()).toMatch(/connection: close[^]*late[^]*0\r\n\r\n$/);
    expect(await client.end()).toMatch(/before[^]*after[^]*0\r\n\r\n$/);
    expect(await overHttp2.text).toContain('h2 after');
    await drained;
    expect([writer, third.writer].map(({ closed }) => closed)).toEqual([true, true]);
  });

  it('cuts what is left after shutdown-timeout', async () => {
    const { seen, app } = await start({ 'shutdown-timeout': 1 });
    await ask();
    const { signal } = await seen.stream(0);
    askHttp2();
    const second = await seen.stream(1);
    await app.get(DrainService).drain();
    expect([signal.aborted, second.signal.aborted]).toEqual([true, true]);
  });

  it('cuts at once when it is forced', async () => {
    const { seen, app } = await start({ 'shutdown-timeout': 600 });
    const client = await ask();
    const { signal } = await seen.stream(0);
    const drain = app.get(DrainService);
    const drained = drain.drain();
    drain.force();
    await Promise.all([drained, client.end(), aborted(signal)]);
  });
});
