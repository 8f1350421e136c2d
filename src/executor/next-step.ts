import type { OutcomeKind } from '../upstream/outcome.js';

/**
 * What the loop does after an attempt.
 * - `done`: the turn has been answered
 * - `stop`: the same answer would come everywhere: tell the client
 * - `renew`: one forced refresh, then the same account again
 * - `amend`: the same account again, without what it refused
 * - `switch`: another account
 */
export type NextStep = 'done' | 'stop' | 'renew' | 'amend' | 'switch';

/** The first reaction to each outcome; the loop turns `renew` and `amend` into `switch` or `stop` when they were tried before. */
export const NEXT_STEP: Readonly<Record<OutcomeKind, NextStep>> = {
  ok: 'done',
  rejected: 'stop',
  model_unsupported: 'switch',
  unsupported_parameter: 'amend',
  foreign_ciphertext: 'amend',
  unauthorized: 'renew',
  payment_required: 'switch',
  forbidden: 'switch',
  edge_blocked: 'switch',
  edge_not_found: 'switch',
  quota: 'switch',
  not_included: 'switch',
  rate_limited: 'switch',
  overloaded: 'switch',
  server_error: 'switch',
  network: 'switch',
  timeout: 'switch',
  queue_full: 'stop',
  empty: 'switch',
  aborted: 'stop',
};
