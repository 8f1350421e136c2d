import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Cancellation, CancelSource } from '../common/cancellation.js';
import { GatewayError } from '../common/gateway-error.js';

const clientClosed = (): GatewayError =>
  new GatewayError('client_closed', 'the client closed the connection before the answer was complete');

/**
 * Aborts (reason: `GatewayError('client_closed')`) as soon as the client's connection or HTTP/2 stream closes before the
 * answer was ended; stays silent after an answer that was ended. Ask once per request and hand it on.
 */
export const clientSignal = (request: FastifyRequest, reply: FastifyReply): Cancellation => {
  const source = new CancelSource();
  const { raw } = reply;
  const gone = raw.destroyed || request.raw.socket?.destroyed === true || request.raw.aborted;
  if (gone && !raw.writableEnded) source.abort(clientClosed());
  else raw.once('close', () => raw.writableEnded || source.abort(clientClosed()));
  return source;
};
