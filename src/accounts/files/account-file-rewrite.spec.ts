import { describe, expect, it } from '@jest/globals';
import { parseAccounts } from './account-import.js';
import { FileTokens, rewriteAccountFile } from './account-file-rewrite.js';

const tokens: FileTokens = {
  accessToken: 'new-access',
  refreshToken: 'new-refresh',
  idToken: 'new-id',
  accessExpiresAt: Date.UTC(2027, 0, 1),
  lastRefreshAt: Date.UTC(2026, 11, 1, 0, 0, 0, 123),
  chatgptAccountId: 'account',
  email: 'me@example.com',
};
const EXPIRED = '2027-01-01T00:00:00.000Z';
const REFRESHED = '2026-12-01T00:00:00.123Z';

describe('rewriteAccountFile', () => {
  it('keeps names, order, indentation and whatever else stands there', () => {
    const text =
      '{\n    "type": "codex",\n    "access_token": "a",\n    "note": "mine",\n    "rk": "r",\n    "expired": "2025-01-01T00:00:00Z"\n}\n';
    const members = [
      '"type": "codex"',
      '"access_token": "new-access"',
      '"note": "mine"',
      '"rk": "new-refresh"',
      `"expired": "${EXPIRED}"`,
      '"id_token": "new-id"',
      `"last_refresh": "${REFRESHED}"`,
      '"account_id": "account"',
      '"email": "me@example.com"',
    ];
    expect(rewriteAccountFile(text, tokens)).toBe(`{\n${members.map((member) => `    ${member}`).join(',\n')}\n}\n`);
  });

  it('keeps the nesting of an official auth.json', () => {
    const text = JSON.stringify({
      OPENAI_API_KEY: null,
      tokens: { id_token: 'i', access_token: 'a', refresh_token: 'r', account_id: null },
      last_refresh: 'x',
    });
    expect(JSON.parse(rewriteAccountFile(text, tokens)!)).toEqual({
      OPENAI_API_KEY: null,
      tokens: { id_token: 'new-id', access_token: 'new-access', refresh_token: 'new-refresh', account_id: null },
      last_refresh: REFRESHED,
    });
  });

  it.each([
    [{ openai: { type: 'oauth', refresh: 'r', access: 'a', expires: 1_787_000_000_000 }, other: 1 }, { expires: tokens.accessExpiresAt }],
    [
      { openai: { type: 'oauth', refresh: 'r', access: 'a', expires: 1_787_000_000 }, other: 1 },
      { expires: tokens.accessExpiresAt / 1000 },
    ],
  ])('keeps the form of an instant', (value, expected) => {
    const written = JSON.parse(rewriteAccountFile(JSON.stringify(value), tokens)!);
    expect(written).toEqual({ openai: { type: 'oauth', refresh: 'new-refresh', access: 'new-access', ...expected }, other: 1 });
  });

  it('completes a file that had a refresh token alone, and leaves a file readable as it was', () => {
    const written = rewriteAccountFile('{"refresh_token":"r"}', tokens)!;
    expect(parseAccounts(written).accounts[0]).toMatchObject({
      accessToken: 'new-access',
      refreshToken: 'new-refresh',
      email: 'me@example.com',
    });
  });

  it('leaves out what is not known', () => {
    const partial = { ...tokens, idToken: '', refreshToken: '', accessExpiresAt: 0 };
    expect(JSON.parse(rewriteAccountFile('{"accessToken":"a","refreshToken":"r"}', partial)!)).toEqual({
      accessToken: 'new-access',
      refreshToken: 'r',
    });
  });

  it.each(['[{"refresh_token":"r"}]', '{"accounts":[{"refresh_token":"r"}]}', '{"refresh_token":"r"}\n{"refresh_token":"s"}', 'rt_bare'])(
    'refuses %s, which is not one account',
    (text) => {
      expect(rewriteAccountFile(text, tokens)).toBeNull();
    },
  );
});
