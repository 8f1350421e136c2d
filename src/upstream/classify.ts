import { readErrorBody, retryAfterAt, retryAfterMsAt, retryHintMs, UpstreamErrorBody } from './error-body.js';
import type { Outcome } from './outcome.js';
import { activeFamily, fullWindowReset } from './rate-limits.js';
import { LONGEST_RESET_MS } from './reset-instant.js';
import type { JsonObject } from './upstream-event.js';
import { OUTAGE_OVER, type UpstreamFailure } from './upstream-failure.js';

/** What is known of a refusal besides its body. `status` 0: it came inside a 200 stream. */
interface Setting {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly now: number;
}

const QUOTA = new Set(['usage_limit_reached', 'usage_limit_exceeded', 'billing_hard_cap_reached', 'insufficient_quota', 'quota_exceeded']);
const NOT_INCLUDED = new Set(['usage_not_included']);
const OVERLOADED = new Set(['server_is_overloaded', 'slow_down', 'overloaded_error', 'service_unavailable_error']);
const DEAD = new Set(['account_deactivated', 'account_suspended', 'account_deleted', 'account_banned', 'banned']);
const UNAUTHORIZED = new Set([
  'token_expired',
  'token_invalidated',
  'token_revoked',
  'unauthorized',
  'token_invalid',
  'invalid_api_key',
  'invalid_authentication',
  'authentication_error',
]);
const PAYMENT = new Set(['deactivated_workspace', 'payment_required', 'quota_exhausted', 'billing_not_active']);
const RATE_LIMITED = new Set(['rate_limit_exceeded', 'rate_limit_reached', 'rate_limit_error']);
const FORBIDDEN = new Set(['forbidden', 'permission_error', 'insufficient_permissions', 'invalid_workspace_selected']);
/** Codes that are final for the request although they may come without a status of their own. */
const POLICY = new Set([
  'cyber_policy',
  'bio_policy',
  'invalid_prompt',
  'context_length_exceeded',
  'previous_response_not_found',
  'content_policy_violation',
]);
/** What is wrong with an image, by the codes of the public API. */
const IMAGE =
  /^(?:invalid(?:_base64)?_image|image_(?:too_|parse_|file_|content_policy)|unsupported_image_|empty_image_|failed_to_download_image)/;
/** Codes of refused requests, for errors without a type. */
const REQUEST =
  /^(?:invalid_|unsupported_value$|unsupported_parameter$|missing_required_parameter$|unknown_parameter$|(?:string|array|integer)_(?:above|below)_)/;
/** The longest window of any plan. A limit that names a longer wait, without being called a quota, has a broken number. */
const LONGEST_RATE_LIMIT_MS = 7 * 86_400_000;
/** A wait that is longer belongs to no overload. */
const LONGEST_OVERLOAD_MS = 3_600_000;

const UNSUPPORTED_PARAMETER = /^Unsupported parameter:\s*'?([\w[\]]+(?:\.[\w[\]]+)*)/i;
/** A value of `include`, by its path; the message names it, if anything does. */
const INCLUDE = /^include\b/;
const REFUSED_VALUE = /^(?:invalid|unsupported|unknown)\b[^']*'(\w+(?:\.\w+)+)'/i;
const NO_INSTRUCTIONS = /^instructions (?:are required|(?:must|may|can) ?not be (?:empty|blank))/i;
const MODEL_UNSUPPORTED = /model is not supported when using codex|^Model not found\b|The model '[^']*' does not exist|model_not_found/i;
const CAPACITY = /model is at capacity|currently overloaded/i;
const FOREIGN = /encrypted content .*could not be verified|invalid signature in thinking block/i;
const DEAD_TEXT = /account has been (?:deactivated|suspended|deleted)/i;
/** The whole message of a refused login that came without its status. */
const NO_LOGIN = /^(?:unauthorized|not authenticated|could not validate credentials)\.?$/i;
const EDGE_PAGE = /just a moment|attention required|_?cf[_-]chl|unable to load site|cloudflare/i;
const CONTEXT = /context window|context length|maximum context/i;

const reasonOf = (error: UpstreamErrorBody, set: ReadonlySet<string>): string | null =>
  error.code !== null && set.has(error.code) ? error.code : error.type !== null && set.has(error.type) ? error.type : null;

