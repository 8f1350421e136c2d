import type { AdditionalLimit, QuotaSnapshot, QuotaWindow } from '../../upstream/quota-snapshot.js';
import { familyOf, isKnownFamily } from '../pool/limit-family.js';
import type { Cooldown } from '../pool/pool-account.js';
import { isUsageAnswer } from '../pool/quota-reading.js';
import { isOver } from '../pool/remaining-quota.js';

/** What a reading proves against, or for, the cooldowns of its account. */
export type QuotaVerdict =
  | { readonly kind: 'lift'; readonly cooldown: Cooldown }
  /** The limit ends at another time than was thought. */
  | { readonly kind: 'replace'; readonly cooldown: Cooldown; readonly until: number }
  | { readonly kind: 'begin'; readonly model: string; readonly until: number };

/** `until`: epoch ms; null where the reading does not say it. */
type LimitState = { readonly kind: 'room' } | { readonly kind: 'spent'; readonly until: number | null } | { readonly kind: 'silent' };

interface Limit {
  readonly allowed: boolean | null;
  readonly windows: readonly QuotaWindow[];
  readonly credits: QuotaSnapshot['credits'];
  readonly at: number;
}

/** Two instants this close are the same one, rounded differently. */
const SAME_INSTANT_MS = 60_000;

const canPay = (credits: QuotaSnapshot['credits']): boolean =>
  credits !== null && (credits.unlimited || (credits.has && Number(credits.balance) > 0));

function stateOf({ allowed, windows, credits, at }: Limit, now: number): LimitState {
  if (allowed === true) return { kind: 'room' };
  const full = windows.filter((window) => window.usedPercent >= 100 && !isOver(window, at, now));
  const resets = full.map(({ resetsAt }) => resetsAt).filter((resetsAt) => resetsAt > now);
  const until = resets.length === 0 ? null : Math.max(...resets);
  if (allowed === false) return { kind: 'spent', until };
  if (windows.length === 0) return { kind: 'silent' };
  return full.length === 0 || canPay(credits) ? { kind: 'room' } : { kind: 'spent', until };
}

const mainLimit = ({ windows, credits, at, usage }: QuotaSnapshot, fromUsage: boolean): Limit => ({
  allowed: fromUsage ? (usage?.allowed ?? null) : null,
  windows,
  credits,
  at,
});

const additional = ({ allowed, windows }: AdditionalLimit, at: number): Limit => ({ allowed, windows, credits: null, at });

/** The limit of the answer that a cooldown is about; null where the answer does not speak of it. */
function limitBehind({ model, cause }: Cooldown, snapshot: QuotaSnapshot): Limit | null {
  if (model === '*') return mainLimit(snapshot, true);
  const family = familyOf(model);
  const own = snapshot.usage?.limits.find((limit) => (family === null ? limit.model === model : limit.family === family));
  if (own) return additional(own, snapshot.at);
  // A model that no other limit counts is counted by the default one. Of a quota it is known that another limit was reached.
  return cause === 'rate_limit' && family === null ? mainLimit(snapshot, true) : null;
}

/** The headers of an answer prove only that the account itself is served again. */
function stateBehind(cooldown: Cooldown, snapshot: QuotaSnapshot, now: number): LimitState {
  if (isUsageAnswer(snapshot)) {
    const limit = limitBehind(cooldown, snapshot);
    return limit ? stateOf(limit, now) : { kind: 'silent' };
  }
  const tells = cooldown.model === '*' && cooldown.cause !== 'rate_limit';
  return tells ? stateOf(mainLimit(snapshot, false), now) : { kind: 'silent' };
}

function verdictOn(cooldown: Cooldown, snapshot: QuotaSnapshot, now: number): QuotaVerdict[] {
  const state = stateBehind(cooldown, snapshot, now);
  // A plan without the service has no windows: that turns are allowed proves nothing then.
  if (state.kind === 'room') return cooldown.cause === 'not_included' && snapshot.windows.length === 0 ? [] : [{ kind: 'lift', cooldown }];
  if (state.kind === 'silent' || state.until === null || cooldown.cause !== 'quota' || !isUsageAnswer(snapshot)) return [];
  return Math.abs(state.until - cooldown.until) > SAME_INSTANT_MS ? [{ kind: 'replace', cooldown, until: state.until }] : [];
}

/** Limits that the usage endpoint says are reached: nobody has to find that out with a turn. */
function beginnings(snapshot: QuotaSnapshot, running: readonly Cooldown[], now: number): QuotaVerdict[] {
  const limits: [string, Limit][] = [['*', mainLimit(snapshot, true)]];
  for (const limit of snapshot.usage?.limits ?? []) {
    if (isKnownFamily(limit.family)) limits.push([limit.family, additional(limit, snapshot.at)]);
  }
  return limits.flatMap(([model, limit]): QuotaVerdict[] => {
    if (limit.allowed !== false || running.some((cooldown) => cooldown.model === model && isLimitCause(cooldown))) return [];
    const state = stateOf(limit, now);
    return state.kind === 'spent' && state.until !== null ? [{ kind: 'begin', model, until: state.until }] : [];
  });
}

const isLimitCause = ({ cause }: Cooldown): boolean => cause === 'quota' || cause === 'rate_limit';

/** Whether a reading can prove anything about it: what upstream itself limits, and a plan that is said not to have the service. */
export const isVerifiable = (cooldown: Cooldown): boolean => isLimitCause(cooldown) || cooldown.cause === 'not_included';

/**
 * What a reading says of the account's cooldowns. Only one that was asked for after a cooldown began says anything about it: the headers of
 * the 429 itself came before, and those of other turns that were under way then may come just after. Pure.
 */
export const quotaVerdicts = (
  snapshot: QuotaSnapshot,
  cooldowns: readonly Cooldown[],
  now: number,
  askedAt: number = snapshot.at,
): QuotaVerdict[] => {
  const older = cooldowns.filter((cooldown) => isVerifiable(cooldown) && askedAt > cooldown.since);
  const verdicts = older.flatMap((cooldown) => verdictOn(cooldown, snapshot, now));
  return isUsageAnswer(snapshot) ? [...verdicts, ...beginnings(snapshot, cooldowns, now)] : verdicts;
};
