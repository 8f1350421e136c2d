/** What a token says of its owner. Empty string, 0 and null: it does not say. Instants in epoch ms. */
export interface TokenClaims {
  chatgptAccountId: string;
  chatgptUserId: string;
  email: string;
  plan: string;
  fedramp: boolean | null;
  issuedAt: number;
  expiresAt: number;
}

const AUTH = 'https://api.openai.com/auth';
const PROFILE = 'https://api.openai.com/profile';

/** Decodes a JWT; signatures are not checked, for the vendor checks them and nobody else's word depends on these claims. Null: not a JWT. */
export function readClaims(token: string): TokenClaims | null {
  const payload = decodePayload(token);
  if (!payload) return null;
  const auth = object(payload[AUTH]);
  return {
    chatgptAccountId: headerSafe(text(auth.chatgpt_account_id) || text(payload.chatgpt_account_id), 128),
    chatgptUserId: headerSafe(text(auth.chatgpt_user_id) || text(auth.user_id), 128),
    email: label(text(payload.email) || text(object(payload[PROFILE]).email), 320),
    plan: label(text(auth.chatgpt_plan_type), 64),
    fedramp: typeof auth.chatgpt_account_is_fedramp === 'boolean' ? auth.chatgpt_account_is_fedramp : null,
    issuedAt: seconds(payload.iat),
    expiresAt: seconds(payload.exp),
  };
}

/**
 * The claims of a login as a whole: identity and life from the access token, which is what is used; what it leaves open from
 * the id token, whose own `exp` and `iat` say nothing about it.
 */
export function claimsOfTokens(accessToken: string, idToken: string): TokenClaims {
  const access = readClaims(accessToken);
  const id = readClaims(idToken);
  return {
    chatgptAccountId: access?.chatgptAccountId || id?.chatgptAccountId || '',
    chatgptUserId: access?.chatgptUserId || id?.chatgptUserId || '',
    email: id?.email || access?.email || '',
    plan: access?.plan || id?.plan || '',
    fedramp: access?.fedramp ?? id?.fedramp ?? null,
    issuedAt: access?.issuedAt ?? 0,
    expiresAt: access?.expiresAt ?? 0,
  };
}

/** Ids end up in request headers: anything else than visible ASCII is refused. */
export const headerSafe = (value: string, maxLength: number): string =>
  value.length <= maxLength && /^[\x21-\x7e]+$/.test(value) ? value : '';

/** For display only. */
export const label = (value: string, maxLength: number): string => value.replace(/[\x00-\x1f\x7f]/g, '').slice(0, maxLength);

function decodePayload(token: string): Record<string, unknown> | null {
  const parts = token.split('.');
  if (parts.length !== 3 || !parts[1]) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(parts[1], 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const seconds = (value: unknown): number => (typeof value === 'number' && value > 0 && value < 1e11 ? Math.trunc(value * 1000) : 0);
