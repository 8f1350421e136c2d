import { ArgumentsHost, Catch, ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError, type ErrorKind } from '../common/gateway-error.js';
import { wantsAnthropicShape } from '../models/caller-shape.js';
import { allowedMethods, MODELS_PATH, routeError } from './route-error.js';
import { processingTime } from './shared/answer-headers.js';
import { anthropicError } from './shared/anthropic-error.js';
import { isCodexClient } from './shared/client-identity.js';
import type { HttpError } from './shared/http-error.js';
import { openAiError } from './shared/openai-error.js';

const ANTHROPIC_PATH = /^\/(?:v1\/){0,2}messages(?:[/?]|$)/;

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  401: 'invalid_api_key',
  403: 'permission',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'too_large',
};

const pathOf = (request: FastifyRequest): string => (request.raw.url ?? '/').split('?', 1)[0]!;

/** The model list is shared: there the caller decides, not the path. */
const isAnthropic = (request: FastifyRequest, path: string): boolean =>
  ANTHROPIC_PATH.test(path) || (MODELS_PATH.test(path) && wantsAnthropicShape(request.headers));

/** Status of an error that the framework made; undefined for everything else. */
function frameworkStatus(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode, code } = (error ?? {}) as { statusCode?: unknown; code?: unknown };
  return typeof statusCode === 'number' && typeof code === 'string' && code.startsWith('FST_') ? statusCode : undefined;
}

/** Validation errors come as a list of sentences. */
function messageOf(error: unknown): string {
  if (error instanceof HttpException) {
    const { message } = error.getResponse() as { message?: unknown };
    if (Array.isArray(message)) return message.join('; ');
  }
  return error instanceof Error ? error.message : 'the request was refused';
}

function toGatewayError(error: unknown, request: FastifyRequest): GatewayError {
  if (error instanceof GatewayError) return error;
  const status = frameworkStatus(error);
  if (status === 404) return routeError(request.method, pathOf(request));
  if (status !== undefined && status < 500)
    return new GatewayError(KIND_OF_STATUS[status] ?? 'invalid_request', messageOf(error), { status });
  return new GatewayError('internal', 'The gateway failed to handle the request.', {}, error);
}

/** Every error of every route, in the shape of the dialect that the path belongs to. Never a stack trace, never a bare string. */
@Catch()
export class DialectErrorsFilter implements ExceptionFilter {
  private readonly logger = new Logger(DialectErrorsFilter.name);

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = toGatewayError(exception, request);
    if (error.kind === 'internal') {
      const cause: unknown = error.cause ?? error;
      this.logger.error({ msg: 'internal error', requestId: request.id, error: cause instanceof Error ? cause.stack : String(cause) });
    }
    if (reply.sent || reply.raw.headersSent) {
      // A status is out already: cutting the connection is the only honest way to say that the answer is not whole.
      reply.raw.destroy();
      return;
    }
    const path = pathOf(request);
    const { status, headers, body } = isAnthropic(request, path) ? this.#anthropic(error, request) : this.#openAi(error, request, reply);
    if (error.kind === 'method_not_allowed') reply.header('allow', allowedMethods(path));
    void reply.code(status).headers(headers).type('application/json; charset=utf-8').send(JSON.stringify(body));
  }

  #openAi(error: GatewayError, request: FastifyRequest, reply: FastifyReply): HttpError {
    const answer = openAiError(error, isCodexClient(request.headers));
    return { ...answer, headers: { ...answer.headers, ...processingTime(reply) } };
  }

  #anthropic(error: GatewayError, request: FastifyRequest): HttpError {
    const answer = anthropicError(error, request.id);
    return { ...answer, headers: { ...answer.headers, 'request-id': request.id } };
  }
}
