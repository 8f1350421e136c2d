import { expect, it } from '@jest/globals';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import { QuotaHeaders } from './quota-headers.js';

const account = { id: 'a' } as PoolAccount;
const headers = (used: string) => ({
  'x-codex-primary-used-percent': used,
  'x-codex-primary-window-minutes': '300',
  'x-codex-primary-reset-at': '1787000000',
});

it('reads a quota once as long as the headers say the same, and again when they change or some seconds have passed', () => {
  const quota = new QuotaHeaders();
  expect(quota.read(account, headers('12'), 1000)).toMatchObject({ at: 1000, windows: [{ usedPercent: 12 }] });
  expect(quota.read(account, headers('12'), 2000)).toBeNull();
  expect(quota.read({ ...account }, headers('12'), 2000)).not.toBeNull();
  expect(quota.read(account, headers('13'), 3000)).toMatchObject({ windows: [{ usedPercent: 13 }] });
  expect(quota.read(account, headers('13'), 9000)).toMatchObject({ at: 9000 });
});