/** Statuses that say more than that the request is wrong. A 422, or a policy told with 403, is 400 in every API that is offered here. */
const KEPT_STATUSES: ReadonlySet<number> = new Set([404, 413]);

const rejected = (status: number, { code: given, param, message }: UpstreamErrorBody): Outcome => {
  const code = given ?? (CONTEXT.test(message) ? 'context_length_exceeded' : null);
  return {
    kind: 'rejected',
    status: KEPT_STATUSES.has(status) ? status : 400,
    code,
    param: param ?? (code === 'context_length_exceeded' ? 'input' : null),
    message,
  };
};

/** What the request may do without, by the name under which it is left out; null: the error is about something else. */
function refusedParameter({ code, param, message }: UpstreamErrorBody): string | null {
  const named = UNSUPPORTED_PARAMETER.exec(message)?.[1] ?? (code === 'unsupported_parameter' ? param : null);
  if (named) return named;
  if (NO_INSTRUCTIONS.test(message)) return 'instructions';
  if (param === null || !INCLUDE.test(param)) return null;
  const value = REFUSED_VALUE.exec(message)?.[1];
  return value === undefined ? param.replace(/^include\.(\d+)$/, 'include[$1]') : `include[${value}]`;
}

/** Codes and words that mean the same whatever status they come with; null where they say nothing. */
function byMeaning(error: UpstreamErrorBody, { status, headers, now }: Setting): Outcome | null {
  const { message } = error;
  const parameter = refusedParameter(error);
  if (parameter) return { kind: 'unsupported_parameter', parameter, message };
  if (error.code === 'invalid_encrypted_content' || FOREIGN.test(message)) return { kind: 'foreign_ciphertext', message };
  if (error.code === 'model_not_found' || MODEL_UNSUPPORTED.test(message)) return { kind: 'model_unsupported', message };
  if (reasonOf(error, NOT_INCLUDED)) return { kind: 'not_included', message };
  if (reasonOf(error, QUOTA)) return quotaReached(error, headers, now);
  if (CAPACITY.test(message) || reasonOf(error, OVERLOADED)) {
    return overloaded(error, reasonOf(error, OVERLOADED) === 'slow_down' ? 'slow_down' : 'server_is_overloaded', headers, now);
  }
  if (reasonOf(error, DEAD) || DEAD_TEXT.test(message)) return { kind: 'unauthorized', code: error.code, dead: true, message };
  if ((reasonOf(error, UNAUTHORIZED) && (status === 0 || status === 401)) || (status === 0 && NO_LOGIN.test(message)))
    return { kind: 'unauthorized', code: error.code, dead: false, message };
  if (reasonOf(error, PAYMENT)) return { kind: 'payment_required', code: error.code, message };
  if (reasonOf(error, RATE_LIMITED)) return rateLimited(error, headers, now);
  if (reasonOf(error, POLICY) || IMAGE.test(error.code ?? '')) return rejected(status, error);
  if (status === 0 && reasonOf(error, FORBIDDEN)) return { kind: 'forbidden', code: error.code, message };
  return null;
}

/** `retry-after-ms`, Retry-After, or "try again in …" in the message. */
function waitNamed({ message }: UpstreamErrorBody, headers: Readonly<Record<string, string>>, now: number): number | null {
  const hint = retryHintMs(message);
  return (
    retryAfterMsAt(headers['retry-after-ms'], now) ??
    retryAfterAt(headers['retry-after'], now, headers.date) ??
    (hint === null ? null : now + Math.min(hint, LONGEST_RESET_MS))
  );
}

/** An instant that is not to come is none: with it the account would be back at once, for the same answer. */
function quotaReached(error: UpstreamErrorBody, headers: Readonly<Record<string, string>>, now: number): Outcome {
  const family = activeFamily(headers);
  const named = waitNamed(error, headers, now);
  const resetsAt = error.resetsAt ?? (named !== null && named > now ? named : null) ?? fullWindowReset(headers, now, family);
  return { kind: 'quota', resetsAt, family, message: error.message };
}

function overloaded(error: UpstreamErrorBody, code: string, headers: Readonly<Record<string, string>>, now: number): Outcome {
  const named = waitNamed(error, headers, now);
  const retryAt = named !== null && named > now && named <= now + LONGEST_OVERLOAD_MS ? named : null;
  return { kind: 'overloaded', code, message: error.message, retryAt };
}

