import { GatewayError } from '../common/gateway-error.js';
import type { Outcome } from '../upstream/outcome.js';

const secondsUntil = (at: number, now: number): number => Math.max(1, Math.ceil((at - now) / 1000));

/** A reset further away than this is not worth a client's automatic retry. */
const RETRY_WORTHWHILE_SECONDS = 60;

/** A way that is closed or crowded now may be open soon; clients that come back at once only make it worse. */
const SOON_SECONDS = 1;

/** Out of quota or rate limited until `at` (epoch ms; null: nobody knows). */
export function limited(message: string, at: number | null, now: number): GatewayError {
  const retryAfterSeconds = at === null ? undefined : secondsUntil(at, now);
  const shouldRetry = retryAfterSeconds !== undefined && retryAfterSeconds > RETRY_WORTHWHILE_SECONDS ? false : undefined;
  const detail = { code: 'rate_limit_exceeded', retryAfterSeconds, resetsAt: at ?? undefined, shouldRetry };
  return new GatewayError('rate_limited', message, detail);
}

/** One failed outcome in the words of a caller. What several attempts come to is `finalAnswer`'s business. */
export function outcomeError(outcome: Exclude<Outcome, { kind: 'ok' }>, now: number): GatewayError {
  switch (outcome.kind) {
    case 'rejected':
      return new GatewayError('rejected', outcome.message, {
        status: outcome.status,
        code: outcome.code ?? undefined,
        param: outcome.param ?? undefined,
      });
    case 'model_unsupported':
      return new GatewayError('model_not_found', outcome.message, { code: 'model_not_found', param: 'model' });
    case 'unsupported_parameter':
      return new GatewayError('rejected', outcome.message, { status: 400, code: 'unsupported_parameter', param: outcome.parameter });
    case 'foreign_ciphertext':
      return new GatewayError('rejected', outcome.message, { status: 400, code: 'invalid_encrypted_content', param: 'input' });
    case 'unauthorized':
      return new GatewayError('upstream_auth', "the gateway's own login was refused by upstream", { code: 'upstream_auth' });
    case 'payment_required':
      return new GatewayError('billing', outcome.message, { code: 'billing_not_active' });
    case 'forbidden':
      return new GatewayError('upstream_forbidden', outcome.message, { code: outcome.code ?? undefined });
    case 'edge_blocked':
      return new GatewayError('upstream_error', 'upstream answered with a page of its edge network instead of an answer', {
        code: 'upstream_blocked',
      });
    case 'edge_not_found':
      return new GatewayError('upstream_error', 'upstream returned HTTP 404 without a body', { code: 'upstream_not_found' });
    case 'quota':
      return limited(outcome.message, outcome.resetsAt, now);
    case 'rate_limited':
      return limited(outcome.message, outcome.retryAt, now);
    case 'not_included':
      return new GatewayError('insufficient_quota', outcome.message, { code: 'insufficient_quota', shouldRetry: false });
    case 'overloaded':
      return new GatewayError('overloaded', outcome.message, {
        code: outcome.code,
        retryAfterSeconds: outcome.retryAt == null ? SOON_SECONDS : secondsUntil(outcome.retryAt, now),
      });
    case 'server_error':
      return new GatewayError('upstream_error', outcome.message, {
        status: outcome.status === 500 ? 500 : 502,
        code: outcome.code ?? undefined,
      });
    case 'network':
      return networkError(outcome.failure, outcome.message);
    case 'timeout':
      return new GatewayError('timeout', outcome.message, { code: 'upstream_timeout' });
    case 'queue_full':
      return new GatewayError('overloaded', outcome.message, { code: 'upstream_queue_full', retryAfterSeconds: 1, shouldRetry: true });
    case 'empty':
      return new GatewayError('upstream_error', 'upstream completed the turn without any output', { code: 'upstream_empty' });
    case 'aborted':
      return new GatewayError('client_closed', 'the client closed the connection');
  }
}

function networkError(failure: 'connect' | 'reset' | 'truncated' | 'protocol', message: string): GatewayError {
  switch (failure) {
    case 'connect':
      return new GatewayError('unreachable', message, { code: 'upstream_unreachable', retryAfterSeconds: SOON_SECONDS, shouldRetry: true });
    case 'reset':
      return new GatewayError('unreachable', message, { code: 'upstream_unreachable', retryAfterSeconds: SOON_SECONDS });
    case 'truncated':
      return new GatewayError('truncated', message, { code: 'upstream_stream_truncated' });
    case 'protocol':
      return new GatewayError('upstream_error', message, { code: 'upstream_protocol_error' });
  }
}
