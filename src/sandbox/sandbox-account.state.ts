import { ACCESS_TOKEN_LIFE_SEC, SandboxAccount, SandboxIdentity, SandboxTokens } from './sandbox-account.js';
import { SandboxQuota } from './sandbox-quota.js';

/** What the backend knows of one account. Tests read the counts and set the rest. */
export class SandboxAccountState {
  readonly identity: SandboxIdentity;
  readonly quota: SandboxQuota;
  /** The newest tokens. */
  tokens: SandboxTokens;
  plan: string;
  /** Slugs this account may use; null: whatever its plan has. */
  models: string[] | null = null;
  accessTokenLifeSec = ACCESS_TOKEN_LIFE_SEC;
  /** `turns`: answered 2xx; `unauthorized`: refused by the credential check; `reused`: spent refresh tokens that came back. */
  readonly counts = { requests: 0, turns: 0, unauthorized: 0, refreshes: 0, reused: 0, refusedRefreshes: 0, foreignTurnStates: 0 };
  /** Counts sign-ins and refreshes. */
  generation = 0;
  /** Refresh tokens of one sign-in form a family: reuse of one revokes all of them. */
  family = 1;
  readonly revokedFamilies = new Set<number>();
  readonly #promptTokens = new Map<string, number>();

  constructor(account: SandboxAccount, nowMs: number) {
    const { accessToken, idToken, refreshToken, issuedAt, accessTokenExpiresAt, ...identity } = account;
    this.identity = identity;
    this.tokens = { accessToken, idToken, refreshToken, issuedAt, accessTokenExpiresAt };
    this.plan = account.plan;
    this.quota = new SandboxQuota(nowMs);
  }

  get key(): string {
    return this.identity.key;
  }

  /** Prompt tokens that the account's cache already holds for this conversation, in the vendor's steps of 128; remembers the new length. */
  cachedTokens(cacheKey: string, inputTokens: number): number {
    if (cacheKey === '') return 0;
    const before = this.#promptTokens.get(cacheKey) ?? 0;
    this.#promptTokens.delete(cacheKey);
    this.#promptTokens.set(cacheKey, inputTokens);
    if (this.#promptTokens.size > 1_000) this.#promptTokens.delete(this.#promptTokens.keys().next().value!);
    return Math.floor(Math.min(before, inputTokens) / 128) * 128;
  }
}
