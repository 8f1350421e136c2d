import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import {
  constants,
  createServer as createHttp2Server,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { Socket } from 'node:net';
import { discardRest } from './discard-rest.js';

export interface ListenerOptions {
  /** Serve HTTP/2 with prior knowledge on the same port. */
  readonly h2c: boolean;
  /** From the start of a connection or request to the end of its headers; 0: no limit. */
  readonly headerTimeoutMs: number;
  /** A connection without a request in flight; 0: no limit. */
  readonly idleTimeoutMs: number;
  /** 0: no TCP keep-alive probes. */
  readonly tcpKeepAliveMs: number;
  readonly maxHeaderBytes: number;
  /** Connections at a time; 0: no limit. */
  readonly maxConnections: number;
  readonly maxConcurrentStreams: number;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Whole requests must arrive in this time; the body reader's minimum rate ends slow ones much earlier. */
const REQUEST_TIMEOUT_MS = 900_000;
/** Answers that a client may have outstanding on one HTTP/1.1 connection. Nobody sends a second request before the first answer in earnest. */
const MAX_PIPELINED = 32;
const OUTSTANDING = Symbol('outstanding');
const PREFACE = Buffer.from('PRI', 'latin1');

/** How exact the header timeout is. */
const checkInterval = (timeoutMs: number): number => (timeoutMs === 0 ? 5_000 : Math.max(50, Math.min(timeoutMs / 2, 5_000)));

type Verdict = 'http1' | 'http2' | 'unknown';

/** `PRI` opens nothing but an HTTP/2 connection; three bytes tell it from PUT, POST, PATCH and PROPFIND. */
const verdictOf = (bytes: Buffer): Verdict => {
  const known = Math.min(bytes.length, PREFACE.length);
  if (bytes.compare(PREFACE, 0, known, 0, known) !== 0) return 'http1';
  return known === PREFACE.length ? 'http2' : 'unknown';
};

/**
 * HTTP/1.1 and HTTP/2 (prior knowledge) on one port. It is an ordinary `http.Server`: only the first bytes of a
 * connection are looked at, so a kept-alive connection pays nothing. `Upgrade` headers are ignored (there is no
 * `upgrade` listener), so `Upgrade: h2c` is served as HTTP/1.1 and `Upgrade: websocket` reaches its route as a GET.
 */
export class InboundServer extends Server {
  readonly #serveHttp1: (socket: Socket) => void;
  readonly #http2: Http2Server;
  readonly #unread = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions, handler: RequestHandler) {
    super({
      headersTimeout: options.headerTimeoutMs,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: options.idleTimeoutMs,
      connectionsCheckingInterval: checkInterval(options.headerTimeoutMs),
      maxHeaderSize: options.maxHeaderBytes,
      noDelay: true,
      // Node's own refusal of such a request is empty and has no id; nothing here depends on the header.
      requireHostHeader: false,
      keepAlive: options.tcpKeepAliveMs > 0,
      keepAliveInitialDelay: options.tcpKeepAliveMs,
    });
    const limited = this.#limit(handler);
    // With a listener of its own an expected `100 Continue` is not sent before somebody reads the body.
    this.on('request', limited).on('checkContinue', limited);
    this.#options = options;
    // An expectation that nobody knows may be ignored; Node's own 417 would be empty and without an id.
    this.on('checkExpectation', limited);
    if (options.maxConnections > 0) this.maxConnections = options.maxConnections;
    const [serveHttp1] = this.listeners('connection') as [(socket: Socket) => void];
    this.#serveHttp1 = serveHttp1;
    this.#http2 = this.#createHttp2(handler);
    if (options.h2c) {
      this.removeListener('connection', serveHttp1);
      this.on('connection', (socket: Socket) => this.#sniff(socket));
    }
  }

  /** Also ends connections that never spoke and tells HTTP/2 clients to go away once their streams have ended. */
  override closeIdleConnections(): void {
    super.closeIdleConnections();
    for (const socket of this.#unread) socket.destroy();
    for (const session of this.#sessions) if (!session.closed) session.close();
  }

  override closeAllConnections(): void {
    super.closeAllConnections();
    for (const socket of this.#unread) socket.destroy();
    for (const session of this.#sessions) session.destroy();
  }

  #createHttp2(handler: RequestHandler): Http2Server {
    const { maxConcurrentStreams, maxHeaderBytes, idleTimeoutMs } = this.#options;
    // The compatibility API has the members of http's classes that are used here and in Fastify.
    const handle = handler as unknown as (request: Http2ServerRequest, response: Http2ServerResponse) => void;
    const listener: typeof handle = (request, response) => {
      // The answer arrives whatever becomes of a body that nobody wants.
      response.once('finish', () => request.complete || response.stream?.close(constants.NGHTTP2_NO_ERROR));
      // After all frames that came with it: of a stream that they also reset nothing more is heard, and nothing done for it.
      setImmediate(() => request.stream.closed || request.stream.destroyed || handle(request, response));
    };
    const server = createHttp2Server({ settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes } }, listener);
    server.on('checkExpectation', listener).on('checkContinue', listener);
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      // A graceful close: a stream that is merely silent still ends as it should.
      session.setTimeout(idleTimeoutMs, () => session.close());
      if (!this.listening) session.close();
    });
    return server;
  }

  /** One connection must not begin thousands of requests with one packet, nor go on for ever with a body that nobody wants. */
  #limit(handler: RequestHandler): RequestHandler {
    return (request, response) => {
      const socket: Socket & { [OUTSTANDING]?: number } = request.socket;
      const outstanding = (socket[OUTSTANDING] ?? 0) + 1;
      if (outstanding > MAX_PIPELINED) socket.destroy();
      // What came in the same packet is still handed over.
      if (socket.destroyed) return;
      socket[OUTSTANDING] = outstanding;
      response.prependOnceListener('finish', () => request.complete || discardRest(request));
      response.once('close', () => {
        // Node puts the idle timeout in the place of the answer's one, but not where there is none.
        if (--socket[OUTSTANDING]! === 0 && this.keepAliveTimeout === 0) socket.setTimeout(0);
      });
      handler(request, response);
    };
  }

  #sniff(socket: Socket): void {
    let seen: Buffer | null = null;
    const onData = (chunk: Buffer): void => {
      const bytes: Buffer = seen ? Buffer.concat([seen, chunk]) : chunk;
      const verdict = verdictOf(bytes);
      if (verdict === 'unknown') seen = bytes;
      else release(verdict, bytes);
    };
    const forget = (): void => {
      this.#unread.delete(socket);
      socket
        .removeListener('data', onData)
        .removeListener('error', destroy)
        .removeListener('timeout', destroy)
        .removeListener('close', forget);
      socket.setTimeout(0);
    };
    const destroy = (): void => void socket.destroy();
    const release = (verdict: 'http1' | 'http2', bytes: Buffer): void => {
      forget();
      socket.pause();
      socket.unshift(bytes);
      if (verdict === 'http2') {
        // An http.Server leaves its sockets half open when a client is gone; a session would never be told.
        socket.allowHalfOpen = false;
        this.#http2.emit('connection', socket);
        // After the session has taken the bytes back, in the tick it does that in: a paused socket does not tell of its end.
        process.nextTick(() => socket.resume());
        return;
      }
      this.#serveHttp1.call(this, socket);
      socket.resume();
    };
    this.#unread.add(socket);
    socket.setTimeout(this.#options.headerTimeoutMs);
    socket.on('data', onData).once('error', destroy).once('timeout', destroy).once('close', forget);
  }
}
