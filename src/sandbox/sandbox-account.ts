import { digest, uuidOf } from './made-up.js';

export const OAUTH_CLIENT_ID = 'app_EMoamEEZ73f0CkXaXp7hrann';
/** What the vendor's access tokens live for. */
export const ACCESS_TOKEN_LIFE_SEC = 864_000;
const ID_TOKEN_LIFE_SEC = 3_600;
const SCOPES = ['openid', 'profile', 'email', 'offline_access'];

/** Who an account is; never changes. `key` is the stable name used in recordings (`account-1`). */
export interface SandboxIdentity {
  readonly key: string;
  readonly email: string;
  /** `chatgpt_account_id`; members of a team share one. */
  readonly accountId: string;
  /** `chatgpt_user_id`. */
  readonly userId: string;
  readonly plan: string;
  readonly fedramp: boolean;
}

export interface SandboxTokens {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
  /** Epoch ms. */
  readonly issuedAt: number;
  /** Epoch ms; `exp` of the access token. */
  readonly accessTokenExpiresAt: number;
}

export interface SandboxAccount extends SandboxIdentity, SandboxTokens {}

export interface SandboxAccountOverrides {
  email?: string;
  accountId?: string;
  userId?: string;
  plan?: string;
  fedramp?: boolean;
  /** Epoch ms of issue; default now. */
  now?: number;
  /** Life of the access token from `now`; 0 or less makes one that has already ended. */
  accessTokenLifeSec?: number;
}

/** A made-up account: the same `n` (and `now`) gives the same account. Its tokens are JWTs with the vendor's claims and a signature of zeros. */
export function createSandboxAccount(n: number, overrides: SandboxAccountOverrides = {}): SandboxAccount {
  const identity: SandboxIdentity = {
    key: `account-${n}`,
    email: overrides.email ?? `user${n}@example.com`,
    accountId: overrides.accountId ?? uuidOf('account', n),
    userId: overrides.userId ?? `user-${digest('user', n).slice(0, 24)}`,
    plan: overrides.plan ?? 'plus',
    fedramp: overrides.fedramp ?? false,
  };
  const tokens = issueTokens(identity, 0, overrides.now ?? Date.now(), overrides.accessTokenLifeSec ?? ACCESS_TOKEN_LIFE_SEC);
  return { ...identity, ...tokens };
}

/** The tokens of one sign-in or refresh; `generation` counts up per account, so that no token is issued twice. */
export function issueTokens(identity: SandboxIdentity, generation: number, now: number, lifeSec: number): SandboxTokens {
  const iat = Math.floor(now / 1000);
  const exp = iat + lifeSec;
  const about = `${identity.key} ${identity.userId} ${generation} ${iat}`;
  const common = { iss: 'https://auth.openai.com', sub: `auth0|${digest('sub', identity.userId).slice(0, 24)}`, iat };
  const accessToken = jwt({
    ...common,
    aud: ['https://api.openai.com/v1'],
    client_id: OAUTH_CLIENT_ID,
    exp,
    jti: uuidOf('access', about),
    nbf: iat,
    scp: SCOPES,
    session_id: `authsess_${digest('session', identity.userId).slice(0, 24)}`,
    'https://api.openai.com/auth': authClaims(identity),
    'https://api.openai.com/profile': { email: identity.email, email_verified: true },
  });
  const idToken = jwt({
    ...common,
    aud: [OAUTH_CLIENT_ID],
    exp: iat + ID_TOKEN_LIFE_SEC,
    jti: uuidOf('id', about),
    email: identity.email,
    email_verified: true,
    'https://api.openai.com/auth': { ...authClaims(identity), ...subscriptionClaims(identity) },
  });
  const refreshToken = `rt_${digest('refresh', about)}${digest('refresh more', about).slice(0, 26)}`;
  return { accessToken, idToken, refreshToken, issuedAt: now, accessTokenExpiresAt: exp * 1000 };
}

const authClaims = (identity: SandboxIdentity): Record<string, unknown> => ({
  chatgpt_account_id: identity.accountId,
  chatgpt_account_is_fedramp: identity.fedramp,
  chatgpt_account_user_id: `${identity.userId}__${identity.accountId}`,
  chatgpt_compute_residency: 'no_constraint',
  chatgpt_plan_type: identity.plan,
  chatgpt_user_id: identity.userId,
  user_id: identity.userId,
});

const subscriptionClaims = (identity: SandboxIdentity): Record<string, unknown> => ({
  chatgpt_subscription_active_start: '2026-01-01T00:00:00+00:00',
  chatgpt_subscription_active_until: '2027-01-01T00:00:00+00:00',
  chatgpt_subscription_last_checked: '2026-01-01T00:00:00+00:00',
  groups: [],
  organizations: [{ id: `org-${digest('org', identity.accountId).slice(0, 24)}`, is_default: true, role: 'owner', title: 'Personal' }],
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const HEADER = encode({ alg: 'RS256', kid: '00000000-0000-4000-8000-000000000000', typ: 'JWT' });
/** As long as an RS256 signature; nobody verifies it. */
const SIGNATURE = Buffer.alloc(256).toString('base64url');

const jwt = (claims: Record<string, unknown>): string => `${HEADER}.${encode(claims)}.${SIGNATURE}`;
