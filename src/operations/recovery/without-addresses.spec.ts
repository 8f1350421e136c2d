import { expect, it } from '@jest/globals';
import { withoutAddresses } from './without-addresses.js';

it('a recovery is shown without addresses, those in names of files included', () => {
  const told = { id: 'a', result: 'failed', status: 'needs_login', reason: 'invalid_grant' } as const;
  const recovery = { ...told, email: 'ann@example.com', renamed: ['codex-ann@example.com-plus.json.disabled', 'work.json.disabled'] };
  const shown = withoutAddresses(recovery);
  expect(shown).toMatchObject({ ...told, email: 'a***@example.com', renamed: [expect.any(String), 'work.json.disabled'] });
  expect(JSON.stringify(shown)).not.toContain('ann@');
  expect(withoutAddresses({ ...told, email: 'ann@example.com' })).toEqual({ ...told, email: 'a***@example.com' });
});
