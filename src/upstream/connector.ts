import { Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { authority, ProxyAddress } from './proxy-address.js';
import { openTunnel, proxyFailure, Target } from './proxy-tunnel.js';
import { UpstreamFailure } from './upstream-failure.js';

export interface ConnectorOptions {
  /** 0: no limit. */
  readonly connectTimeoutMs: number;
  readonly tlsTimeoutMs: number;
  readonly allowH2: boolean;
  readonly tls: ConnectionOptions;
  readonly proxy: ProxyAddress | null;
  /** Where to connect instead of the origin's own address; SNI and Host stay the origin's. */
  readonly resolveTo: Target | null;
  readonly onConnected: (version: 'h1' | 'h2') => void;
}

/**
 * How a pool gets its connections: TCP or a tunnel, then TLS, each with its own limit. Whatever goes wrong is
 * `UpstreamFailure('connect')`, so that a call that fails with it has certainly not been sent. (undici would also try for
 * ever after its own UND_ERR_SOCKET.) undici's proxy agents are not used: with a proxy that goes away they cannot say that it
 * was the proxy, and the one for SOCKS speaks no HTTP/2 and never resolves names here.
 */
export function makeConnector(options: ConnectorOptions): buildConnector.connector {
  const tcp = buildConnector({ timeout: options.connectTimeoutMs, allowH2: false });
  const tls = buildConnector({ ...options.tls, timeout: options.tlsTimeoutMs, allowH2: options.allowH2, preferH2: true });
  const { proxy } = options;

  const open = async (origin: buildConnector.Options): Promise<Socket> => {
    const secure = origin.protocol === 'https:';
    const target = options.resolveTo ?? { host: bare(origin.hostname), port: Number(origin.port) || (secure ? 443 : 80) };
    // A plain request is handed to an HTTP proxy as it is, as every client does; anything else goes through a tunnel.
    if (proxy !== null && !secure && isForward(proxy)) return dialForwardProxy(proxy, tcp, tls);
    const socket = proxy === null ? await dial(tcp, target) : await openTunnel(proxy, target, tunnelLimits(options));
    if (!secure) return socket;
    return upgrade(tls, socket, origin, proxy);
  };

  return (origin, callback) => {
    open(origin).then(
      (socket) => {
        options.onConnected((socket as TLSSocket).alpnProtocol === 'h2' ? 'h2' : 'h1');
        callback(null, socket);
      },
      (error: Error) => callback(error, null),
    );
  };
}

export const isForward = (proxy: ProxyAddress): boolean => proxy.kind === 'http' || proxy.kind === 'https';

const tunnelLimits = ({ connectTimeoutMs, tls }: ConnectorOptions): { timeoutMs: number; tls: ConnectionOptions } => ({
  timeoutMs: connectTimeoutMs,
  tls,
});

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

function dial(tcp: buildConnector.connector, { host, port }: Target): Promise<Socket> {
  return run(tcp, { hostname: host, host, protocol: 'http:', port: String(port) }).catch((error: NodeJS.ErrnoException) => {
    throw failure(`cannot connect to ${authority(host, port)}`, error);
  });
}

async function dialForwardProxy(proxy: ProxyAddress, tcp: buildConnector.connector, tls: buildConnector.connector): Promise<Socket> {
  const { host, port } = proxy;
  try {
    const socket = await run(tcp, { hostname: host, host, protocol: 'http:', port: String(port) });
    if (proxy.kind === 'http') return socket;
    return await run(tls, { hostname: host, host, protocol: 'https:', port: String(port), httpSocket: socket });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw proxyFailure(proxy, `cannot be used: ${code ?? message}`, code);
  }
}

function upgrade(
  tls: buildConnector.connector,
  socket: Socket,
  origin: buildConnector.Options,
  proxy: ProxyAddress | null,
): Promise<Socket> {
  return run(tls, { ...origin, httpSocket: socket }).catch((error: NodeJS.ErrnoException) => {
    socket.destroy();
    const through = proxy === null ? '' : ` through proxy ${proxy.label}`;
    throw failure(`TLS handshake with ${bare(origin.hostname)}${through} failed`, error);
  });
}

const run = (connector: buildConnector.connector, options: buildConnector.Options): Promise<Socket> =>
  new Promise((resolve, reject) => {
    connector(options, (error, socket) => (error ? reject(error) : resolve(socket)));
  });

function failure(what: string, error: NodeJS.ErrnoException): UpstreamFailure {
  const code = error.code === 'UND_ERR_SOCKET' || error.code === 'UND_ERR_INFO' ? 'ERR_CONNECT' : error.code;
  return new UpstreamFailure('connect', `${what}: ${wordsOf(error) || code}`, code, error);
}

/** OpenSSL's message is an address in memory, a place in its source and a line break around the reason. */
const wordsOf = (error: Error & { readonly reason?: unknown }): string =>
  typeof error.reason === 'string' && error.message.includes(':SSL routines:') ? error.reason : error.message;
