export type RefreshResult =
  /** The pool holds a token of a newer generation than the one that was seen. */
  | { kind: 'renewed' }
  /** The token endpoint refused for good: the account is `needs_login` now. */
  | { kind: 'refused'; code: string; message: string }
  /** It cannot finish now (token endpoint or database away, back-off, not ours to rotate); the account's state is untouched. */
  | { kind: 'unavailable'; reason: string };
