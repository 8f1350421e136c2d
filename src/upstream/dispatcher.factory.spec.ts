import { afterEach, describe, expect, it } from '@jest/globals';
import { closeUpstream, eventually, failureOf, post, readAll, upstreamClient } from '../../test/support/upstream-harness.js';
import { startHttpProxy, startSocksProxy } from '../../test/support/upstream-proxies.js';
import { closedPort, startHttp, startHttp2, startHttps, startTcp } from '../../test/support/upstream-servers.js';

afterEach(closeUpstream);

const secret = { username: 'us er', password: 'p@ss:%w' };
const encoded = `${encodeURIComponent(secret.username)}:${encodeURIComponent(secret.password)}`;

describe('HTTP/2', () => {
  it('carries many calls on one connection once it is negotiated', async () => {
    let version = '';
    const server = await startHttp2((request, response) => {
      version = request.httpVersion;
      request.on('data', (bytes: Buffer) => response.write(bytes)).on('end', () => response.end(' done'));
    });
    const client = upstreamClient({ enableHttp2: true });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => client.open(post(server, { body: `call ${i}` }))));
    expect(await Promise.all(answers.map(({ body }) => body.text()))).toEqual(answers.map((_, i) => `call ${i} done`));
    expect(version).toBe('2.0');
    expect(server.accepted()).toBe(1);
  });

  it('is not offered unless it is enabled', async () => {
    let version = '';
    const server = await startHttp2((request, response) => {
      version = request.httpVersion;
      response.end();
    });
    await readAll((await upstreamClient().open(post(server))).body);
    expect(version).toBe('1.1');
  });

  it('falls back to HTTP/1.1, within the limit on connections', async () => {
    const server = await startHttps((_request, response) => void response.write('x'));
    const client = upstreamClient({ enableHttp2: true, maxConnsPerHost: 2 });
    const first = await client.open(post(server));
    const second = await client.open(post(server));
    const third = client.open(post(server));
    await eventually(() => client.stats()[0]!.waiting === 1);
    first.body.cancel();
    (await third).body.cancel();
    second.body.cancel();
    expect(server.accepted()).toBe(3);
  });

  it('gives up a stream, not the connection, when a call is aborted', async () => {
    const closed: string[] = [];
    const server = await startHttp2((request, response) => {
      response.stream.on('close', () => closed.push(request.url));
      response.write('x');
    });
    const client = upstreamClient({ enableHttp2: true });
    const stop = new AbortController();
    const kept = await client.open(post(server, { url: new URL('/kept', server.url) }));
    const { body } = await client.open(post(server, { url: new URL('/left', server.url), signal: stop.signal }));
    await body.read();
    const read = body.read();
    stop.abort();
    expect((await failureOf(read)).kind).toBe('aborted');
    await eventually(() => closed.includes('/left'));
    expect(closed).toEqual(['/left']);
    expect((await kept.body.read())!.toString()).toBe('x');
    kept.body.cancel();
  });

  it('says truncated when the connection dies inside an answer', async () => {
    const server = await startHttp2((_request, response) => void response.write('x'));
    const { body } = await upstreamClient({ enableHttp2: true }).open(post(server));
    await body.read();
    const read = body.read();
    for (const socket of server.sockets) socket.destroy();
    expect((await failureOf(read)).kind).toBe('truncated');
  });

  it('holds a fast backend back while nobody reads', async () => {
    let written = 0;
    const server = await startHttp2((_request, response) => {
      const block = Buffer.alloc(50_000, 97);
      const pump = (): void => {
        while (written < 20_000_000) {
          written += block.length;
          if (!response.write(block)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    });
    const { body } = await upstreamClient({ enableHttp2: true }).open(post(server));
    for (let i = 0; i < 500; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBeLessThan(5_000_000);
    expect((await readAll(body)).length).toBe(20_000_000);
  });
});

describe('backend-resolve-address', () => {
  it('changes where the connection goes, not whom it is for', async () => {
    let host: string | undefined;
    const server = await startHttps((request, response) => {
      host = request.headers.host;
      response.end((request.socket as unknown as { servername: string }).servername);
    });
    const baseUrl = 'https://backend.test/backend-api/codex';
    const client = upstreamClient({ baseUrl, backendResolveAddress: `127.0.0.1:${server.port}` });
    const { body } = await client.open(post({ url: new URL(baseUrl) }));
    expect(await body.text()).toBe('backend.test');
    expect(host).toBe('backend.test');
  });

  it('concerns the backend alone', async () => {
    const server = await startHttp((_request, response) => void response.end('token'));
    const client = upstreamClient({ baseUrl: 'https://backend.test/codex', backendResolveAddress: `127.0.0.1:${await closedPort()}` });
    expect(await (await client.open(post(server))).body.text()).toBe('token');
  });
});

describe('an HTTP proxy', () => {
  it('tunnels to a TLS backend, with credentials', async () => {
    const server = await startHttps((_request, response) => void response.end('secure'));
    const proxy = await startHttpProxy({ credentials: secret });
    const client = upstreamClient({ proxyUrl: `http://${encoded}@127.0.0.1:${proxy.port}` });
    expect(await (await client.open(post(server))).body.text()).toBe('secure');
    expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${server.port}`]);
  });

  it.each([
    ['tunnels', startHttps],
    ['forwards', startHttp],
  ])('that is reached over TLS %s too', async (_name, start) => {
    const server = await start((_request, response) => void response.end('through'));
    const proxy = await startHttpProxy({ secure: true, credentials: secret });
    const client = upstreamClient({ proxyUrl: `https://${encoded}@127.0.0.1:${proxy.port}` });
    expect(await (await client.open(post(server))).body.text()).toBe('through');
    expect(proxy.asked).toHaveLength(1);
  });

  it('carries HTTP/2 through its tunnel', async () => {
    const server = await startHttp2((request, response) => void response.end(request.httpVersion));
    const proxy = await startHttpProxy();
    const client = upstreamClient({ enableHttp2: true, proxyUrl: `http://127.0.0.1:${proxy.port}` });
    expect(await (await client.open(post(server))).body.text()).toBe('2.0');
  });

  it('is handed plain requests whole, and its credentials stay with it', async () => {
    let seen: Record<string, unknown> = {};
    const server = await startHttp((request, response) => {
      seen = { url: request.url, host: request.headers.host, credentials: request.headers['proxy-authorization'] };
      response.end('plain');
    });
    const proxy = await startHttpProxy({ credentials: secret });
    const client = upstreamClient({ proxyUrl: `http://${encoded}@127.0.0.1:${proxy.port}` });
    expect(await (await client.open(post(server))).body.text()).toBe('plain');
    expect(proxy.asked).toEqual([`POST ${server.url.href}`]);
    expect(seen).toEqual({ url: server.url.pathname, host: server.url.host, credentials: undefined });
  });

  it.each(['http', 'https'])('that rejects the credentials fails the call to a %s backend and says so', async (scheme) => {
    const server = await (scheme === 'http' ? startHttp : startHttps)((_request, response) => void response.end());
    const proxy = await startHttpProxy({ credentials: { username: 'a', password: 'b' } });
    const client = upstreamClient({ proxyUrl: `http://${encoded}@127.0.0.1:${proxy.port}` });
    const failure = await failureOf(client.open(post(server)));
    expect(failure).toMatchObject({ kind: 'connect', message: `proxy http://127.0.0.1:${proxy.port} rejected the credentials (407)` });
    expect(server.accepted()).toBe(0);
  });
});

describe('a SOCKS proxy', () => {
  it('resolves the name itself with socks5h', async () => {
    const server = await startHttps((_request, response) => void response.end('secure'));
    const proxy = await startSocksProxy({ credentials: secret, redirectTo: { host: '127.0.0.1', port: server.port } });
    const client = upstreamClient({ proxyUrl: `socks5h://${encoded}@127.0.0.1:${proxy.port}` });
    expect(await (await client.open(post({ url: new URL(`https://backend.test:${server.port}/x`) }))).body.text()).toBe('secure');
    expect(proxy.asked).toEqual([`SOCKS name:backend.test:${server.port}`]);
  });

  it('is given the address with socks5', async () => {
    const server = await startHttps((_request, response) => void response.end('secure'));
    const proxy = await startSocksProxy();
    const client = upstreamClient({ proxyUrl: `socks5://127.0.0.1:${proxy.port}` });
    expect(await (await client.open(post({ url: new URL(`https://localhost:${server.port}/`) }))).body.text()).toBe('secure');
    expect(proxy.asked).toEqual([`SOCKS ip:127.0.0.1:${server.port}`]);
  });

  it('carries plain HTTP and HTTP/2 alike', async () => {
    const plain = await startHttp((_request, response) => void response.end('plain'));
    const h2 = await startHttp2((request, response) => void response.end(request.httpVersion));
    const proxy = await startSocksProxy();
    const client = upstreamClient({ enableHttp2: true, proxyUrl: `socks5://127.0.0.1:${proxy.port}` });
    expect(await (await client.open(post(plain))).body.text()).toBe('plain');
    expect(await (await client.open(post(h2))).body.text()).toBe('2.0');
  });

  it('that rejects the credentials fails the call and says so, without the password', async () => {
    const server = await startHttps((_request, response) => void response.end());
    const proxy = await startSocksProxy({ credentials: { username: 'a', password: 'b' } });
    const client = upstreamClient({ proxyUrl: `socks5h://${encoded}@127.0.0.1:${proxy.port}` });
    const failure = await failureOf(client.open(post(server)));
    expect(failure.kind).toBe('connect');
    expect(failure.message).toContain(`proxy socks5h://127.0.0.1:${proxy.port}`);
    expect(failure.message).toMatch(/authentication/i);
    expect(JSON.stringify([failure, failure.message, failure.stack, failure.cause])).not.toContain(secret.password);
    expect(server.accepted()).toBe(0);
  });
});

describe.each(['http', 'https', 'socks5', 'socks5h'])('a %s proxy that is down', (kind) => {
  it.each(['http', 'https'])('fails calls to a %s backend: there is no direct connection', async (scheme) => {
    const server = await (scheme === 'http' ? startHttp : startHttps)((_request, response) => void response.end());
    const port = await closedPort();
    const failure = await failureOf(upstreamClient({ proxyUrl: `${kind}://u:hidden@127.0.0.1:${port}` }).open(post(server)));
    expect(failure.kind).toBe('connect');
    expect(failure.message).toContain(`proxy ${kind}://127.0.0.1:${port}`);
    expect(failure.message).not.toContain('hidden');
    expect(server.accepted()).toBe(0);
  });
});

it('a proxy that says nothing is given up after the connect timeout', async () => {
  const silent = await startTcp(() => {});
  for (const kind of ['http', 'socks5h']) {
    const client = upstreamClient({ proxyUrl: `${kind}://127.0.0.1:${silent.port}`, upstreamConnectTimeoutSec: 1 });
    const failure = await failureOf(client.open(post({ url: new URL('https://backend.test/') })));
    expect(failure).toMatchObject({ kind: 'connect', message: expect.stringContaining(`proxy ${kind}://127.0.0.1:${silent.port}`) });
  }
});

describe('shutting down', () => {
  it('ends calls in flight and calls that wait', async () => {
    const server = await startHttp((_request, response) => void response.write('x'));
    const client = upstreamClient({ maxConnsPerHost: 1 });
    const { body } = await client.open(post(server));
    await body.read();
    const read = body.read();
    const waiting = failureOf(client.open(post(server)));
    await eventually(() => client.stats()[0]!.waiting === 1);
    await closeUpstream();
    expect((await failureOf(read)).kind).toBe('aborted');
    expect((await waiting).kind).toBe('aborted');
  });
});
