import { describe, expect, it } from '@jest/globals';
import { accountFile, jwt, login } from '../../../test/support/account-files.js';
import { parseAccounts } from './account-import.js';

const one = (value: unknown) => {
  const { accounts, faults } = parseAccounts(typeof value === 'string' ? value : JSON.stringify(value));
  expect(faults).toEqual([]);
  expect(accounts).toHaveLength(1);
  return accounts[0]!;
};
const faultsOf = (text: string) => parseAccounts(text).faults;
const { access_token, refresh_token, id_token, expired } = login(1);

describe('parseAccounts', () => {
  const FORMS: [string, unknown][] = [
    ['a file as the README shows it', JSON.parse(accountFile(1))],
    ['its short form with rk', { type: 'codex', rk: refresh_token, access_token, id_token }],
    [
      'an official auth.json',
      { auth_mode: 'chatgpt', OPENAI_API_KEY: null, tokens: { access_token, refresh_token, id_token, account_id: null } },
    ],
    [
      'an export with accounts',
      {
        type: 'sub2api-data',
        accounts: [
          { platform: 'openai', type: 'oauth', credentials: { access_token, refresh_token, id_token, expires_at: 1_799_864_000 } },
        ],
      },
    ],
    [
      'OpenCode',
      {
        anthropic: { type: 'oauth', access: 'x' },
        openai: { type: 'oauth', access: access_token, refresh: refresh_token, expires: 1, accountId: 'a' },
      },
    ],
    ['camel case', { accessToken: access_token, refreshToken: refresh_token, idToken: id_token }],
    ['an array', [JSON.parse(accountFile(1))]],
    ['a byte order mark', `\uFEFF${accountFile(1)}`],
    ['comments', `# exported today\n${JSON.stringify(JSON.parse(accountFile(1)), null, 2)}`],
  ];
  it.each(FORMS)('reads %s', (_name, value) => {
    expect(one(value)).toMatchObject({
      chatgptAccountId: 'account-1',
      chatgptUserId: 'user-1',
      email: 'user1@example.com',
      plan: 'plus',
      accessToken: access_token,
      refreshToken: refresh_token,
      accessExpiresAt: Date.parse(expired),
      ownership: 'owned',
    });
  });

  it('believes the tokens more than the members beside them', () => {
    const lying = { ...login(1), account_id: 'other', email: 'other@example.com', plan_type: 'pro', expired: '2030-01-01T00:00:00Z' };
    expect(one(lying)).toMatchObject({
      chatgptAccountId: 'account-1',
      email: 'user1@example.com',
      plan: 'plus',
      accessExpiresAt: Date.parse(expired),
    });
  });

  it('takes the members where the tokens say nothing, as in the sample of the README', () => {
    const sample = {
      access_token: 'eyJhbGciOi...',
      refresh_token: 'v1.MjE0OT...',
      id_token: 'eyJhbGciOi...',
      account_id: 'org-xxx',
      email: 'user@example.com',
      type: 'codex',
      expired: '2025-01-01T00:00:00Z',
    };
    const account = one(sample);
    expect(account).toMatchObject({ chatgptAccountId: 'org-xxx', email: 'user@example.com', accessExpiresAt: Date.UTC(2025, 0, 1) });
    expect(account.chatgptUserId).toMatch(/^provisional:[0-9a-f]{64}$/);
  });

  it.each([
    ['RFC 3339', '2027-01-15T08:00:00Z'],
    ['unix seconds', 1_800_000_000],
    ['unix seconds as text', '1800000000'],
    ['milliseconds', 1_800_000_000_000],
  ])('reads an end as %s', (_form, expires_at) => {
    expect(one({ access_token: 'opaque', expires_at }).accessExpiresAt).toBe(1_800_000_000_000);
  });

  it('reads a refresh token alone and an access token alone', () => {
    expect(one({ refresh_token: 'rt_1' })).toMatchObject({ accessToken: '', accessExpiresAt: 0, chatgptAccountId: '' });
    expect(one({ access_token })).toMatchObject({ refreshToken: '', chatgptUserId: 'user-1', accessExpiresAt: Date.parse(expired) });
  });

  it('reads lines: objects, comments, bare tokens; a faulty line costs only itself', () => {
    const text = [`# mine`, accountFile(1), '', accountFile(2), '{"broken', 'rt_bare', `Bearer ${login(3).access_token}`, 'hello'].join(
      '\n',
    );
    const { accounts, faults, single } = parseAccounts(text);
    expect(accounts.map(({ line, chatgptAccountId }) => [line, chatgptAccountId])).toEqual([
      [2, 'account-1'],
      [4, 'account-2'],
      [6, ''],
      [7, 'account-3'],
    ]);
    expect(faults.map(({ line }) => line)).toEqual([5, 8]);
    expect(single).toBe(false);
  });

  it('keeps extra members out of the way, and knows disabled and shared accounts', () => {
    expect(one({ ...login(1), disabled: true, priority: 3, proxy_url: 'x' }).disabled).toBe(true);
    expect(one({ ...login(1), ownership: 'shared' }).ownership).toBe('shared');
  });

  it('says which login of a doubled account it takes: the newer', () => {
    const old = login(1, { issuedAt: 1_700_000_000_000 });
    const { accounts, faults } = parseAccounts(JSON.stringify([login(1), old]));
    expect(accounts.map((account) => account.refreshToken)).toEqual([refresh_token]);
    expect(faults[0]!.message).toMatch(/entry 2: .*twice/);
  });

  it('takes of two entries issued in the same second the one that ends later', () => {
    const issuedAt = 1_799_000_000_000;
    const long = login(1, { issuedAt, expiresAt: issuedAt + 7_200_000, serial: 'long' });
    const short = login(1, { issuedAt, expiresAt: issuedAt + 3_600_000, serial: 'short' });
    for (const list of [
      [long, short],
      [short, long],
    ]) {
      expect(parseAccounts(JSON.stringify(list)).accounts.map(({ refreshToken }) => refreshToken)).toEqual([long.refresh_token]);
    }
  });

  it.each([
    ['{"type":"claude","access_token":"x"}', /type "claude" is not a Codex account/],
    ['{"OPENAI_API_KEY":"sk-secret"}', /holds an API key only/],
    ['{"OPENAI_API_KEY":"sk-secret","tokens":null}', /holds an API key only/],
    ['{"accounts":[{"platform":"anthropic","type":"oauth","credentials":{"access_token":"x"}}]}', /entry 1: platform "anthropic"/],
    ['{"accounts":[{"platform":"openai","type":"apikey","credentials":{"api_key":"sk-secret"}}]}', /entry 1: type "apikey"/],
    ['{"access_token":"a\\nX-Injected: 1"}', /access token contains characters/],
    ['{"refresh_token":"a b"}', /refresh token contains characters/],
    ['{}', /neither an access token nor a refresh token/],
    ['[1]', /entry 1: not an object/],
    ['   \n', /is empty/],
    ['{\n  "access_token": "sk-secret,\n}', /malformed JSON at line 2/],
    ['{"access_token": "sk-secret"', /malformed JSON at line 1/],
  ])('reports %j without quoting it', (text, message) => {
    const faults = faultsOf(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]!.message).toMatch(message);
    expect(faults[0]!.message).not.toContain('sk-secret');
  });

  it('tells half a file from a whole one', () => {
    const text = JSON.stringify(JSON.parse(accountFile(1)), null, 2);
    for (let length = 0; length < text.length; length += 97)
      expect(parseAccounts(text.slice(0, length))).toMatchObject({ malformed: true, accounts: [] });
    expect(parseAccounts(text)).toMatchObject({ malformed: false, single: true });
  });

  it('refuses ids that would break a header', () => {
    const token = jwt({ 'https://api.openai.com/auth': { chatgpt_account_id: 'a\r\nx: y', chatgpt_user_id: 'ü' } });
    const account = one({ access_token: token });
    expect(account.chatgptAccountId).toBe('');
    expect(account.chatgptUserId).toMatch(/^provisional:/);
  });
});