function rateLimited(error: UpstreamErrorBody, headers: Readonly<Record<string, string>>, now: number): Outcome {
  const named = waitNamed(error, headers, now) ?? error.resetsAt;
  return { kind: 'rate_limited', retryAt: named !== null && named <= now + LONGEST_RATE_LIMIT_MS ? named : null, message: error.message };
}

function byStatus(error: UpstreamErrorBody | null, text: string, setting: Setting): Outcome {
  const { status, headers, now } = setting;
  const message = error?.message ?? `upstream returned HTTP ${status}`;
  const known: UpstreamErrorBody = error ?? { message, type: null, code: null, param: null, resetsAt: null };
  switch (status) {
    case 401:
      return { kind: 'unauthorized', code: known.code, dead: false, message };
    case 402:
      return { kind: 'payment_required', code: known.code, message };
    case 403:
      return error ? { kind: 'forbidden', code: known.code, message } : { kind: 'edge_blocked', status };
    case 404:
      if (text.trim() === '') return { kind: 'edge_not_found' };
      if (error === null) return { kind: 'server_error', status, code: null, message };
      return /^Item with id/i.test(message) ? rejected(400, { ...known, param: known.param ?? 'input' }) : rejected(404, known);
    case 408:
    case 409:
    case 425:
      return { kind: 'server_error', status, code: known.code, message };
    case 429:
      return rateLimited(known, headers, now);
    case 503:
      return isEdgePage(headers, text)
        ? { kind: 'edge_blocked', status }
        : overloaded(known, known.code ?? 'server_is_overloaded', headers, now);
    default:
      return status >= 400 && status < 500 ? rejected(status, known) : { kind: 'server_error', status, code: known.code, message };
  }
}

const isEdgePage = (headers: Readonly<Record<string, string>>, text: string): boolean =>
  headers['cf-mitigated'] === 'challenge' || (/text\/html/i.test(headers['content-type'] ?? '') && EDGE_PAGE.test(text));

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

/** An answer whose status is not 2xx → what it means. `text` is its body (empty, HTML, plain text or JSON). */
export function classifyAnswer(status: number, headers: Readonly<Record<string, string>>, text: string, now: number): Outcome {
  const setting = { status, headers, now };
  const body = parseObject(text);
  const error = (body && readErrorBody(body, now)) ?? nativeErrorHeader(headers, now);
  return (error && byMeaning(error, setting)) ?? byStatus(error, text, setting);
}

/** `x-error-json`: base64 of `{"error":{"code":…}}`, sometimes the only explanation of an empty 401. */
function nativeErrorHeader(headers: Readonly<Record<string, string>>, now: number): UpstreamErrorBody | null {
  const encoded = headers['x-error-json'];
  const body = encoded === undefined ? null : parseObject(Buffer.from(encoded, 'base64').toString('utf8'));
  return body && readErrorBody(body, now);
}

/** An `error` or `response.failed` event, or a JSON error body that came with 200 → what it means. */
export function classifyStreamError(event: JsonObject, headers: Readonly<Record<string, string>>, now: number): Outcome {
  const error = readErrorBody(event, now) ?? {
    message: 'upstream failed without saying why',
    type: null,
    code: null,
    param: null,
    resetsAt: null,
  };
  const status = typeof event.status === 'number' ? event.status : typeof event.status_code === 'number' ? event.status_code : 0;
  const meaning = byMeaning(error, { status, headers, now });
  if (meaning) return meaning;
  if (status >= 400) return byStatus(error, error.message, { status, headers, now });
  if (error.type === 'invalid_request_error' || (error.type === null && REQUEST.test(error.code ?? ''))) return rejected(400, error);
  if (event.detail !== undefined) return rejected(400, error);
  return {
    kind: 'server_error',
    status: error.code === 'server_error' || error.code === 'internal_error' ? 500 : 502,
    code: error.code,
    message: error.message,
  };
}

/** A broken connection → what it means. */
export function classifyFailure(failure: UpstreamFailure): Outcome {
  switch (failure.kind) {
    case 'aborted':
      return { kind: 'aborted' };
    case 'timeout':
      return { kind: 'timeout', message: failure.message, ...(failure.code === OUTAGE_OVER && { outageOver: true }) };
    case 'queue':
      return { kind: 'queue_full', message: failure.message };
    case 'connect':
    case 'reset':
    case 'truncated':
    case 'protocol':
      return { kind: 'network', failure: failure.kind, message: failure.message };
  }
}
