/** Fake ChatGPT accounts with tokens of realistic size, valid for nine days, so that nobody refreshes them. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ISSUER = 'https://auth.openai.com';
const CLIENT = 'app_EMoamEEZ73f0CkXaXp7hrann';
const AUTH = 'https://api.openai.com/auth';
const SCOPES = ['openid', 'profile', 'email', 'offline_access', 'api.connectors.read', 'api.connectors.invoke'];

const b64 = (value: string) => Buffer.from(value).toString('base64url');
const hex = (seed: string, length = 64) => createHash('sha256').update(seed).digest('hex').slice(0, length);
const HEADER = b64(JSON.stringify({ alg: 'RS256', kid: '19344e65-bbc9-44d1-a9d0-f957b079bd0e', typ: 'JWT' }));

function uuid(seed: string): string {
  const h = hex(seed);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

function claims(i: number, now: number, expires: number) {
  const email = `user${i}@example.com`;
  const id = uuid(`account ${i}`);
  const user = `user-${hex(`user ${i}`, 24)}`;
  const auth = {
    chatgpt_account_id: id,
    chatgpt_account_user_id: `${user}__${id}`,
    chatgpt_compute_residency: 'no_constraint',
    chatgpt_plan_type: 'plus',
    chatgpt_user_id: user,
    user_id: user,
    chatgpt_account_is_fedramp: false,
  };
  const common = { iat: now - 60, exp: expires, iss: ISSUER, jti: uuid(`jti ${i}`), sub: `auth0|${hex(`sub ${i}`, 24)}` };
  return { email, id, auth, common };
}

function accessClaims(i: number, now: number, { email, auth, common }: ReturnType<typeof claims>): object {
  return {
    ...common,
    aud: ['https://api.openai.com/v1'],
    client_id: CLIENT,
    nbf: now - 60,
    pwd_auth_time: (now - 60) * 1000,
    scp: SCOPES,
    session_id: `authsess_${hex(`sess ${i}`, 24)}`,
    sl: true,
    [AUTH]: auth,
    'https://api.openai.com/profile': { email, email_verified: true },
  };
}

function idClaims(i: number, now: number, { email, auth, common }: ReturnType<typeof claims>): object {
  return {
    ...common,
    aud: [CLIENT],
    at_hash: hex(`at ${i}`, 22),
    auth_provider: 'password',
    auth_time: now - 60,
    email,
    email_verified: true,
    [AUTH]: {
      ...auth,
      chatgpt_subscription_active_start: '2026-01-01T00:00:00+00:00',
      chatgpt_subscription_active_until: '2027-01-01T00:00:00+00:00',
      groups: [],
      organizations: [{ id: `org-${hex(`org ${i}`, 24)}`, is_default: true, role: 'owner', title: 'Personal' }],
    },
  };
}

/** The i-th account, as an account file. */
export function account(i: number) {
  const now = Math.floor(Date.now() / 1000);
  const expires = now + 9 * 86_400;
  const known = claims(i, now, expires);
  // 342 characters, like RS256.
  const signature = b64(hex(`s${i}`).repeat(4));
  const jwt = (payload: object) => `${HEADER}.${b64(JSON.stringify(payload))}.${signature}`;
  return {
    type: 'codex',
    email: known.email,
    account_id: known.id,
    id_token: jwt(idClaims(i, now, known)),
    access_token: jwt(accessClaims(i, now, known)),
    refresh_token: `rt_${hex(`rt ${i}`)}${hex(`ru ${i}`, 26)}`,
    last_refresh: new Date((now - 60) * 1000).toISOString(),
    expired: new Date(expires * 1000).toISOString(),
    plan_type: 'plus',
  };
}

/** Fills a directory with n account files. */
export function writeAccounts(dir: string, n: number): void {
  mkdirSync(dir, { recursive: true });
  for (let i = 0; i < n; i++) {
    const file = account(i);
    writeFileSync(join(dir, `codex-${file.email}-plus.json`), JSON.stringify(file));
  }
}

/** The same, made once per run in `cache` and copied for each measurement. */
export function accountDirectory(dir: string, n: number, cache: string): string {
  const source = join(cache, `auths-${n}`);
  if (!existsSync(source)) writeAccounts(source, n);
  execFileSync('cp', ['-r', source, dir]);
  return dir;
}
