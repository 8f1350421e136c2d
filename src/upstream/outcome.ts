import { FailureKind } from './upstream-failure.js';

/**
 * What one attempt came to: the status, code and text of an answer, an error inside a
 * 200 stream and a broken connection all end here, and are looked at nowhere else. Closed: every table over it is exhaustive.
 */
export type Outcome =
  | { kind: 'ok' }
  /** Refused wherever it is sent: other 400, 413, 422, policy and context codes. `status`: what a client is told: 400, 404 or 413. */
  | { kind: 'rejected'; status: number; code: string | null; param: string | null; message: string }
  | { kind: 'model_unsupported'; message: string }
  | { kind: 'unsupported_parameter'; parameter: string; message: string }
  /** `invalid_encrypted_content`: reasoning or compaction ciphertext of another account. */
  | { kind: 'foreign_ciphertext'; message: string }
  /** `dead`: the code names the credential as lost for good (`account_deactivated` …). */
  | { kind: 'unauthorized'; code: string | null; dead: boolean; message: string }
  | { kind: 'payment_required'; code: string | null; message: string }
  | { kind: 'forbidden'; code: string | null; message: string }
  /** 403 (or 503) page of the edge: says nothing about the account. */
  | { kind: 'edge_blocked'; status: number }
  /** 404 with an empty body. */
  | { kind: 'edge_not_found' }
  /** `family`: `x-codex-active-limit` when it is not the default one: then only that model is exhausted. */
  | { kind: 'quota'; resetsAt: number | null; family: string | null; message: string }
  | { kind: 'not_included'; message: string }
  | { kind: 'rate_limited'; retryAt: number | null; message: string }
  /** `retryAt`: epoch ms at which upstream wants to be asked again; missing or null where it does not say. */
  | { kind: 'overloaded'; code: string; message: string; retryAt?: number | null }
  | { kind: 'server_error'; status: number; code: string | null; message: string }
  | { kind: 'network'; failure: Exclude<FailureKind, 'timeout' | 'aborted' | 'queue'>; message: string }
  /** `outageOver`: the silence was that of an outage which is over. */
  | { kind: 'timeout'; message: string; outageOver?: true }
  | { kind: 'queue_full'; message: string }
  /** A completed turn without items and without output tokens. */
  | { kind: 'empty' }
  | { kind: 'aborted' };

export type OutcomeKind = Outcome['kind'];

/** `kind` of `Outcome` with its payload. */
export type OutcomeOf<K extends OutcomeKind> = Extract<Outcome, { kind: K }>;
