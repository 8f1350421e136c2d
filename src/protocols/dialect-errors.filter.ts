import { ArgumentsHost, Catch, ExceptionFilter, HttpException, Inject, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError, type ErrorKind } from '../common/gateway-error.js';
import { allowedMethods, routeError } from './route-error.js';
import { DIALECTS, type Dialect, type FailedRequest } from './shared/dialect.js';
import { openAiAnswer } from './shared/openai-error.js';

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  401: 'invalid_api_key',
  403: 'permission',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'too_large',
};

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

/** Every error of every route, in the shape of the dialect that the path belongs to. Never a stack trace, never a bare string. */
@Catch()
export class DialectErrorsFilter implements ExceptionFilter {
  private readonly logger = new Logger(DialectErrorsFilter.name);

  constructor(@Inject(DIALECTS) private readonly dialects: readonly Dialect[]) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const path = (request.raw.url ?? '/').split('?', 1)[0]!;
    const error = this.#gatewayError(exception, request.method, path);
    if (error.kind === 'internal') {
      const cause: unknown = error.cause ?? error;
      this.logger.error({ msg: 'internal error', requestId: request.id, error: cause instanceof Error ? cause.stack : String(cause) });
    }
    if (reply.sent || reply.raw.headersSent) {
      // A status is out already: cutting the connection is the only honest way to say that the answer is not whole.
      reply.raw.destroy();
      return;
    }
    const failed = { id: request.id, path, headers: request.headers, elapsedMs: reply.elapsedTime };
    const { status, headers, body } = this.#answer(error, failed);
    if (error.kind === 'method_not_allowed') reply.header('allow', allowedMethods(path, this.dialects) ?? 'POST');
    void reply.code(status).headers(headers).type('application/json; charset=utf-8').send(JSON.stringify(body));
  }

  #answer(error: GatewayError, request: FailedRequest): ReturnType<Dialect['error']> {
    const dialect = this.dialects.find((candidate) => candidate.owns(request));
    return dialect ? dialect.error(error, request) : openAiAnswer(error, request);
  }

  #gatewayError(error: unknown, method: string, path: string): GatewayError {
    if (error instanceof GatewayError) return error;
    const status = frameworkStatus(error);
    if (status === 404) return routeError(method, path, this.dialects);
    if (status !== undefined && status < 500)
      return new GatewayError(KIND_OF_STATUS[status] ?? 'invalid_request', messageOf(error), { status });
    return new GatewayError('internal', 'The gateway failed to handle the request.', {}, error);
  }
}
