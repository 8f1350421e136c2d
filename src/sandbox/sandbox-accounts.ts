import { SandboxAccount, SandboxTokens, issueTokens } from './sandbox-account.js';
import { SandboxAccountState } from './sandbox-account.state.js';

/** How an account is named by tests: its number, its key, or the account itself. */
export type AccountRef = number | string | { readonly key: string };

interface AccessGrant {
  readonly account: SandboxAccountState;
  readonly expiresAt: number;
  /** Error code the token is refused with before its end; null: it is good. */
  refusedWith: 'token_invalidated' | 'token_revoked' | null;
}

interface RefreshGrant {
  readonly account: SandboxAccountState;
  readonly family: number;
  /** Epoch ms at which the token was exchanged; null: it is still good. */
  spentAt: number | null;
  successor: SandboxTokens | null;
}

/** Tokens remembered; the oldest become unknown. Far more than any test issues. */
const MAX_TOKENS = 500_000;

const remember = <T>(map: Map<string, T>, token: string, grant: T): void => {
  map.set(token, grant);
  if (map.size > MAX_TOKENS) map.delete(map.keys().next().value!);
};

export type RefreshVerdict =
  | { kind: 'rotated' | 'graced'; account: SandboxAccountState; tokens: SandboxTokens }
  | { kind: 'unknown' }
  | { kind: 'reused' | 'revoked'; account: SandboxAccountState };

/** Every account with every token it was ever given: who a token belongs to, and whether it is still good. */
export class SandboxAccounts {
  /** A rotated-out access token is refused at once; the vendor lets it live until its `exp`. */
  rotationEndsAccessToken = false;
  /** A spent refresh token that comes back within this time gets its successor once more. */
  reuseGraceMs = 0;
  /** Whether the return of a spent refresh token revokes its successors. */
  reuseRevokesFamily = true;
  /** Whether it ends the account's access tokens as well. */
  reuseRevokesAccess = false;

  readonly #states = new Map<string, SandboxAccountState>();
  readonly #access = new Map<string, AccessGrant>();
  readonly #refresh = new Map<string, RefreshGrant>();

  get all(): SandboxAccountState[] {
    return [...this.#states.values()];
  }

  add(account: SandboxAccount, nowMs: number): SandboxAccountState {
    if (this.#states.has(account.key)) throw new Error(`sandbox: ${account.key} exists already`);
    const state = new SandboxAccountState(account, nowMs);
    this.#states.set(account.key, state);
    this.#grant(state, account);
    return state;
  }

  find(ref: AccountRef): SandboxAccountState {
    const key = typeof ref === 'number' ? `account-${ref}` : typeof ref === 'string' ? ref : ref.key;
    const state = this.#states.get(key);
    if (!state) throw new Error(`sandbox: there is no ${key}`);
    return state;
  }

  access(token: string): AccessGrant | undefined {
    return this.#access.get(token);
  }

  /** Whose refresh token this is, good or not. */
  ownerOf(refreshToken: string): SandboxAccountState | null {
    return this.#refresh.get(refreshToken)?.account ?? null;
  }

  /** Kills the access tokens issued so far ("log out everywhere", password change). */
  endAccessTokens(ref: AccountRef, code: 'token_invalidated' | 'token_revoked' = 'token_invalidated'): void {
    const account = this.find(ref);
    for (const grant of this.#access.values()) if (grant.account === account) grant.refusedWith = code;
  }

  revokeFamily(ref: AccountRef): void {
    const account = this.find(ref);
    account.revokedFamilies.add(account.family);
  }

  /** A new sign-in of the same user: a new family of tokens. */
  signIn(ref: AccountRef, nowMs: number): SandboxAccount {
    const account = this.find(ref);
    account.family++;
    return { ...account.identity, ...this.#issue(account, nowMs) };
  }

  /** Exchanges a refresh token: single use. The new tokens are issued before the caller answers. */
  exchange(refreshToken: string, nowMs: number): RefreshVerdict {
    const grant = this.#refresh.get(refreshToken);
    if (!grant) return { kind: 'unknown' };
    const { account } = grant;
    if (grant.spentAt !== null) return this.#spentAgain(grant, nowMs);
    if (account.revokedFamilies.has(grant.family)) {
      account.counts.refusedRefreshes++;
      return { kind: 'revoked', account };
    }
    const old = this.#access.get(account.tokens.accessToken);
    if (old && this.rotationEndsAccessToken) old.refusedWith = 'token_invalidated';
    grant.spentAt = nowMs;
    grant.successor = this.#issue(account, nowMs);
    account.counts.refreshes++;
    return { kind: 'rotated', account, tokens: grant.successor };
  }

  #spentAgain(grant: RefreshGrant, nowMs: number): RefreshVerdict {
    const { account } = grant;
    if (grant.successor && nowMs - grant.spentAt! <= this.reuseGraceMs && this.reuseGraceMs > 0) {
      return { kind: 'graced', account, tokens: grant.successor };
    }
    account.counts.reused++;
    account.counts.refusedRefreshes++;
    if (this.reuseRevokesFamily) account.revokedFamilies.add(grant.family);
    if (this.reuseRevokesAccess) this.endAccessTokens(account, 'token_revoked');
    return { kind: 'reused', account };
  }

  #issue(account: SandboxAccountState, nowMs: number): SandboxTokens {
    const identity = { ...account.identity, plan: account.plan };
    account.generation++;
    account.tokens = issueTokens(identity, account.generation, nowMs, account.accessTokenLifeSec);
    this.#grant(account, account.tokens);
    return account.tokens;
  }

  #grant(account: SandboxAccountState, tokens: SandboxTokens): void {
    remember(this.#access, tokens.accessToken, { account, expiresAt: tokens.accessTokenExpiresAt, refusedWith: null });
    remember(this.#refresh, tokens.refreshToken, { account, family: account.family, spentAt: null, successor: null });
  }
}
