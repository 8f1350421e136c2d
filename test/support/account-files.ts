import { createHash } from 'node:crypto';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** An unsigned token with these claims; the same claims give the same token. */
export const jwt = (claims: Record<string, unknown>): string =>
  `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${hex(part(claims)).repeat(5)}`;

export interface LoginOptions {
  account?: string;
  user?: string;
  email?: string;
  plan?: string;
  /** Epoch ms. */
  issuedAt?: number;
  expiresAt?: number;
  /** Tells two logins of one user apart. */
  serial?: string;
}

/** Tokens of realistic size for account number `n`. */
export function login(n: number | string, options: LoginOptions = {}) {
  const issuedAt = options.issuedAt ?? 1_799_000_000_000;
  const expiresAt = options.expiresAt ?? issuedAt + 10 * 86_400_000;
  const account = options.account ?? `account-${n}`;
  const user = options.user ?? `user-${n}`;
  const email = options.email ?? `user${n}@example.com`;
  const auth = {
    chatgpt_account_id: account,
    chatgpt_user_id: user,
    chatgpt_plan_type: options.plan ?? 'plus',
    chatgpt_account_is_fedramp: false,
  };
  const common = { iat: issuedAt / 1000, exp: expiresAt / 1000, 'https://api.openai.com/auth': auth, jti: options.serial ?? '' };
  return {
    access_token: jwt({ ...common, aud: ['https://api.openai.com/v1'], 'https://api.openai.com/profile': { email } }),
    refresh_token: `rt_${hex(`${user} ${account} ${issuedAt} ${options.serial ?? ''}`)}`,
    id_token: jwt({ ...common, email }),
    account_id: account,
    email,
    last_refresh: new Date(issuedAt).toISOString(),
    expired: new Date(expiresAt).toISOString(),
  };
}

/** The content of a `codex-*.json` file. */
export const accountFile = (n: number | string, options: LoginOptions = {}): string =>
  JSON.stringify({ type: 'codex', ...login(n, options) });
