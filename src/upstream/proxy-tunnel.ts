import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP, Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { SocksClient } from 'socks';
import { authority, basicCredentials, ProxyAddress } from './proxy-address.js';
import { UpstreamFailure } from './upstream-failure.js';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface TunnelOptions {
  readonly timeoutMs: number;
  /** For the TLS connection to an `https` proxy. */
  readonly tls: ConnectionOptions;
}

/**
 * A connection to `target` through the proxy. Every failure is `UpstreamFailure('connect')` that names the proxy without its
 * credentials; there is no way round the proxy.
 */
export function openTunnel(proxy: ProxyAddress, target: Target, options: TunnelOptions): Promise<Socket> {
  return proxy.kind === 'http' || proxy.kind === 'https' ? openHttpTunnel(proxy, target, options) : openSocksTunnel(proxy, target, options);
}

export const proxyFailure = (proxy: ProxyAddress, what: string, code?: string): UpstreamFailure =>
  new UpstreamFailure('connect', `proxy ${proxy.label} ${what}`, code);

function openHttpTunnel(proxy: ProxyAddress, target: Target, { timeoutMs, tls }: TunnelOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const name = authority(target.host, target.port);
  const credentials = basicCredentials(proxy);
  const request = (proxy.kind === 'https' ? https : http).request({
    ...tls,
    host: proxy.host,
    port: proxy.port,
    // Otherwise it would be taken from the Host header, which names the target.
    servername: isIP(proxy.host) ? '' : proxy.host,
    method: 'CONNECT',
    path: name,
    headers: { host: name, ...(credentials === undefined ? {} : { 'proxy-authorization': credentials }) },
    agent: false,
  });
  const timer =
    timeoutMs > 0 ? setTimeout(() => request.destroy(new Error(`timed out after ${timeoutMs} ms`)), timeoutMs).unref() : undefined;
  request.once('connect', (response, socket: Socket, head) => {
    clearTimeout(timer);
    socket.on('error', () => {});
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) {
      socket.destroy();
      reject(proxyFailure(proxy, refusal(status)));
      return;
    }
    if (head.length > 0) socket.unshift(head);
    resolve(socket);
  });
  request.on('error', (error: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    reject(proxyFailure(proxy, `cannot be used: ${error.code ?? error.message}`, error.code));
  });
  request.end();
  return promise;
}

const refusal = (status: number): string =>
  status === 407 ? 'rejected the credentials (407)' : `refused the connection with status ${status}`;

async function openSocksTunnel(proxy: ProxyAddress, target: Target, { timeoutMs }: TunnelOptions): Promise<Socket> {
  const host = proxy.kind === 'socks5' ? await resolveName(target.host) : target.host;
  try {
    const { socket } = await SocksClient.createConnection({
      command: 'connect',
      proxy: {
        host: proxy.host,
        port: proxy.port,
        type: 5,
        ...(proxy.username === '' && proxy.password === '' ? {} : { userId: proxy.username, password: proxy.password }),
      },
      destination: { host, port: target.port },
      // The library has no "no limit"; a day is one.
      timeout: timeoutMs > 0 ? timeoutMs : 86_400_000,
      set_tcp_nodelay: true,
    });
    socket.on('error', () => {});
    return socket;
  } catch (error) {
    // Not kept as the cause: the library's error carries the proxy's password.
    const { code, message } = error as NodeJS.ErrnoException;
    throw proxyFailure(proxy, `cannot be used: ${code ?? message}`, code);
  }
}

async function resolveName(host: string): Promise<string> {
  if (isIP(host)) return host;
  try {
    // SOCKS proxies without IPv6 are common.
    return (await lookup(host, { order: 'ipv4first' })).address;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UpstreamFailure('connect', `cannot resolve ${host}: ${code ?? message}`, code);
  }
}
