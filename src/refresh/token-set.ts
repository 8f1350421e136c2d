import { claimsOfTokens, TokenClaims } from '../accounts/files/account-jwt.js';
import { isProvisional } from '../accounts/files/account-record.js';
import type { PlainTokens } from '../accounts/storage/account-row.js';
import type { AccountEntity } from '../accounts/storage/account.entity.js';
import type { RenewedTokens } from './token-answer.js';

/** The three tokens as they hold after a refresh. Instants in epoch ms. */
export interface TokenSet extends PlainTokens {
  readonly accessExpiresAt: number;
  readonly lastRefreshAt: number;
}

/** The vendor's own tool renews a token without a readable end after so long. */
const UNKNOWN_LIFE_MS = 8 * 86_400_000;
/** Beyond this the vendor's clock and ours are not the same. */
const SAME_CLOCK_MS = 120_000;

/** What the answer leaves out keeps its old value. */
export function combineTokens(old: PlainTokens & { accessExpiresAt: number }, answer: RenewedTokens, now: number): TokenSet {
  const accessToken = answer.accessToken ?? old.accessToken;
  return {
    accessToken,
    refreshToken: answer.refreshToken ?? old.refreshToken,
    idToken: answer.idToken ?? old.idToken,
    accessExpiresAt: answer.accessToken === null ? old.accessExpiresAt : endByOwnClock(answer.accessToken, answer.expiresInSec, now),
    lastRefreshAt: now,
  };
}

/**
 * When a token that has just been issued ends, by our clock. Its `exp` is an instant of the vendor's clock; how long it lives is the same
 * on every clock. Otherwise a gateway whose clock is ahead would take each new token for one that has ended, and rotate without end.
 */
function endByOwnClock(accessToken: string, expiresInSec: number | null, now: number): number {
  const { issuedAt, expiresAt } = claimsOfTokens(accessToken, '');
  const life = issuedAt > 0 ? expiresAt - issuedAt : 0;
  if (life > 0) return Math.abs(now - issuedAt) <= SAME_CLOCK_MS ? expiresAt : now + life;
  if (expiresAt > now) return expiresAt;
  return now + (expiresInSec === null ? UNKNOWN_LIFE_MS : expiresInSec * 1000);
}

export interface Identity {
  readonly chatgptAccountId: string;
  readonly chatgptUserId: string;
}

/** What new tokens say of the account that was renewed. */
export type IdentityVerdict =
  | { readonly kind: 'same' }
  /** They name an owner that the row did not know. */
  | { readonly kind: 'learnt'; readonly identity: Identity }
  /** They belong to somebody else: to store them in this row would mix two accounts. */
  | { readonly kind: 'foreign' };

export function compareIdentity(row: Pick<AccountEntity, 'chatgptAccountId' | 'chatgptUserId'>, claims: TokenClaims): IdentityVerdict {
  const identity = {
    chatgptAccountId: claims.chatgptAccountId || row.chatgptAccountId,
    chatgptUserId: claims.chatgptUserId || row.chatgptUserId,
  };
  const sameAccount = identity.chatgptAccountId === row.chatgptAccountId;
  const sameUser = identity.chatgptUserId === row.chatgptUserId;
  if (sameAccount && sameUser) return { kind: 'same' };
  // Before the first token named the user, the account id was only what a file claimed.
  if (isProvisional(row.chatgptUserId)) return { kind: 'learnt', identity };
  return sameUser && row.chatgptAccountId === '' ? { kind: 'learnt', identity } : { kind: 'foreign' };
}
