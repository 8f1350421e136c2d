import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { AddressInfo, Socket } from 'node:net';
import tls from 'node:tls';
import { TEST_CERTIFICATE, TEST_KEY } from './upstream-tls.js';

export interface TestServer {
  readonly port: number;
  readonly url: URL;
  /** Open connections. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections accepted so far. */
  readonly accepted: () => number;
  close(): Promise<void>;
}

const open: TestServer[] = [];

/** For `afterEach`: closes every server a test has started. */
export async function closeServers(): Promise<void> {
  await Promise.all(open.splice(0).map((server) => server.close()));
}

async function start(server: net.Server, scheme: string, path = '/backend-api/codex'): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const started: TestServer = {
    port,
    url: new URL(`${scheme}://127.0.0.1:${port}${path}`),
    sockets,
    accepted: () => accepted,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  open.push(started);
  return started;
}

/** Bytes in, bytes out: for answers that no HTTP library would give. */
export const startTcp = (onSocket: (socket: Socket) => void): Promise<TestServer> => start(net.createServer(onSocket), 'http');

export const startTls = (onSocket: (socket: Socket) => void): Promise<TestServer> =>
  start(tls.createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, onSocket), 'https');

export const startHttp = (onRequest: http.RequestListener): Promise<TestServer> =>
  start(http.createServer({ keepAliveTimeout: 60_000 }, onRequest), 'http');

export const startHttps = (onRequest: http.RequestListener): Promise<TestServer> =>
  start(https.createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, onRequest), 'https');

/** HTTP/2 over TLS, with HTTP/1.1 for clients that do not offer it. */
export const startHttp2 = (
  onRequest: (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
): Promise<TestServer> => start(http2.createSecureServer({ key: TEST_KEY, cert: TEST_CERTIFICATE, allowHTTP1: true }, onRequest), 'https');

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = await startTcp(() => {});
  await server.close();
  return server.port;
}
