import { describe, expect, it } from '@jest/globals';
import { UpstreamFailure } from '../upstream/upstream-failure.js';
import { classifyCutTokenAnswer, classifyTokenAnswer, classifyTokenFailure } from './token-answer.js';

const NOW = 1_790_000_000_000;
const HTML = '<!DOCTYPE html><title>Just a moment...</title>';
const read = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  classifyTokenAnswer({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }, NOW);

describe('an answer of the token endpoint', () => {
  it('brings new tokens; what is missing is told apart from what is new', () => {
    expect(read(200, { access_token: 'a', refresh_token: 'r', id_token: 'i', expires_in: 864000 })).toEqual({
      kind: 'renewed',
      tokens: { accessToken: 'a', refreshToken: 'r', idToken: 'i', expiresInSec: 864000 },
    });
    expect(read(200, { access_token: 'a' })).toEqual({
      kind: 'renewed',
      tokens: { accessToken: 'a', refreshToken: null, idToken: null, expiresInSec: null },
    });
    expect(read(200, { refresh_token: 'r' })).toMatchObject({ kind: 'renewed', tokens: { accessToken: null, refreshToken: 'r' } });
  });

  it.each([
    [400, { error: { code: 'refresh_token_reused', message: 'Your refresh token has already been used.' } }, 'refresh_token_reused'],
    [401, { error: { code: 'refresh_token_expired', message: 'expired' } }, 'refresh_token_expired'],
    [401, { error: { code: 'refresh_token_invalidated', message: 'x' } }, 'refresh_token_invalidated'],
    [400, { error: 'invalid_grant', error_description: 'bad' }, 'invalid_grant'],
    [400, { code: 'token_expired', message: 'm' }, 'token_expired'],
    [401, { code: 'token_invalidated' }, 'token_invalidated'],
    [401, { error_code: 'app_session_terminated' }, 'app_session_terminated'],
    [401, { error_code: 'account_session_expired' }, 'account_session_expired'],
    [403, { error: { code: 'account_deactivated', message: 'gone' } }, 'account_deactivated'],
    [403, { error: { message: 'Your account has been deactivated, please write to us' } }, 'account_deactivated'],
    [401, { error: { message: 'Please try signing in again.' } }, 'sign_in_again'],
    [400, { error: { message: 'The token was revoked' } }, 'token_revoked'],
    [400, { message: 'Invalid refresh token' }, 'refresh_token_invalidated'],
    [200, { error: 'invalid_grant' }, 'invalid_grant'],
  ])('HTTP %i %j ends the credential', (status, body, code) => {
    expect(read(status, body)).toMatchObject({ kind: 'permanent', code, confirm: false });
  });

  it.each([['access_denied'], ['invalid_token']])('%s ends the credential only when it is said twice', (code) => {
    expect(read(401, { error: code })).toMatchObject({ kind: 'permanent', code, confirm: true });
  });

  it.each<[string, number, unknown, boolean]>([
    ['a rate limit', 429, { error: { code: 'rate_limit_exceeded' } }, false],
    ['a rate limit that names a dead code', 429, { error: { code: 'invalid_grant' } }, false],
    ['a server error', 500, { error: { code: 'server_error' } }, true],
    ['a server error that names a dead code', 503, { error: 'invalid_grant' }, true],
    ['an HTML server error', 502, HTML, true],
    ['an HTML 403 of the edge', 403, HTML, false],
    ['an HTML 401', 401, '<html>revoked</html>', false],
    ['a bare 401', 401, '', false],
    ['a JSON 401 with an unknown code', 401, { error: { code: 'mystery', message: 'no' } }, false],
    ['a JSON 403 about the country', 403, { error: { code: 'unsupported_country_region_territory', message: 'no' } }, false],
    ['a refusal of our request form', 400, { error: 'invalid_request' }, false],
    ['a moved endpoint', 302, '', false],
    ['a 200 page of somebody in between', 200, HTML, true],
    ['a 200 without tokens', 200, { token_type: 'Bearer' }, true],
    ['a cut 200', 200, '{"access_token":"ey', true],
    ['an array', 200, [1], true],
  ])('%s says nothing of the credential', (_, status, body, sent) => {
    expect(read(status, body)).toMatchObject({ kind: 'transient', sent });
  });

  describe('that was cut off', () => {
    const BROKEN = new UpstreamFailure('truncated', 'x');
    const whole = (text: string): unknown => read(200, text);
    const broken = (text: string, status = 200): unknown => classifyCutTokenAnswer({ status, headers: {}, body: text }, BROKEN);

    it.each<[string, unknown]>([
      ['{"access_token":"a","expires_in":60,"refresh_token":"r"', { accessToken: 'a', refreshToken: 'r', idToken: null, expiresInSec: 60 }],
      [
        '{"refresh_token" : "r\\u0041\\"" ,"access_token":"ey',
        { accessToken: null, refreshToken: 'rA"', idToken: null, expiresInSec: null },
      ],
      ['{"refresh_token":"r","expires_in":86', { accessToken: null, refreshToken: 'r', idToken: null, expiresInSec: null }],
    ])('brings the refresh token that takes the place of the spent one: %s', (text, tokens) => {
      expect(whole(text)).toEqual({ kind: 'renewed', tokens });
      expect(broken(text)).toEqual({ kind: 'renewed', tokens });
    });

    it.each(['', '{"access_token":"a","refresh_token":"r', '{"access_token":"a"', '{"refresh_token":null', '{"refresh_token":"\\x"'])(
      'brings nothing without it: %s',
      (text) => {
        expect(whole(text)).toMatchObject({ kind: 'transient', sent: true });
        expect(broken(text)).toMatchObject({ kind: 'transient', sent: true, reason: 'truncated' });
      },
    );

    it('brings nothing as a page, or as an error', () => {
      expect(whole('<html>"refresh_token":"r"')).toMatchObject({ kind: 'transient' });
      expect(broken('{"refresh_token":"r"', 500)).toMatchObject({ kind: 'transient' });
    });
  });

  it('keeps the wish of a Retry-After header', () => {
    expect(read(429, '', { 'retry-after': '7' })).toMatchObject({ kind: 'transient', retryAt: NOW + 7000 });
    const theirs = NOW + 3_600_000;
    const headers = { 'retry-after': new Date(theirs + 9000).toUTCString(), date: new Date(theirs).toUTCString() };
    expect(read(429, '', headers)).toMatchObject({ retryAt: NOW + 9000 });
  });

  it('keeps tokens, addresses and e-mails out of the evidence', () => {
    const outcome = read(400, { error: 'invalid_grant', error_description: 'token rt_abcdefghijklmnop of a@example.com is used' });
    expect(JSON.stringify(outcome)).not.toMatch(/rt_abc|example\.com/);
  });
});

describe('a call without an answer', () => {
  it.each([
    ['connect', false],
    ['queue', false],
    ['reset', true],
    ['timeout', true],
    ['truncated', true],
    ['protocol', true],
    ['aborted', true],
  ] as const)('%s: the token may have been spent: %s', (kind, sent) => {
    expect(classifyTokenFailure(new UpstreamFailure(kind, 'x'))).toMatchObject({ kind: 'transient', sent });
  });

  it('takes an unknown failure for one that may have been sent', () => {
    expect(classifyTokenFailure(new Error('?'))).toMatchObject({ kind: 'transient', sent: true });
  });
});
