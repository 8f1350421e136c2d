import type { PoolAccount } from '../accounts/pool/pool-account.js';
import type { ModelHolders } from './model-holders.js';

/** The list of a plan is asked for again after so long. */
export const PLAN_FRESH_MS = 300_000;
/** That of an account that has its own, as far as the number of calls allows. */
const OWN_FRESH_MS = 3_600_000;
/** An account that had what its plan has is looked at again. */
const SAMPLE_FRESH_MS = 6 * 3_600_000;
const MAX_PLANS = 8;

/** What the last answer to a sampled account was. */
export interface Sample {
  readonly at: number;
  readonly plan: string;
  /** Null: there was none. */
  readonly listId: string | null;
}

export interface RoundView {
  readonly accounts: Iterable<PoolAccount>;
  readonly holders: ModelHolders;
  readonly samples: ReadonlyMap<string, Sample>;
  /** Accounts that were refused a model that their list names. */
  readonly suspects: ReadonlySet<string>;
  readonly now: number;
}

export interface Round {
  /** One account for each plan whose list is old. */
  readonly plans: readonly PoolAccount[];
  /** Accounts to be asked for themselves, the most urgent first. */
  readonly accounts: readonly PoolAccount[];
}

const isUsable = (account: PoolAccount, now: number): boolean =>
  account.state === 'active' && account.accessToken !== '' && (account.accessExpiresAt === 0 || account.accessExpiresAt > now);

/** Whom to ask for the models it is offered: one account for each plan, suspects, those with a list of their own, and samples. */
export function planRound(view: RoundView, limit: number): Round {
  const { holders, samples, suspects, now } = view;
  const speakers = new Map<string, PoolAccount>();
  const urgent: PoolAccount[] = [];
  const own: PoolAccount[] = [];
  const fresh: PoolAccount[] = [];
  for (const account of view.accounts) {
    if (!isUsable(account, now)) continue;
    considerSpeaker(speakers, account, holders);
    const sampledAt = samples.get(account.id)?.at ?? -Infinity;
    const holder = holders.ofAccount(account.id, account.plan);
    if (suspects.has(account.id)) urgent.push(account);
    else if (holder) {
      if (now - Math.max(sampledAt, holder.checkedAt) >= OWN_FRESH_MS) own.push(account);
    } else if (now - sampledAt >= SAMPLE_FRESH_MS && fresh.length < limit + MAX_PLANS) fresh.push(account);
  }
  const isDue = ({ id, plan }: PoolAccount): boolean =>
    suspects.has(id) || now - (holders.ofPlan(plan)?.checkedAt ?? -Infinity) >= PLAN_FRESH_MS;
  const plans = [...speakers.values()].filter(isDue);
  const speaking = new Set(speakers.values());
  own.sort((a, b) => (samples.get(a.id)?.at ?? 0) - (samples.get(b.id)?.at ?? 0));
  const others = [...urgent, ...own, ...fresh].filter((account) => !speaking.has(account));
  return { plans, accounts: others.slice(0, Math.max(0, limit - plans.length)) };
}

/** Best the one that has spoken before: its answer is the comparable one. Then one that is known not to differ. */
function considerSpeaker(speakers: Map<string, PoolAccount>, account: PoolAccount, holders: ModelHolders): void {
  const { id, plan } = account;
  const known = speakers.get(plan);
  if (!known) {
    if (speakers.size < MAX_PLANS) speakers.set(plan, account);
    return;
  }
  const speaksAlready = holders.ofPlan(plan)?.accountId;
  if (id === speaksAlready || (known.id !== speaksAlready && holders.ofAccount(known.id, plan) && !holders.ofAccount(id, plan))) {
    speakers.set(plan, account);
  }
}
