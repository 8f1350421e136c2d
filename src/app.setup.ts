import type { Server, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { getHeapStatistics } from 'node:v8';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { limitStall } from './common/answer-stall.js';
import { PinoLogger } from './common/pino-logger.js';
import { Config } from './config/config.js';
import { BodyBudget } from './inbound/body-budget.js';
import { answerClientError } from './inbound/client-error.js';
import { DrainService } from './inbound/drain.service.js';
import { earlyErrorBody } from './inbound/early-error.js';
import { InboundServer, type ListenerOptions } from './inbound/listener.js';
import { type BodyLimits, PendingBody } from './inbound/request-body.js';
import { nextRequestId } from './inbound/request-id.js';
import { RefusalLines } from './inbound/refusal-lines.js';
import { logRequest, type RequestLogLine } from './inbound/request-log.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the body's memory is held for. */
    answer: ServerResponse;
  }
}

const MIB = 1_048_576;
/** A body must bring 16 KiB in each half minute: whoever is slower than that is not going to finish. */
const BODY_PERIOD_MS = 30_000;
const MIN_BYTES_PER_PERIOD = 16_384;
/** Ten times what the longest conversations with the most tools have. */
const MAX_VALUES = 500_000;
/** Response and model ids are shorter; longer path segments are refused with 414. */
const MAX_PARAM_LENGTH = 512;

const listenerOptions = (config: Config): ListenerOptions => ({
  h2c: config.enableListenH2c,
  headerTimeoutMs: config.listenReadHeaderTimeoutSec * 1000,
  idleTimeoutMs: config.listenIdleTimeoutSec * 1000,
  tcpKeepAliveMs: config.listenTcpKeepaliveSec * 1000,
  maxHeaderBytes: config.listenMaxHeaderBytes,
  maxConnections: config.listenConcurrency,
  maxConcurrentStreams: config.h2MaxConcurrentStreams,
});

const bodyLimits = (config: Config): BodyLimits => ({
  maxBytes: config.maxBodySizeMb * MIB,
  maxDecodedBytes: config.maxDecompressedBodySizeMb * MIB,
  maxValues: MAX_VALUES,
  periodMs: BODY_PERIOD_MS,
  minBytesPerPeriod: MIN_BYTES_PER_PERIOD,
});

/** A body costs about three times its size until it is answered: the text, what was parsed from it, and what is sent on. */
const bodyBudget = ({ bodyMemoryMb }: Config): BodyBudget =>
  new BodyBudget(bodyMemoryMb > 0 ? bodyMemoryMb * MIB : getHeapStatistics().heap_size_limit / 4);

/** A URL the router cannot read: no route, so no filter, will see it. */
const answerFrameworkError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
  void reply
    .code(error.statusCode ?? 400)
    .header('x-request-id', request.id)
    .type('application/json; charset=utf-8')
    .send(earlyErrorBody(request.raw.url ?? '', 'The URL is not valid.', request.id));
};

/**
 * Options of the Fastify instance. Its own logger stays off (one line per request is written by `logRequest`), and so does
 * middleware support, which nothing here uses.
 */
export const fastifyOptions = (config: Config): FastifyServerOptions<Server> & { skipMiddie: true } => ({
  logger: false,
  skipMiddie: true,
  genReqId: nextRequestId,
  requestIdHeader: false,
  trustProxy: false,
  bodyLimit: config.maxBodySizeMb * MIB,
  routerOptions: { maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: true, caseSensitive: true },
  serverFactory: (handler) => new InboundServer(listenerOptions(config), handler),
  clientErrorHandler: answerClientError,
  frameworkErrors: answerFrameworkError,
});

/** Fastify sees a body by its length, its transfer coding or its type; an HTTP/2 client need not send any of them. */
const showHttp2Body = (request: FastifyRequest): void => {
  const { headers, stream } = request.raw as unknown as Http2ServerRequest;
  if (headers['content-type'] === undefined && !stream.endAfterHeaders) headers['content-type'] = 'application/octet-stream';
};

const READABLE_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/;

/** Nobody reads the type of a body, but Fastify answers 415 to one that is no media type, as misconfigured clients send them. */
const forgiveContentType = ({ raw: { headers } }: FastifyRequest): void => {
  const type = headers['content-type'];
  if (type !== undefined && !READABLE_TYPE.test(type)) headers['content-type'] = 'application/octet-stream';
};

/** The adapter for `NestFactory.create(…, createAdapter(config), { bodyParser: false, bufferLogs: true })`. */
export const createAdapter = (config: Config): FastifyAdapter => new FastifyAdapter(fastifyOptions(config));

/** Everything about HTTP that the program and its tests share. Call it before `app.init()` or `app.listen()`. */
export const configureApp = (app: NestFastifyApplication, config: Config, logger: PinoLogger): void => {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const drain = app.get(DrainService);
  const limits = bodyLimits(config);
  const budget = bodyBudget(config);
  const writeTimeoutMs = config.listenWriteTimeoutSec * 1000;
  const logged = logger.isLevelEnabled('info');
  const lines = new RefusalLines(
    (line) => logger.info(line),
    (summary) => logger.warn(summary),
  );
  const write = (line: RequestLogLine): void => lines.take(line);

  fastify.decorateReply('streamed', false);
  fastify.removeAllContentTypeParsers();
  fastify.decorateRequest('answer');
  fastify.addContentTypeParser('*', (request, payload, done) => {
    done(null, new PendingBody(payload, request.answer, limits, budget));
  });
  fastify.addHook('onClose', (_fastify, done) => {
    lines.flush();
    done();
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    request.answer = reply.raw;
    reply.header('x-request-id', request.id);
    forgiveContentType(request);
    if (request.raw.httpVersionMajor === 2) showHttp2Body(request);
    else if (drain.draining) reply.header('connection', 'close');
    if (logged) logRequest(request, reply, write);
    done();
  });
  // An answer that was begun before the end says so too; streams see to both themselves.
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const last = drain.draining || (request.body instanceof PendingBody && request.body.withheld);
    if (last && request.raw.httpVersionMajor === 1) reply.header('connection', 'close');
    limitStall(reply.raw, writeTimeoutMs);
    done(null, payload);
  });
};
