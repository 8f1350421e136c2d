import { toBytes, type ByteString } from '../../common/byte-string.js';
import type { ErrorKind, GatewayError } from '../../common/gateway-error.js';
import type { FailedRequest } from './dialect.js';
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

/** Failures in front of the model; of the model's own ones this API knows only 500. */
const EDGE_CODES = new Set(['upstream_blocked', 'upstream_not_found']);
/** Codes of this API that its SDKs look for, in `details`. */
const DETAIL_CODES = new Set(['thread_unsupported_request']);

const PROMPT_TOO_LONG = 'prompt is too long';
const USED = /(?:resulted in|requested|has|contains?|used?)\s+(?:about\s+)?([\d,]+)\s+(?:input\s+)?tokens/i;
const LIMIT = /(?:context length|context window|maximum|limit)(?: is| of|:)?(?: \w+)?\s+([\d,]+)(?:\s+tokens)?/i;

/** The public API says `prompt is too long: 210000 tokens > 200000 maximum`; clients compact when they read it. */
function promptTooLong(message: string): string {
  if (message.startsWith(PROMPT_TOO_LONG)) return message;
  const [used, limit] = [USED, LIMIT].map((pattern) => pattern.exec(message)?.[1]?.replaceAll(',', ''));
  return `${PROMPT_TOO_LONG}: ${used && limit ? `${used} tokens > ${limit} maximum` : message}`;
}

/** What upstream refuses keeps its status where that is one of these, and has the type that goes with it. */
const TYPE_OF_REFUSAL: Readonly<Record<number, string>> = { 404: 'not_found_error', 413: 'request_too_large' };

function statusOf({ kind, detail }: GatewayError, rowStatus: number): number {
  if (kind !== 'upstream_error') return detail.status ?? rowStatus;
  return EDGE_CODES.has(detail.code ?? '') ? 502 : rowStatus;
}

/** An error as the Anthropic dialect answers it. `requestId` is the id the `request-id` header shows. */
export function anthropicError(error: GatewayError, requestId: string): HttpError {
  const [rowStatus, type] = ROWS[error.kind];
  const { code } = error.detail;
  const status = statusOf(error, rowStatus);
  const shownType = (error.kind === 'rejected' ? TYPE_OF_REFUSAL[status] : undefined) ?? type;
  const message = code === 'context_length_exceeded' ? promptTooLong(error.message) : error.message;
  const details = code !== undefined && DETAIL_CODES.has(code) ? { details: { error_code: code } } : undefined;
  return {
    status,
    headers: retryHeaders(status, error),
    body: { type: 'error', error: { type: shownType, message, ...details }, request_id: requestId },
  };
}

/** The answer to a request that failed before anything was sent. */
export function anthropicAnswer(error: GatewayError, { id }: FailedRequest): HttpError {
  const answer = anthropicError(error, id);
  return { ...answer, headers: { ...answer.headers, 'request-id': id } };
}

/** A failure after Messages has begun to stream. Nothing follows, `message_stop` neither: it would say that the answer is whole. */
export const anthropicErrorFrame = (error: GatewayError, requestId: string): ByteString =>
  `event: error\ndata: ${toBytes(JSON.stringify(anthropicError(error, requestId).body))}\n\n`;
