/**
 * What the caller is told. Closed, so that each dialect's mapper is a `Record<ErrorKind, …>` and a new kind
 * does not compile until every dialect answers it.
 */
export type ErrorKind =
  | 'invalid_request' // the body or a parameter is wrong; `param` names the field
  | 'invalid_api_key'
  | 'permission'
  | 'not_found' // route or object
  | 'method_not_allowed'
  | 'model_not_found'
  | 'too_large'
  | 'upgrade_required'
  | 'rejected' // upstream refuses this very request on every account: its own code and param are kept
  | 'upstream_auth'
  | 'billing'
  | 'upstream_forbidden'
  | 'rate_limited' // every candidate is out of quota or rate limited
  | 'insufficient_quota'
  | 'overloaded'
  | 'no_account'
  | 'upstream_error'
  | 'unreachable'
  | 'timeout'
  | 'truncated'
  | 'client_closed'
  | 'internal';

export interface ErrorDetail {
  /** The client's own field, as a path (`input[2].content`). */
  param?: string;
  /** A more precise code than the kind's own. */
  code?: string;
  /** Overrides the kind's status where upstream's own one is kept (404, 413, 500). */
  status?: number;
  retryAfterSeconds?: number;
  /** Epoch ms at which the limit ends, where that is known. */
  resetsAt?: number;
  /** The `x-should-retry` header both vendor SDKs obey. */
  shouldRetry?: boolean;
}

/** The only error that is shown to callers: its message is safe to print, anything secret stays in `cause`. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    readonly kind: ErrorKind,
    message: string,
    readonly detail: ErrorDetail = {},
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export const invalidRequest = (message: string, param?: string, code?: string): GatewayError =>
  new GatewayError('invalid_request', message, { param, code });
