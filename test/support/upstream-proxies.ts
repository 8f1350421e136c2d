import http from 'node:http';
import net, { Socket } from 'node:net';
import { startTcp, startTls, TestServer } from './upstream-servers.js';

export interface TestProxy extends TestServer {
  /** What it was asked for: `CONNECT host:port`, `GET http://…`, `SOCKS name:host:port` or `SOCKS ip:address:port`. */
  readonly asked: string[];
}

export interface ProxyOptions {
  readonly credentials?: { readonly username: string; readonly password: string };
  /** The connection to the HTTP proxy is TLS itself. */
  readonly secure?: boolean;
  /** Where connections really go, whatever name was asked for. */
  readonly redirectTo?: { readonly host: string; readonly port: number };
}

/** An HTTP proxy: tunnels for CONNECT, forwards absolute request lines. */
export async function startHttpProxy({ credentials, redirectTo, secure = false }: ProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const expected = credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (expected && request.headers['proxy-authorization'] !== expected) return void response.writeHead(407).end('who are you?');
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const onward = http.request(request.url!, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request: http.IncomingMessage, socket: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    if (expected && request.headers['proxy-authorization'] !== expected) {
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    tunnel(socket, redirectTo ?? { host: hostname, port: Number(port) }, () => socket.write('HTTP/1.1 200 Connection Established\r\n\r\n'));
  });
  const started = await (secure ? startTls : startTcp)((socket) => void server.emit('connection', socket));
  return { ...started, asked };
}

/** A SOCKS5 server, with RFC 1929 credentials when they are given. */
export async function startSocksProxy({ credentials, redirectTo }: ProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const started = await startTcp((socket) => void serveSocks(socket, asked, credentials, redirectTo).catch(() => socket.destroy()));
  return { ...started, asked };
}

async function serveSocks(
  socket: Socket,
  asked: string[],
  credentials: ProxyOptions['credentials'],
  redirectTo: ProxyOptions['redirectTo'],
): Promise<void> {
  const take = reader(socket);
  const methods = await take((await take(2))[1]!);
  const method = credentials ? 2 : 0;
  socket.write(Buffer.from([5, methods.includes(method) ? method : 255]));
  if (credentials) {
    const username = (await take((await take(2))[1]!)).toString();
    const password = (await take((await take(1))[0]!)).toString();
    const good = username === credentials.username && password === credentials.password;
    socket.write(Buffer.from([1, good ? 0 : 1]));
    if (!good) return void socket.end();
  }
  const kind = (await take(4))[3];
  const host = kind === 3 ? (await take((await take(1))[0]!)).toString() : [...(await take(4))].join('.');
  const port = (await take(2)).readUInt16BE();
  asked.push(`SOCKS ${kind === 3 ? 'name' : 'ip'}:${host}:${port}`);
  tunnel(socket, redirectTo ?? { host, port }, () => socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0])));
}

/** Reads exactly so many bytes. */
function reader(socket: Socket): (size: number) => Promise<Buffer> {
  return async (size) => {
    for (;;) {
      const bytes = size === 0 ? Buffer.alloc(0) : (socket.read(size) as Buffer | null);
      if (bytes !== null) return bytes;
      await new Promise<void>((resolve, reject) => {
        socket.once('readable', resolve).once('close', () => reject(new Error('closed')));
      });
    }
  };
}

function tunnel(socket: Socket, to: { host: string; port: number }, onOpen: () => void): void {
  const onward = net.connect(to, () => {
    onOpen();
    socket.pipe(onward).pipe(socket);
  });
  onward.on('error', () => socket.destroy());
  socket.on('error', () => onward.destroy()).on('close', () => onward.destroy());
}
