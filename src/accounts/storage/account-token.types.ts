import type { AccountState, Ownership } from './account.entity.js';

/** The three secrets as CredentialCipher sealed them; empty string where there is none. */
export interface SealedTokens {
  accessToken: string;
  refreshToken: string;
  idToken: string;
}

/** What tokens say of their owner. */
export interface TokenLabels {
  email: string;
  plan: string;
  fedramp: boolean;
}

/** What a writer of a state wants to be true afterwards. Instants in epoch ms, `until` 0: no end. */
export interface StatePatch {
  state: AccountState;
  reason: string;
  evidence: string;
  since: number;
  until: number;
}

/** Tokens that replace older ones through an import: a new login, or a file that somebody else keeps fresh. */
export interface TokenReplacement extends SealedTokens, TokenLabels {
  accessExpiresAt: number;
  lastRefreshAt: number;
  ownership: Ownership;
}

export interface RefreshClaim {
  /** This process; at most 64 characters. */
  owner: string;
  /** The generation the caller has seen. */
  generation: number;
  /** Both by the caller's clock: on Postgres only their difference counts, added to the server's clock. */
  leaseUntil: number;
  now: number;
  /** Take over an intent that somebody (perhaps this process) left open; without it an open intent refuses the claim. */
  recovery?: boolean;
  /** Somebody else's lease must have run out so long ago. */
  silentForMs?: number;
}

/** Renewed tokens, sealed for the row they go to. */
export interface TokenCommit extends SealedTokens {
  accessExpiresAt: number;
  lastRefreshAt: number;
  /** Left out: unchanged. */
  labels?: Partial<TokenLabels>;
  /** Given where the new tokens name an owner that the row does not know yet. Rejects when another row has it: `mergeProvisional`. */
  identity?: { chatgptAccountId: string; chatgptUserId: string };
}

export interface RefreshRelease {
  /** Count this as a failure in a row; otherwise the count stays. */
  failure?: boolean;
  /** No refresh before this instant (epoch ms). */
  notBefore?: number;
  /** The vendor may have rotated the token without our getting the answer: the intent stays open for recovery. */
  keepIntent?: boolean;
  now: number;
}

/** A provisional row turned out to be an account that exists. `tokens` are sealed for the target. */
export interface ProvisionalMerge {
  provisionalId: string;
  targetId: string;
  owner: string;
  generation: number;
  tokens: Omit<TokenCommit, 'identity'>;
  now: number;
}
