import { randomUUID } from 'node:crypto';
import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';
import type { ParsedAccount } from '../files/account-record.js';
import type { SealedTokens } from './account-token.types.js';
import type { AccountEntity } from './account.entity.js';
import type { CredentialCipher } from './credential-cipher.js';
import type { PoolAccount } from '../pool/pool-account.js';

/** Why an account is in its state, where the reason decides what may end it. */
export const REASON = {
  fileRemoved: 'file_removed',
  fileDisabled: 'file_disabled',
  tokenExpired: 'access_token_expired',
  operator: 'operator',
} as const;

export interface PlainTokens {
  accessToken: string;
  refreshToken: string;
  idToken: string;
}

export const sealTokens = (cipher: CredentialCipher, accountId: string, tokens: PlainTokens): SealedTokens => ({
  accessToken: cipher.seal(accountId, 'access_token', tokens.accessToken),
  refreshToken: cipher.seal(accountId, 'refresh_token', tokens.refreshToken),
  idToken: cipher.seal(accountId, 'id_token', tokens.idToken),
});

/** @throws SealedSecretError when the row is sealed with another key or damaged. */
export const toPoolAccount = (row: AccountEntity, cipher: CredentialCipher): PoolAccount => ({
  ...withoutSecrets(row),
  accessToken: cipher.open(row.id, 'access_token', row.accessToken),
});

/** For who only looks at the account. */
export const withoutSecrets = (row: AccountEntity): PoolAccount => ({
  id: row.id,
  chatgptAccountId: row.chatgptAccountId,
  chatgptUserId: row.chatgptUserId,
  email: row.email,
  plan: row.plan,
  fedramp: row.fedramp,
  ownership: row.ownership,
  state: row.state,
  stateReason: row.stateReason,
  stateSince: row.stateSince,
  takenOutAt: row.takenOutAt,
  draining: row.draining,
  accessToken: '',
  accessExpiresAt: row.accessExpiresAt,
  lastRefreshAt: row.lastRefreshAt,
  refreshable: row.ownership === 'owned' && row.refreshToken !== '',
  tokenGeneration: row.tokenGeneration,
  quota: parseQuota(row.quota),
});

/** A credential that nobody has seen before. */
export function newAccountRow(parsed: ParsedAccount, cipher: CredentialCipher, now: number): AccountEntity {
  const id = randomUUID();
  return {
    id,
    chatgptAccountId: parsed.chatgptAccountId,
    chatgptUserId: parsed.chatgptUserId,
    email: parsed.email,
    plan: parsed.plan,
    fedramp: parsed.fedramp,
    ownership: parsed.ownership,
    ...firstState(parsed, now),
    stateEvidence: '',
    stateSince: now,
    stateUntil: 0,
    takenOutAt: 0,
    draining: false,
    ...sealTokens(cipher, id, parsed),
    accessExpiresAt: parsed.accessExpiresAt,
    lastRefreshAt: parsed.lastRefreshAt,
    tokenGeneration: 1,
    refreshOwner: '',
    refreshLeaseUntil: 0,
    refreshIntent: '',
    refreshIntentAt: 0,
    refreshFailures: 0,
    refreshNotBefore: 0,
    quota: '',
    quotaAt: 0,
    createdAt: now,
    updatedAt: now,
  };
}

function firstState(parsed: ParsedAccount, now: number): Pick<AccountEntity, 'state' | 'stateReason'> {
  if (parsed.disabled) return { state: 'paused', stateReason: REASON.fileDisabled };
  const spent = parsed.refreshToken === '' && parsed.accessExpiresAt > 0 && parsed.accessExpiresAt <= now;
  return spent ? { state: 'needs_login', stateReason: REASON.tokenExpired } : { state: 'active', stateReason: '' };
}

function parseQuota(text: string): QuotaSnapshot | null {
  if (text === '') return null;
  try {
    return JSON.parse(text) as QuotaSnapshot;
  } catch {
    return null;
  }
}
