import type { StatusRule, StatusStep } from '../../config/status-rules.js';
import type { AccountEffect } from '../pool/pool-account.js';
import { FORBIDDEN_PAUSE_MS, lost, NONE, pause, PAYMENT_PAUSE_MS, type PolicyContext, removalsAllowed, verdict } from './outcome-policy.js';

/** An answer of the token endpoint for whose status the configuration has a rule. */
export interface RuledRefusal {
  readonly status: number;
  readonly rule: StatusRule;
  /** Code with which the vendor names the credential as lost; null: it says nothing of the credential. */
  readonly lostCode: string | null;
  readonly message: string;
  /** When the vendor wants to be asked again, epoch ms. */
  readonly retryAt: number | null;
  /** Whether the same status has come before, and the refresh has been tried again since, as the rule's phase wants it. */
  readonly again: boolean;
}

/** A longer wish is a mistake of somebody's clock or unit. */
const LONGEST_WISH_MS = 24 * 3_600_000;

const lengthMs = ({ status, retryAt }: RuledRefusal, { now, cooldown401Ms, cooldown429Ms }: PolicyContext): number => {
  if (retryAt !== null && retryAt > now) return Math.min(retryAt - now, LONGEST_WISH_MS);
  if (status === 401) return cooldown401Ms;
  if (status === 402) return PAYMENT_PAUSE_MS;
  return status === 403 ? FORBIDDEN_PAUSE_MS : cooldown429Ms;
};

const stateOf = (step: StatusStep): 'retired' | 'disabled' => (step === 'remove' ? 'retired' : 'disabled');

/** A lost login needs a new one, whatever rule there is; the rule may say that it goes somewhere else than the others. */
const lostLogin = (code: string, { rule, message }: RuledRefusal, context: PolicyContext): AccountEffect => {
  const allowed = removalsAllowed(context.poolSize, context.massDisableLimitPercent);
  if (rule.final === 'cooldown' || context.recent.removalsInHour >= allowed) return lost('needs_login', code, message);
  return { ...lost(stateOf(rule.final), code, message), inferred: true };
};

/** What a configured rule makes of a status of the token endpoint. The guard against mass removal holds here too. Pure. */
export const refusalEffect = (refusal: RuledRefusal, context: PolicyContext): AccountEffect => {
  const { rule, status, again, lostCode, message } = refusal;
  if (lostCode !== null) return lostLogin(lostCode, refusal, context);
  const cooldown = pause(context, 'token_answer', lengthMs(refusal, context), refusal.retryAt === null ? 'default' : 'retry-after');
  if (rule.phase === 'refresh_once' && !again) return NONE;
  if (rule.final === 'cooldown' || (rule.phase === 'cooldown_then_retry' && !again)) return cooldown;
  return verdict(context, stateOf(rule.final), `token_http_${status}`, message, cooldown);
};
