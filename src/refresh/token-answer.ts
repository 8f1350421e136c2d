import { redactUpstreamText, retryAfterAt } from '../upstream/error-body.js';
import { UpstreamFailure } from '../upstream/upstream-failure.js';

/** An HTTP answer of the OAuth token endpoint; `headers` in lower case. */
export interface TokenHttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the token endpoint gave. Each field may be missing: then the old value stays valid. */
export interface RenewedTokens {
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  readonly idToken: string | null;
  /** Life of the access token in seconds, for tokens whose own `exp` cannot be read. */
  readonly expiresInSec: number | null;
}

/** Messages are redacted and short enough to be stored as evidence. */
export type TokenOutcome =
  | { readonly kind: 'renewed'; readonly tokens: RenewedTokens }
  /** The vendor's own words say that this credential is lost. `confirm`: only when it says so twice in a row. */
  | { readonly kind: 'permanent'; readonly code: string; readonly message: string; readonly confirm: boolean; readonly status: number }
  /**
   * Nothing is known of the credential. `sent`: the vendor may have received the request and rotated the token without our
   * getting the answer; false only where it certainly refused or never saw it. `status`: of an error that the vendor gave; null: there
   * was no answer, or it was a page of somebody in between.
   */
  | {
      readonly kind: 'transient';
      readonly reason: string;
      readonly sent: boolean;
      readonly retryAt: number | null;
      readonly status: number | null;
    };

type JsonObject = Record<string, unknown>;

const MAX_MESSAGE = 300;

const PERMANENT = new Set([
  'refresh_token_expired',
  'refresh_token_reused',
  'refresh_token_invalidated',
  'invalid_grant',
  'token_expired',
  'token_invalidated',
  'token_revoked',
  'app_session_terminated',
  'account_session_expired',
  'account_auth_invalidated',
  'account_deactivated',
  'account_suspended',
  'account_deleted',
  'account_banned',
]);

/** Seen both for lost credentials and for passing faults of the vendor. */
const SUSPECT = new Set(['access_denied', 'invalid_token']);

/** Sentences that say it where no code does. */
const PERMANENT_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/account has been (?:deactivated|suspended|deleted)/i, 'account_deactivated'],
  [/already been used/i, 'refresh_token_reused'],
  [/invalid refresh token|refresh token (?:is )?invalid/i, 'refresh_token_invalidated'],
  [/\brevoked\b/i, 'token_revoked'],
  [/try signing in again/i, 'sign_in_again'],
];

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null);

function parseObject(body: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The code stands at one of four places, the words at one of four others. */
function readError(body: JsonObject): { code: string | null; message: string } {
  const nested = [body.error, body.detail].find(isObject);
  const code = text(nested?.code) ?? text(body.error) ?? text(body.code) ?? text(body.error_code);
  const message = text(nested?.message) ?? text(body.error_description) ?? text(body.message) ?? text(body.detail) ?? code ?? '';
  return { code, message: redactUpstreamText(message).slice(0, MAX_MESSAGE) };
}

function readTokens(body: JsonObject): RenewedTokens | null {
  const tokens = {
    accessToken: text(body.access_token),
    refreshToken: text(body.refresh_token),
    idToken: text(body.id_token),
    expiresInSec: typeof body.expires_in === 'number' && body.expires_in > 0 ? body.expires_in : null,
  };
  return tokens.accessToken === null && tokens.refreshToken === null ? null : tokens;
}

/** A refusal counts as final only in the vendor's own JSON words: pages of the edge and bare statuses say nothing of a credential. */
function refusal(body: JsonObject, status: number): TokenOutcome | null {
  const { code, message } = readError(body);
  const permanent = { kind: 'permanent', message, status } as const;
  if (code !== null && PERMANENT.has(code)) return { ...permanent, code, confirm: false };
  const said = PERMANENT_TEXTS.find(([pattern]) => pattern.test(message));
  if (said) return { ...permanent, code: said[1], confirm: false };
  if (code !== null && SUSPECT.has(code)) return { ...permanent, code, confirm: true };
  return null;
}

/** A member that is there to the last character of its value. */
const MEMBER = /"(access_token|refresh_token|id_token|expires_in)"\s*:\s*("(?:[^"\\]|\\.)*"|\d+(?=[\s,}]))/g;

/**
 * New tokens from an answer that was cut off. The refresh token that was sent is spent by then: where its successor can be read, it is
 * the one thing that keeps the login. Without it nothing is taken, since the old one may still be good.
 */
function readCutTokens(text: string): RenewedTokens | null {
  const members = [...text.matchAll(MEMBER)].map(([, name, value]) => `"${name}":${value}`);
  const tokens = readTokens(parseObject(`{${members.join(',')}}`) ?? {});
  return tokens?.refreshToken ? tokens : null;
}

const isPage = ({ headers, body }: TokenHttpAnswer): boolean => /text\/html/i.test(headers['content-type'] ?? '') || /^\s*</.test(body);

/**
 * Reads an answer of the token endpoint. 429, 5xx, pages of the edge, bare statuses and unknown codes are transient whatever
 * else they say: an outage or a change at the vendor must not cost a credential.
 */
export function classifyTokenAnswer(answer: TokenHttpAnswer, now: number): TokenOutcome {
  const { status, headers } = answer;
  const body = parseObject(answer.body);
  const unclear = { kind: 'transient', retryAt: retryAfterAt(headers['retry-after'], now, headers.date) } as const;
  if (status >= 200 && status < 300) {
    const tokens = body ? readTokens(body) : isPage(answer) ? null : readCutTokens(answer.body);
    if (tokens) return { kind: 'renewed', tokens };
    return (body && refusal(body, status)) ?? { ...unclear, reason: `HTTP ${status} without a token`, sent: true, status: null };
  }
  const ruled = status < 400 || isPage(answer) ? null : status;
  // A gateway's 5xx may hide a rotation behind it; a 429 and a redirect were refused before anything happened.
  if (status === 429 || status >= 500 || status < 400) {
    return { ...unclear, reason: `HTTP ${status}`, sent: status >= 500, status: ruled };
  }
  const final = body && refusal(body, status);
  return final ?? { ...unclear, reason: reasonOf(status, body), sent: status === 408, status: ruled };
}

function reasonOf(status: number, body: JsonObject | null): string {
  if (body === null) return `HTTP ${status} without a JSON body`;
  return `HTTP ${status} ${redactUpstreamText(readError(body).code ?? 'without a known code').slice(0, 60)}`;
}

/** Reads an answer whose connection broke before its end: what of new tokens had come by then counts. */
export function classifyCutTokenAnswer({ status, body }: TokenHttpAnswer, error: unknown): TokenOutcome {
  const tokens = status >= 200 && status < 300 ? readCutTokens(body) : null;
  return tokens ? { kind: 'renewed', tokens } : classifyTokenFailure(error);
}

/** Reads a call that brought no answer. Only a connection that never stood (or was never asked for) is certain not to have carried it. */
export function classifyTokenFailure(error: unknown): TokenOutcome {
  if (error instanceof UpstreamFailure) {
    const sent = error.kind !== 'connect' && error.kind !== 'queue';
    return { kind: 'transient', reason: `${error.kind}${error.code ? ` (${error.code})` : ''}`, sent, retryAt: null, status: null };
  }
  return { kind: 'transient', reason: error instanceof Error ? error.name : 'unknown failure', sent: true, retryAt: null, status: null };
}
