import type { PoolAccount } from '../../src/accounts/pool/pool-account.js';
import type { QuotaSnapshot } from '../../src/upstream/quota-snapshot.js';

export const poolAccount = (id: string, patch: Partial<PoolAccount> = {}): PoolAccount => ({
  id,
  chatgptAccountId: `workspace-${id}`,
  chatgptUserId: `user-${id}`,
  email: `${id}@example.com`,
  plan: 'plus',
  fedramp: false,
  ownership: 'owned',
  state: 'active',
  stateReason: '',
  stateSince: 0,
  takenOutAt: 0,
  draining: false,
  accessToken: `token-${id}`,
  accessExpiresAt: 0,
  lastRefreshAt: 0,
  refreshable: true,
  tokenGeneration: 1,
  quota: null,
  ...patch,
});

/** A reading with one window per number. */
export const quotaUsed = (at: number, resetsAt: number, ...used: number[]): QuotaSnapshot => ({
  windows: used.map((usedPercent, i) => ({ usedPercent, minutes: i === 0 ? 300 : 10_080, resetsAt })),
  plan: null,
  credits: null,
  at,
});
