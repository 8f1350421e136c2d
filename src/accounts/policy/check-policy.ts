import type { Outcome } from '../../upstream/outcome.js';
import type { AccountEffect } from '../pool/pool-account.js';
import { NONE, type PolicyContext, verdict } from './outcome-policy.js';

/** Health checks of one account that have failed, one after the other, for reasons of its own. */
export interface FailedChecks {
  readonly inRow: number;
  /** Epoch ms of the last but one. */
  readonly previousAt: number;
  /** Whether a health check of another account went well since then. */
  readonly othersAnswered: boolean;
}

/** Whether a health check says that the backend refuses this account. Anything else is about the way to it, or about everybody. */
export const refusesAccount = ({ kind }: Outcome): boolean =>
  kind === 'unauthorized' || kind === 'payment_required' || kind === 'forbidden';

/**
 * What refused health checks do to an account when there have been enough of them. A login counts as refused only after a renewed token
 * was refused as well; one that we may not renew waits for its owner. Pure.
 */
export const effectOfFailedChecks = (
  outcome: Outcome,
  { inRow, othersWork }: Pick<FailedChecks, 'inRow'> & { readonly othersWork: boolean },
  context: PolicyContext,
): AccountEffect => {
  if (!othersWork || context.recent.vendorWide401) return NONE;
  const evidence = (message: string): string => `${inRow} health checks in a row were refused; the last: ${message}`;
  switch (outcome.kind) {
    case 'unauthorized':
      if (!context.attempt.refreshable || context.recent.refusedInRow === 0) return NONE;
      return verdict(context, 'needs_login', outcome.code ?? 'unauthorized', evidence(outcome.message), NONE);
    case 'payment_required':
    case 'forbidden':
      return verdict(context, 'disabled', outcome.code ?? outcome.kind, evidence(outcome.message), NONE);
    default:
      return NONE;
  }
};
