import { toBytes, type ByteString } from '../../common/byte-string.js';
import type { ErrorKind, GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { processingTime } from './answer-headers.js';
import { isCodexClient } from './client-identity.js';
import type { FailedRequest } from './dialect.js';
import { HttpError, isLongWait, retryHeaders } from './http-error.js';

interface OpenAiRow {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
}

const CLIENT = 'invalid_request_error';
const SERVER = 'server_error';

/** How each kind looks in the OpenAI dialects; a new kind does not compile until it has a row. */
const ROWS: Record<ErrorKind, OpenAiRow> = {
  invalid_request: { status: 400, type: CLIENT, code: null },
  invalid_api_key: { status: 401, type: CLIENT, code: 'invalid_api_key' },
  permission: { status: 403, type: 'permission_error', code: null },
  not_found: { status: 404, type: CLIENT, code: 'not_found' },
  method_not_allowed: { status: 405, type: CLIENT, code: 'method_not_allowed' },
  model_not_found: { status: 404, type: CLIENT, code: 'model_not_found' },
  too_large: { status: 413, type: CLIENT, code: 'request_too_large' },
  upgrade_required: { status: 426, type: CLIENT, code: 'upgrade_required' },
  rejected: { status: 400, type: CLIENT, code: null },
  // Not 401: the caller would throw its own, valid key away.
  upstream_auth: { status: 503, type: SERVER, code: 'upstream_auth' },
  billing: { status: 402, type: 'billing_not_active', code: 'billing_not_active' },
  upstream_forbidden: { status: 403, type: 'permission_error', code: 'upstream_forbidden' },
  rate_limited: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  insufficient_quota: { status: 429, type: 'rate_limit_error', code: 'insufficient_quota' },
  overloaded: { status: 503, type: SERVER, code: 'server_is_overloaded' },
  no_account: { status: 503, type: SERVER, code: 'no_account_available' },
  upstream_error: { status: 502, type: SERVER, code: 'upstream_error' },
  unreachable: { status: 502, type: SERVER, code: 'upstream_unreachable' },
  timeout: { status: 504, type: SERVER, code: 'upstream_timeout' },
  truncated: { status: 502, type: SERVER, code: 'upstream_stream_truncated' },
  client_closed: { status: 499, type: CLIENT, code: 'client_closed_request' },
  internal: { status: 500, type: SERVER, code: 'internal_error' },
};

const OVERLOAD_CODES = new Set(['server_is_overloaded', 'slow_down']);

/** The code a client sees. Official Codex clients do not retry the overload codes, so they get one that they do retry. */
export const codeForClient = (code: string | null, codexClient: boolean): string | null =>
  codexClient && code !== null && OVERLOAD_CODES.has(code) ? 'server_error' : code;

/** The code of an error in the OpenAI dialects, as `error.code` shows it. */
export const openAiCode = (error: GatewayError, codexClient: boolean): string | null =>
  codeForClient(error.detail.code ?? ROWS[error.kind].code, codexClient);

/**
 * Limits in the backend's own words: official Codex clients show those to their user at once. Any other 429 they take for a
 * passing one, and wait for `retry-after` in silence, however long that is.
 */
function codexLimit({ kind, detail }: GatewayError): JsonObject | null {
  if (kind === 'insufficient_quota') return { type: 'usage_not_included', code: 'usage_not_included' };
  if (kind !== 'rate_limited' || !isLongWait(detail.retryAfterSeconds)) return null;
  return {
    type: 'usage_limit_reached',
    code: 'usage_limit_reached',
    ...(detail.resetsAt !== undefined && { resets_at: Math.ceil(detail.resetsAt / 1000) }),
    resets_in_seconds: detail.retryAfterSeconds,
  };
}

/** An error as the OpenAI dialects answer it: all four members are always there. */
export function openAiError(error: GatewayError, codexClient = false): HttpError {
  const row = ROWS[error.kind];
  const status = error.detail.status ?? row.status;
  const param = error.detail.param ?? (error.kind === 'model_not_found' ? 'model' : null);
  const limit = codexClient ? codexLimit(error) : null;
  return {
    status,
    headers: retryHeaders(status, error),
    body: { error: { message: error.message, type: row.type, param, code: openAiCode(error, codexClient), ...limit } },
  };
}

/** The answer to a request that failed before anything was sent. */
export function openAiAnswer(error: GatewayError, { headers, elapsedMs }: FailedRequest): HttpError {
  const answer = openAiError(error, isCodexClient(headers));
  return { ...answer, headers: { ...answer.headers, ...processingTime(elapsedMs) } };
}

/** A failure after Chat Completions has begun to stream: SDKs raise on it. Nothing follows, `[DONE]` neither: it would say that the answer is whole. */
export const openAiErrorFrame = (error: GatewayError, codexClient = false): ByteString =>
  `data: ${toBytes(JSON.stringify(openAiError(error, codexClient).body))}\n\n`;
