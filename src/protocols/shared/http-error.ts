import type { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

/** An error as one dialect answers it. */
export interface HttpError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
}

/** From this wait on a client gains nothing by retrying by itself (both vendor SDKs retry within seconds). */
const LONG_WAIT_SECONDS = 60;
const RETRYABLE_4XX = new Set([408, 409, 429]);
/** Unavailable, and overloaded in Anthropic's shape: clients are always told when to come back. */
const UNAVAILABLE = new Set([503, 529]);
const SOON_SECONDS = 1;

export const isLongWait = (seconds: number | undefined): boolean => (seconds ?? 0) > LONG_WAIT_SECONDS;

/** `retry-after` and `x-should-retry`, which the SDKs of both vendors obey. */
export function retryHeaders(status: number, { detail }: GatewayError): Record<string, string> {
  const headers: Record<string, string> = {};
  const wait = detail.retryAfterSeconds ?? (UNAVAILABLE.has(status) ? SOON_SECONDS : undefined);
  if (wait != null && (status === 429 || status >= 500)) headers['retry-after'] = String(Math.max(1, Math.ceil(wait)));
  const hopeless = (status >= 400 && status < 500 && !RETRYABLE_4XX.has(status)) || (status === 429 && isLongWait(wait));
  const shouldRetry = detail.shouldRetry ?? (hopeless ? false : undefined);
  if (shouldRetry !== undefined) headers['x-should-retry'] = String(shouldRetry);
  return headers;
}
