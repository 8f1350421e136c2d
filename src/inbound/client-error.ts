import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { earlyErrorBody } from './early-error.js';
import { nextRequestId } from './request-id.js';

const STATUS_OF: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};
const MESSAGE_OF: Record<number, string> = {
  400: 'The request is not valid HTTP.',
  408: 'The request was not received in time.',
  413: 'The chunk extensions of the request body are too large.',
  431: 'The request headers are too large.',
};

/** Bytes that are no HTTP request, headers that are too slow or too large: one answer on the bare socket, then the end. */
export const answerClientError = (error: Error & { code?: string }, socket: Socket): void => {
  // Inside an answer a status line would become part of its body.
  const answering = (socket as Socket & { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true;
  if (error.code === 'ECONNRESET' || !socket.writable || answering) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF[error.code ?? ''] ?? 400;
  const requestId = nextRequestId();
  const body = earlyErrorBody('', MESSAGE_OF[status]!, requestId);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nx-request-id: ${requestId}\r\ncontent-type: application/json; charset=utf-8\r\n`;
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
};
