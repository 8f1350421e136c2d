export type RefreshResult =
  /** The pool holds a token of a newer generation than the one that was seen. */
  | { kind: 'renewed' }
  /** The token endpoint refused for good: the account is `needs_login` now. */
  | { kind: 'refused'; code: string; message: string }
  /**
   * It cannot finish now (token endpoint or database away, back-off, not ours to rotate). `endpoint`: the token endpoint was asked, and
   * what it gave says nothing of the account; `askedToWaitUntil` (epoch ms): it named a pause.
   */
  | { kind: 'unavailable'; reason: string; endpoint?: 'failed'; askedToWaitUntil?: number };

export interface RenewOptions {
  /** Only if the token's own life is near its end or unknown (the sweep); without it the caller has found the token wanting, by a 401 for example. */
  readonly ifDue?: boolean;
  /** An operator's wish: the back-off after earlier failures does not hold. */
  readonly force?: boolean;
  /** Also of an account that is out of service because its login was lost or refused. What becomes of its state is the caller's. */
  readonly recover?: boolean;
}
