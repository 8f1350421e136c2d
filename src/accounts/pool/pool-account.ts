import type { AccountState, Ownership } from '../storage/account.entity.js';
import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';

/** What the pool keeps of an account in memory. Only the access token is here of all secrets. */
export interface PoolAccount {
  readonly id: string;
  chatgptAccountId: string;
  chatgptUserId: string;
  email: string;
  plan: string;
  fedramp: boolean;
  ownership: Ownership;
  state: AccountState;
  stateReason: string;
  stateSince: number;
  /** When a verdict inferred from statuses last took it out of service; 0: never. */
  takenOutAt: number;
  draining: boolean;
  /** Empty where the account has only a refresh token so far. */
  accessToken: string;
  /** Epoch ms; 0 where it is unknown. */
  accessExpiresAt: number;
  /** When these tokens were issued, epoch ms; 0 where it is unknown. */
  lastRefreshAt: number;
  /** Whether we may rotate: owned, and a refresh token exists. */
  refreshable: boolean;
  tokenGeneration: number;
  quota: QuotaSnapshot | null;
}

/** `usage_answer`, `token_answer`: what the configuration makes of a status of the usage endpoint, or of the token endpoint. */
export type CooldownCause =
  'quota' | 'rate_limit' | 'not_included' | 'unauthorized' | 'payment' | 'forbidden' | 'server_error' | 'usage_answer' | 'token_answer';

/** `model`: a slug, or `*` for the whole account. Instants in epoch ms. */
export interface Cooldown {
  readonly accountId: string;
  readonly model: string;
  readonly until: number;
  readonly since: number;
  readonly cause: CooldownCause;
  /** Where the length comes from: `resets_at`, `retry-after`, `default`, `usage`. */
  readonly source: string;
}

/** States that answers of upstream lead to. `retired` only where the configuration says so. */
export type LostState = 'needs_login' | 'disabled' | 'retired';

/** What an outcome does to an account; decided by one table (accounts/outcome-policy.ts) and by nothing else. */
export type AccountEffect =
  | { kind: 'none'; held?: true }
  /** `held`: it stands for a verdict that the guard against mass removal has held back. */
  | { kind: 'cooldown'; model: string; until: number; cause: CooldownCause; source: string; held?: true }
  /** The account works again: the cooldown of the whole account that is neither quota nor rate limit ends. */
  | { kind: 'cooldown_lifted'; cause: CooldownCause }
  /** `inferred`: from statuses, so it counts against the guard and may end by itself. */
  | { kind: 'state'; state: LostState; reason: string; evidence: string; inferred?: true }
  /** The account is not entitled to the model (until epoch ms). */
  | { kind: 'not_entitled'; model: string; until: number };

/** A change that must reach the database; written at once, never awaited by a request. */
export type AccountChange =
  | {
      kind: 'state';
      accountId: string;
      from: AccountState;
      /** Only where the state has this reason. */
      fromReason?: string;
      /** An inferred verdict, and how many accounts may be taken out of service by those within an hour. */
      allowed?: number;
      state: AccountState;
      reason: string;
      evidence: string;
      since: number;
      until: number;
    }
  | { kind: 'cooldown'; cooldown: Cooldown }
  | { kind: 'cooldown_lifted'; accountId: string; model: string }
  /** `soon`: other processes must not ask upstream for the same again. */
  | { kind: 'quota'; accountId: string; snapshot: QuotaSnapshot; soon?: boolean }
  | { kind: 'model_refused'; accountId: string; model: string; plan: string; until: number }
  | { kind: 'ciphertext_owner'; hash: string; accountId: string; at: number };
