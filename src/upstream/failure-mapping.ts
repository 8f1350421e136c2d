import { FailureKind, UpstreamFailure } from './upstream-failure.js';

/** How far the call had come: nothing of the answer, or its headers. */
export type CallPhase = 'head' | 'body';

const CONNECT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_TLS',
  'UND_ERR_PRX_CONN',
  'UND_ERR_SOCKS5',
]);
const TIMEOUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
/** Only we end a call like this; a destroyed dispatcher is our own shutdown. */
const ABORTED = new Set(['UND_ERR_ABORTED', 'UND_ERR_ABORT', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED', 'ABORT_ERR']);
const BROKEN = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_INFO',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'HPE_INVALID_EOF_STATE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
]);
/** PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR. */
const HTTP2_PROTOCOL_CODES = new Set([1, 3, 6, 9]);

/**
 * An error of undici or Node → its kind. Errors of connecting come from the connector as `UpstreamFailure` already. A
 * connection that breaks counts as `reset` before the headers and as `truncated` after them. A POST on a kept-alive
 * connection that the server closed at that moment is `reset` too: undici never sends it again on its own, except where
 * HTTP/2 guarantees that the server has not processed it (REFUSED_STREAM, or a stream beyond GOAWAY's last one).
 */
export function toFailure(error: unknown, phase: CallPhase): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  const { code, message, http2ErrorCode } = error as NodeJS.ErrnoException & { http2ErrorCode?: number };
  const kind = kindOf(code ?? '', message, http2ErrorCode, phase);
  return new UpstreamFailure(kind, `${WORDS[kind]}: ${message}`, code, error);
}

const WORDS: Record<FailureKind, string> = {
  connect: 'cannot connect to the backend',
  reset: 'the connection broke before an answer came',
  truncated: 'the connection broke inside the answer',
  timeout: 'the backend was silent for too long',
  protocol: 'the backend does not speak the protocol',
  queue: 'no connection became free',
  aborted: 'the call was aborted',
};

function kindOf(code: string, message: string, http2ErrorCode: number | undefined, phase: CallPhase): FailureKind {
  if (CONNECT.has(code)) return 'connect';
  if (TIMEOUT.has(code)) return 'timeout';
  if (ABORTED.has(code)) return 'aborted';
  const broken = phase === 'head' ? 'reset' : 'truncated';
  // undici reports an answer nobody asked for, and an upgrade, as socket errors with these words.
  if (code === 'UND_ERR_SOCKET' && message.startsWith('bad ')) return 'protocol';
  if (code.startsWith('ERR_HTTP2')) return HTTP2_PROTOCOL_CODES.has(http2ErrorCode ?? 0) ? 'protocol' : broken;
  return BROKEN.has(code) ? broken : 'protocol';
}
