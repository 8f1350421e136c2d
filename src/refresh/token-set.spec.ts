import { describe, expect, it } from '@jest/globals';
import { claimsOfTokens } from '../accounts/files/account-jwt.js';
import { combineTokens, compareIdentity } from './token-set.js';

const NOW = 1_790_000_000_000;
const DAY = 86_400_000;
const jwt = (payload: object): string => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.s`;
const old = { accessToken: 'old-access', refreshToken: 'old-refresh', idToken: 'old-id', accessExpiresAt: 5 };
const nothing = { accessToken: null, refreshToken: null, idToken: null, expiresInSec: null };

describe('tokens after a refresh', () => {
  it('keep what the answer leaves out', () => {
    expect(combineTokens(old, { ...nothing, refreshToken: 'new' }, NOW)).toEqual({ ...old, refreshToken: 'new', lastRefreshAt: NOW });
  });

  it.each([
    ['its own exp', jwt({ exp: NOW / 1000 + 60 }), 864000, NOW + 60_000],
    ['expires_in where the token cannot be read', 'opaque', 100, NOW + 100_000],
    ['eight days where nothing is said', 'opaque', null, NOW + 8 * DAY],
    [
      'its own life where the vendor’s clock is an hour ahead of ours',
      jwt({ iat: NOW / 1000 + 3600, exp: NOW / 1000 + 7200 }),
      null,
      NOW + 3_600_000,
    ],
    ['its own life where the vendor’s clock is an hour behind', jwt({ iat: NOW / 1000 - 3600, exp: NOW / 1000 }), 9999, NOW + 3_600_000],
    ['its own exp where the clocks are a minute apart', jwt({ iat: NOW / 1000 - 60, exp: NOW / 1000 + 3540 }), null, NOW + 3_540_000],
    ['expires_in where it says that it has ended before it was issued', jwt({ exp: NOW / 1000 - 60 }), 100, NOW + 100_000],
    ['eight days where it says nothing but that', jwt({ iat: NOW / 1000, exp: NOW / 1000 - 60 }), null, NOW + 8 * DAY],
  ])('end by %s', (_, accessToken, expiresInSec, end) => {
    expect(combineTokens(old, { ...nothing, accessToken, expiresInSec }, NOW).accessExpiresAt).toBe(end);
  });
});

const claims = (chatgpt_account_id: string, chatgpt_user_id: string) =>
  claimsOfTokens(jwt({ 'https://api.openai.com/auth': { chatgpt_account_id, chatgpt_user_id } }), '');
const row = (chatgptAccountId: string, chatgptUserId: string) => ({ chatgptAccountId, chatgptUserId });

describe('the owner of new tokens', () => {
  it.each([
    ['the same account', row('acc', 'user'), claims('acc', 'user'), { kind: 'same' }],
    ['a token that names nobody', row('acc', 'user'), claims('', ''), { kind: 'same' }],
    ['another user', row('acc', 'user'), claims('acc', 'other'), { kind: 'foreign' }],
    ['another workspace', row('acc', 'user'), claims('other', 'user'), { kind: 'foreign' }],
    ['a bare refresh token', row('', 'provisional:x'), claims('acc', 'user'), { kind: 'learnt', identity: row('acc', 'user') }],
    [
      'a file that only claimed its account',
      row('claim', 'provisional:x'),
      claims('acc', 'user'),
      { kind: 'learnt', identity: row('acc', 'user') },
    ],
    ['a token without a user', row('', 'provisional:x'), claims('acc', ''), { kind: 'learnt', identity: row('acc', 'provisional:x') }],
    ['a row without a workspace', row('', 'user'), claims('acc', 'user'), { kind: 'learnt', identity: row('acc', 'user') }],
  ])('%s', (_, known, found, verdict) => {
    expect(compareIdentity(known, found)).toEqual(verdict);
  });
});
