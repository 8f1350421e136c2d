import { toBytes, type ByteString } from '../../common/byte-string.js';
import type { ErrorKind, GatewayError } from '../../common/gateway-error.js';
import { HttpError, retryHeaders } from './http-error.js';

/** How each kind looks in the Anthropic dialect; a new kind does not compile until it has a row. */
const ROWS: Record<ErrorKind, readonly [status: number, type: string]> = {
  invalid_request: [400, 'invalid_request_error'],
  invalid_api_key: [401, 'authentication_error'],
  permission: [403, 'permission_error'],
  not_found: [404, 'not_found_error'],
  method_not_allowed: [405, 'invalid_request_error'],
  model_not_found: [404, 'not_found_error'],
  too_large: [413, 'request_too_large'],
  upgrade_required: [426, 'invalid_request_error'],
  rejected: [400, 'invalid_request_error'],
  upstream_auth: [503, 'api_error'],
  billing: [402, 'billing_error'],
  upstream_forbidden: [403, 'permission_error'],
  rate_limited: [429, 'rate_limit_error'],
  insufficient_quota: [429, 'rate_limit_error'],
  overloaded: [529, 'overloaded_error'],
  no_account: [529, 'overloaded_error'],
  upstream_error: [500, 'api_error'],
  unreachable: [502, 'api_error'],
  timeout: [504, 'timeout_error'],
  truncated: [502, 'api_error'],
  client_closed: [499, 'api_error'],
  internal: [500, 'api_error'],
};

/** The public API knows this failure by the first words of its message. */
const messageOf = (error: GatewayError): string =>
  error.detail.code === 'context_length_exceeded' && !error.message.startsWith('prompt is too long')
    ? `prompt is too long: ${error.message}`
    : error.message;

/** An error as the Anthropic dialect answers it. `requestId` is the id the `request-id` header shows. */
export function anthropicError(error: GatewayError, requestId: string): HttpError {
  const [rowStatus, type] = ROWS[error.kind];
  // This API knows no 502 for a failing model: its clients look for 500.
  const status = error.kind === 'upstream_error' ? rowStatus : (error.detail.status ?? rowStatus);
  return {
    status,
    headers: retryHeaders(status, error),
    body: { type: 'error', error: { type, message: messageOf(error) }, request_id: requestId },
  };
}

/** A failure after Messages has begun to stream. Nothing follows, `message_stop` neither: it would say that the answer is whole. */
export const anthropicErrorFrame = (error: GatewayError, requestId: string): ByteString =>
  `event: error\ndata: ${toBytes(JSON.stringify(anthropicError(error, requestId).body))}\n\n`;
