import { limitEnd, LONGEST_RESET_MS } from './reset-instant.js';
import type { JsonObject } from './upstream-event.js';

/** The members of any error form of the backend, read tolerantly (string, `detail`, nested or flat). */
export interface UpstreamErrorBody {
  readonly message: string;
  readonly type: string | null;
  readonly code: string | null;
  readonly param: string | null;
  /** Epoch ms; null where the answer names no reset. */
  readonly resetsAt: number | null;
}

const MAX_MESSAGE = 2000;

/** Codes are words; `Internal Server Error` is a message. */
const CODE = /^[\w.-]+$/;

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const numeric = (value: unknown): number | null => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
};

/** Removes what must not reach callers or logs: URLs with queries, e-mail addresses, tokens, account and user ids. */
export const redactUpstreamText = (message: string): string =>
  message
    .slice(0, MAX_MESSAGE)
    .replace(/\bhttps?:\/\/[^\s"')]*\?[^\s"')]*/g, '[url]')
    .replace(/[\w.+-]+@[\w-]+\.[\w.-]+/g, '[email]')
    .replace(/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, '[token]')
    .replace(/\b(?:rt|oaistb_rt|sk|sess|authsess)[_-][\w-]{12,}/g, '[token]')
    .replace(/\b(?:user|org|acct|account)-[A-Za-z0-9]{8,}/g, '[id]')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '[id]');

const resetOf = (source: JsonObject, now: number): number | null =>
  limitEnd(numeric(source.resets_at) ?? numeric(source.reset_at), numeric(source.resets_in_seconds), now);

function ofDetailList(list: unknown[]): { message: string; param: string | null } {
  const first = list.find(isObject);
  const path = Array.isArray(first?.loc) ? (first.loc as unknown[]).filter((part) => part !== 'body') : [];
  const param = path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('');
  return { message: text(first?.msg) ?? 'upstream refused the request', param: param || null };
}

/**
 * Reads `{"detail":…}`, `{"error":…}`, flat `{code,message}` and the body of an in-stream `error` or `response.failed` event.
 * Returns null where the object names no error at all.
 */
export function readErrorBody(body: JsonObject, now: number): UpstreamErrorBody | null {
  const response = isObject(body.response) ? body.response : null;
  const source =
    [response?.error, body.error, body.detail, isObject(body.body) ? body.body.error : null].find((value) => value != null) ?? body;
  if (typeof source === 'string') {
    const code = typeof body.error === 'string' && CODE.test(source) ? source : text(body.code);
    return make(text(body.error_description) ?? source, null, code, null, null);
  }
  if (Array.isArray(source)) {
    const { message, param } = ofDetailList(source);
    return make(message, null, null, param, null);
  }
  if (!isObject(source)) return null;
  const code = text(source.code);
  const type = source === body ? null : text(source.type);
  const message = text(source.message) ?? text(source.msg) ?? text(source.detail);
  if (message === null && code === null && type === null) return null;
  return make(message ?? code ?? type ?? '', type, code, text(source.param), resetOf(source, now));
}

const make = (
  message: string,
  type: string | null,
  code: string | null,
  param: string | null,
  resetsAt: number | null,
): UpstreamErrorBody => ({ message: redactUpstreamText(message), type, code, param, resetsAt });

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, milli: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `try again in 11.05s`, `… in 350ms`, `… in 1m30s`, `… in 2 days 3 hours` → milliseconds. */
export function retryHintMs(message: string): number | null {
  const match =
    /try again in\s+((?:\d+(?:\.\d+)?\s*(?:milliseconds?|ms|days?|d|hours?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])[\s,]*)+)/i.exec(
      message,
    );
  if (!match) return null;
  let total = 0;
  for (const [, amount, unit] of match[1]!.matchAll(/(\d+(?:\.\d+)?)\s*(ms|milli|d|h|m|s)/gi)) {
    total += Number(amount) * UNIT_MS[unit!.toLowerCase()]!;
  }
  return Math.ceil(total);
}

/**
 * `Retry-After` in either form → epoch ms; `0` means now. A date is compared with upstream's own clock (its `date` header) where it is
 * given; one that has passed says nothing.
 */
export function retryAfterAt(value: string | undefined, now: number, date?: string): number | null {
  if (value === undefined || value.trim() === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? now + Math.min(seconds * 1000, LONGEST_RESET_MS) : null;
  const theirNow = Date.parse(date ?? '');
  const waitMs = Date.parse(value) - (Number.isNaN(theirNow) ? now : theirNow);
  return waitMs > 0 ? now + Math.min(waitMs, LONGEST_RESET_MS) : null;
}

/** `retry-after-ms`, the finer sister of `Retry-After` in the vendor's API → epoch ms; `0` means now. */
export function retryAfterMsAt(value: string | undefined, now: number): number | null {
  const waitMs = value === undefined || value.trim() === '' ? NaN : Number(value);
  return Number.isFinite(waitMs) && waitMs >= 0 ? now + Math.min(waitMs, LONGEST_RESET_MS) : null;
}
