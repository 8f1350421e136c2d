/**
 * How a call to the backend can fail below HTTP.
 * - `connect`: DNS, TCP, TLS or proxy set-up failed: upstream has certainly not seen the request
 * - `reset`: the connection broke after the request may have been sent
 * - `truncated`: the body ended without a terminal event
 * - `timeout`: silence for longer than the configured limit
 * - `protocol`: bytes that are not the protocol (an event beyond the cap, broken HTTP)
 * - `queue`: no connection became free in `upstream-queue-timeout-sec`; upstream was not called
 * - `aborted`: we or our client gave up
 */
export type FailureKind = 'connect' | 'reset' | 'truncated' | 'timeout' | 'protocol' | 'queue' | 'aborted';

/** Code of a call that was given up because the outage it was caught in is over: it may be made again at once. */
export const OUTAGE_OVER = 'OUTAGE_OVER';

export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';

  constructor(
    readonly kind: FailureKind,
    message: string,
    /** `UND_ERR_…`, `ECONNRESET`, … for logs. */
    readonly code?: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}
