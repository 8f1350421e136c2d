import type { ConnectionOptions } from 'node:tls';
import { Inject, Injectable, OnApplicationShutdown, Optional } from '@nestjs/common';
import { Pool } from 'undici';
import { parseHostPort } from '../config/addresses.js';
import { Config } from '../config/config.js';
import { ConnectionGate } from './connection-gate.js';
import { isForward, makeConnector } from './connector.js';
import { basicCredentials, parseProxyUrl, ProxyAddress } from './proxy-address.js';
import type { Target } from './proxy-tunnel.js';
import { UpstreamFailure } from './upstream-failure.js';

/** TLS options for every outbound connection (tests bring their own CA); verification stays on. */
export const UPSTREAM_TLS = Symbol('upstream tls options');

const DEFAULT_IDLE_CONNECTION_SEC = 120;
/** More HTTP/2 connections than this to one host provoke GOAWAY ENHANCE_YOUR_CALM. */
const DEFAULT_HTTP2_CONNECTIONS = 30;
/** Streams on one HTTP/2 connection by default in undici; a server may allow fewer. */
const HTTP2_STREAMS = 100;
/** "No limit" in undici's words, for options where 0 is refused. */
const FOREVER_MS = 2_147_483_647;
/** Edges add policies, reports and cookies of their own; Node's 16 KiB would take such an answer for broken HTTP. */
const MAX_HEADER_BYTES = 128 * 1024;

/** The way to one origin. */
export interface Route {
  readonly pool: Pool;
  /** Null where connections are not limited. */
  readonly gate: ConnectionGate | null;
  /** Set where a plain HTTP request is handed to an HTTP proxy whole. */
  readonly forward: ForwardProxy | null;
  /** A call by this route has met nothing but silence. */
  readonly distrust: () => void;
}

export interface ForwardProxy {
  readonly address: ProxyAddress;
  /** Put before the path: the request line names the whole URL. */
  readonly origin: string;
  readonly authorization: string | undefined;
}

export interface RouteStats {
  readonly origin: string;
  readonly connected: number;
  readonly idle: number;
  readonly running: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
  readonly queueTimeouts: number;
}

/**
 * The one maker of outbound connections: proxy, timeouts, HTTP version and limits of the configuration hold for every call.
 * One pool per origin; the origins are the few addresses of the configuration.
 */
@Injectable()
export class DispatcherFactory implements OnApplicationShutdown {
  readonly #routes = new Map<string, Route>();
  /** Replaced pools whose last calls are under way. */
  readonly #retired = new Set<Pool>();
  readonly #proxy: ProxyAddress | null;
  readonly #backendHost: string;
  readonly #resolveTo: Target | null;

  constructor(
    private readonly config: Config,
    @Optional() @Inject(UPSTREAM_TLS) private readonly tls: ConnectionOptions | undefined,
  ) {
    this.#proxy = parseProxyUrl(config.proxyUrl);
    const backend = new URL(config.baseUrl);
    this.#backendHost = backend.hostname;
    const address = config.backendResolveAddress === '' ? undefined : parseHostPort(config.backendResolveAddress);
    this.#resolveTo = address ? { host: address.host, port: address.port ?? portOf(backend) } : null;
  }

  route(url: URL): Route {
    const known = this.#routes.get(url.origin);
    if (known) return known;
    const route = this.#makeRoute(url);
    this.#routes.set(url.origin, route);
    return route;
  }

  stats(): RouteStats[] {
    return [...this.#routes].map(([origin, { pool, gate }]) => ({
      origin,
      connected: pool.stats.connected,
      idle: pool.stats.free,
      running: pool.stats.running,
      waiting: (gate?.waiting ?? 0) + pool.stats.queued,
      queueTimeouts: gate?.timeouts ?? 0,
    }));
  }

  /** Ends every connection, calls in flight too: at this point of the shutdown the inbound side has been drained and closed. */
  async onApplicationShutdown(): Promise<void> {
    const routes = [...this.#routes.values()];
    const failure = new UpstreamFailure('aborted', 'the service is shutting down');
    for (const { gate } of routes) gate?.refuseAll(failure);
    await Promise.all([...routes.map(({ pool }) => pool), ...this.#retired].map((pool) => pool.destroy(failure)));
  }

  #makeRoute(url: URL, gate = this.#makeGate()): Route {
    const route: Route = {
      pool: this.#makePool(url, gate),
      gate,
      forward: this.#forwardTo(url),
      distrust: () => this.#replace(url, route),
    };
    return route;
  }

  /**
   * Where one connection has gone silent, others that were made at the same time may lead nowhere as well (a NAT has forgotten them, the
   * machine has slept), and each would cost a call its whole patience: from now on new ones are made. Calls on the old ones end as they do.
   */
  #replace(url: URL, route: Route): void {
    if (this.#routes.get(url.origin) !== route) return;
    this.#routes.set(url.origin, this.#makeRoute(url, route.gate));
    this.#retired.add(route.pool);
    const gone = (): void => void this.#retired.delete(route.pool);
    route.pool.close().then(gone, gone);
  }

  #makePool(url: URL, gate: ConnectionGate | null): Pool {
    const { config } = this;
    const connectTimeoutMs = config.upstreamConnectTimeoutSec * 1000;
    const idleMs = (config.upstreamIdleConnTimeoutSec || DEFAULT_IDLE_CONNECTION_SEC) * 1000;
    return new Pool(url.origin, {
      connections: gate === null ? null : this.#maxConnections,
      pipelining: 1,
      allowH2: config.enableHttp2,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
      connect: makeConnector({
        connectTimeoutMs,
        tlsTimeoutMs: config.upstreamTlsHandshakeTimeoutSec * 1000 || connectTimeoutMs,
        allowH2: config.enableHttp2,
        tls: this.tls ?? {},
        proxy: this.#proxy,
        resolveTo: url.hostname === this.#backendHost ? this.#resolveTo : null,
        onConnected: (version) => gate?.setLimit(this.#maxConnections * (version === 'h2' ? HTTP2_STREAMS : 1)),
      }),
    });
  }

  /** HTTP/1.1 holds a connection per stream: a default limit would cap the whole service, so it takes an explicit one. */
  #makeGate(): ConnectionGate | null {
    const { enableHttp2, maxConnsPerHostExplicit, upstreamQueueTimeoutSec } = this.config;
    if (!enableHttp2 && !maxConnsPerHostExplicit) return null;
    return new ConnectionGate(this.#maxConnections, Math.min(upstreamQueueTimeoutSec * 1000, FOREVER_MS));
  }

  get #maxConnections(): number {
    const { enableHttp2, maxConnsPerHost, http2MaxConnsPerHostCap } = this.config;
    return enableHttp2 ? Math.min(maxConnsPerHost, http2MaxConnsPerHostCap || DEFAULT_HTTP2_CONNECTIONS) : maxConnsPerHost;
  }

  #forwardTo(url: URL): ForwardProxy | null {
    const address = this.#proxy;
    if (address === null || url.protocol !== 'http:' || !isForward(address)) return null;
    return { address, origin: url.origin, authorization: basicCredentials(address) };
  }
}

const portOf = (url: URL): number => Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
