import { Injectable } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import type { Cancellation } from '../common/cancellation.js';
import { Config } from '../config/config.js';
import { bodyChunks } from './body-chunks.js';
import type { ConnectionGate } from './connection-gate.js';
import { DispatcherFactory, Route, RouteStats } from './dispatcher.factory.js';
import { UnansweredCalls } from './unanswered-calls.js';
import { UpstreamExchange } from './upstream-exchange.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { UpstreamCall, UpstreamResponse } from './upstream-types.js';

/** Every outbound call of the service. Never repeats one: that is the executor's business. */
@Injectable()
export class UpstreamClient {
  readonly #idleTimeoutMs: number;
  readonly #headerTimeoutMs: number;
  /** Over HTTP/2 calls may wait inside undici as well: the server decides how many streams a connection carries. */
  readonly #multiplexed: boolean;

  constructor(
    config: Config,
    private readonly dispatchers: DispatcherFactory,
    private readonly unanswered: UnansweredCalls,
  ) {
    this.#idleTimeoutMs = config.upstreamIdleTimeoutSeconds * 1000;
    this.#multiplexed = config.enableHttp2;
    this.#headerTimeoutMs = config.upstreamResponseHeaderTimeoutSec * 1000;
  }

  /**
   * Resolves at the headers, whatever the status; rejects with `UpstreamFailure`. The caller must read the body to its end
   * or `cancel` or `finish` it. Aborting the signal closes the upstream socket at once, in every phase.
   */
  async open(call: UpstreamCall): Promise<UpstreamResponse> {
    if (call.signal?.aborted) throw new UpstreamFailure('aborted', 'the call was aborted before it was made');
    const route = this.dispatchers.route(call.url);
    const { gate } = route;
    const started = performance.now();
    if (gate !== null && !gate.tryEnter()) await enterAliveWith(gate, call.signal);
    const exchange = new UpstreamExchange({
      signal: call.signal,
      totalTimeoutMs: call.totalTimeoutMs ?? 0,
      queueTimeoutMs: gate !== null && this.#multiplexed ? Math.max(1, gate.timeoutMs - (performance.now() - started)) : 0,
      gate,
      forward: route.forward,
      onSilence: route.distrust,
      unanswered: call.isTurn ? this.unanswered : null,
    });
    route.pool.dispatch(this.#dispatchOptions(call, route), exchange);
    return exchange.response;
  }

  /** Connections and queues per origin, for metrics. */
  stats(): RouteStats[] {
    return this.dispatchers.stats();
  }

  #dispatchOptions({ url, method, headers, body, idleTimeoutMs }: UpstreamCall, { forward }: Route): Dispatcher.DispatchOptions {
    const idleMs = idleTimeoutMs ?? this.#idleTimeoutMs;
    const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
    const payload = bytes && bodyChunks(bytes);
    const length = payload === undefined || payload === bytes ? undefined : { 'content-length': String(bytes!.length) };
    const authorization = forward?.authorization && { 'proxy-authorization': forward.authorization };
    return {
      path: `${forward?.origin ?? ''}${url.pathname}${url.search}`,
      method,
      headers: length || authorization ? { ...headers, ...length, ...authorization } : headers,
      body: payload as Dispatcher.DispatchOptions['body'],
      headersTimeout: this.#headerTimeoutMs > 0 && (idleMs === 0 || this.#headerTimeoutMs < idleMs) ? this.#headerTimeoutMs : idleMs,
      bodyTimeout: idleMs,
      // Otherwise undici closes the connection after a HEAD, which is the very thing a keep-alive ping must not do.
      reset: method === 'HEAD' ? false : undefined,
    };
  }
}

/** The signal may be aborted between the admission and its being noticed: then nobody would hear of it any more. */
async function enterAliveWith(gate: ConnectionGate, signal: Cancellation | undefined): Promise<void> {
  await gate.enter(signal);
  if (!signal?.aborted) return;
  gate.leave();
  throw new UpstreamFailure('aborted', 'the call was aborted while it waited for a connection');
}
