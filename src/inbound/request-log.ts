import type { FastifyReply, FastifyRequest } from 'fastify';
import { redactText } from '../common/redact.js';

/** A type, not an interface, so that it is a record of fields to the logger. */
export type RequestLogLine = {
  readonly msg: 'request';
  readonly method: string;
  /** Without the query: keys and codes stand there. */
  readonly path: string;
  /** What was sent; 499 where the client left before anything was. */
  readonly status: number;
  readonly ms: number;
  readonly requestId: string;
  readonly stream: boolean;
  /** Who ended it: `client` if it left before the answer was complete. */
  readonly closedBy: 'client' | 'server';
};

const MAX_PATH = 200;

const pathOf = (url: string): string => {
  const query = url.indexOf('?');
  return redactText(url.slice(0, Math.min(query < 0 ? url.length : query, MAX_PATH)));
};

/** Calls `write` once, when the answer has been sent or the client has left. */
export const logRequest = (request: FastifyRequest, reply: FastifyReply, write: (line: RequestLogLine) => void): void => {
  const start = performance.now();
  const { raw } = reply;
  raw.once('close', () => {
    const complete = raw.writableEnded;
    write({
      msg: 'request',
      method: request.method,
      path: pathOf(request.raw.url ?? ''),
      status: complete || raw.headersSent ? raw.statusCode : 499,
      ms: Math.round((performance.now() - start) * 10) / 10,
      requestId: request.id,
      stream: reply.streamed,
      closedBy: complete ? 'server' : 'client',
    });
  });
};
