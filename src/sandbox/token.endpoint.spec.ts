import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from './codex-backend.server.js';
import { OAUTH_CLIENT_ID } from './sandbox-account.js';
import { ask } from '../../test/support/sandbox-client.js';
import { StillClock } from '../../test/support/still-clock.js';
import { tokenScenarioNames } from './token-scenarios.js';

let backend: CodexBackend;
const clock = new StillClock();

beforeEach(async () => {
  backend = await startCodexBackend({ clock, accounts: 2 });
});
afterEach(() => backend.close());

const refresh = (token: string, extra: Record<string, string> = {}): Promise<Response> =>
  fetch(backend.oauthTokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: OAUTH_CLIENT_ID, grant_type: 'refresh_token', refresh_token: token, ...extra }),
  });
const body = async (response: Response): Promise<Record<string, unknown>> => (await response.json()) as Record<string, unknown>;
const claims = (jwt: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(jwt).split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
const first = (): string => backend.state.current(1).refreshToken;

describe('the token endpoint', () => {
  it('exchanges a refresh token for three new ones with the claims of the account', async () => {
    const before = backend.state.current(1);
    const response = await refresh(before.refreshToken);
    const answer = await body(response);
    expect(response.status).toBe(200);
    expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 864_000 });
    expect(answer.refresh_token).not.toBe(before.refreshToken);
    expect(claims(answer.access_token)).toMatchObject({
      exp: clock.nowMs / 1000 + 864_000,
      'https://api.openai.com/auth': { chatgpt_account_id: before.accountId, chatgpt_user_id: before.userId, chatgpt_plan_type: 'plus' },
      'https://api.openai.com/profile': { email: 'user1@example.com' },
    });
    expect(claims(answer.id_token)).toMatchObject({ email: 'user1@example.com', aud: [OAUTH_CLIENT_ID] });
    expect(backend.state.account(1).counts).toMatchObject({ refreshes: 1, reused: 0 });
  });

  it('takes a form as well', async () => {
    const form = new URLSearchParams({ client_id: OAUTH_CLIENT_ID, grant_type: 'refresh_token', refresh_token: first(), scope: 'openid' });
    const response = await fetch(backend.oauthTokenUrl, { method: 'POST', body: form });
    expect(await body(response)).toMatchObject({ scope: 'openid', token_type: 'Bearer' });
  });

  it('refuses a token the second time and revokes its successors', async () => {
    const old = first();
    await refresh(old);
    const successor = first();
    const again = await refresh(old);
    expect(again.status).toBe(401);
    expect(await body(again)).toEqual({
      error: {
        message: 'Your refresh token has already been used to generate a new access token. Please try signing in again.',
        type: 'invalid_request_error',
        param: null,
        code: 'refresh_token_reused',
      },
    });
    expect(await body(await refresh(successor))).toMatchObject({ error: { code: 'refresh_token_invalidated' } });
    expect(backend.state.account(1).counts).toMatchObject({ refreshes: 1, reused: 1, refusedRefreshes: 2 });
    expect((await refresh(backend.state.signIn(1).refreshToken)).status).toBe(200);
  });

  it('gives the successor once more inside the grace window', async () => {
    backend.state.accounts.reuseGraceMs = 1_000;
    const old = first();
    const answer = await body(await refresh(old));
    expect((await body(await refresh(old))).refresh_token).toBe(answer.refresh_token);
    clock.nowMs += 2_000;
    expect((await refresh(old)).status).toBe(401);
  });

  it('keeps the old access token good unless it is told otherwise', async () => {
    const old = backend.state.current(1);
    const call = (): Promise<Response> =>
      fetch(backend.usageUrl, { headers: { authorization: `Bearer ${old.accessToken}`, 'chatgpt-account-id': old.accountId } });
    await refresh(first());
    expect((await call()).status).toBe(200);
    backend.state.accounts.rotationEndsAccessToken = true;
    await refresh(first());
    expect((await ask(backend, 'hi')).status).toBe(200);
    expect((await call()).status).toBe(200);
    backend.state.accounts.endAccessTokens(1);
    expect(await body(await call())).toMatchObject({ error: { code: 'token_invalidated' } });
  });

  it('knows neither foreign tokens, nor other clients, nor other grants', async () => {
    const unknown = await refresh('rt_unknown');
    expect([unknown.status, (await body(unknown)).error]).toEqual([400, 'invalid_grant']);
    expect(await body(await refresh(first(), { client_id: 'app_other' }))).toMatchObject({ error: 'invalid_client' });
    expect(await body(await refresh(first(), { grant_type: 'password' }))).toMatchObject({ error: 'unsupported_grant_type' });
    expect(await body(await refresh(''))).toMatchObject({ error: 'invalid_request' });
    expect(backend.state.account(1).counts.refreshes).toBe(0);
  });

  it.each([
    ['no-id-token', 'id_token'],
    ['no-refresh-token', 'refresh_token'],
  ])('can leave members out: %s', async (scenario, member) => {
    backend.state.next(scenario, { endpoint: 'token' });
    expect(await body(await refresh(first()))).not.toHaveProperty(member);
  });

  it.each([
    ['429', 429],
    ['500', 500],
    ['403-html', 403],
    ['expired', 401],
    ['garbage', 200],
  ])('can fail without rotating: %s', async (scenario, status) => {
    backend.state.always(scenario, { endpoint: 'token', account: 1 });
    expect((await refresh(first())).status).toBe(status);
    expect(backend.state.account(1).counts.refreshes).toBe(0);
    expect((await refresh(backend.state.current(2).refreshToken)).status).toBe(200);
    backend.state.always(null, { endpoint: 'token', account: 1 });
    expect((await refresh(first())).status).toBe(200);
  });

  it('can rotate and drop the connection, so that nobody learns the new token', async () => {
    const old = first();
    backend.state.next('rotate-drop', { endpoint: 'token' });
    await expect(refresh(old)).rejects.toThrow();
    expect(backend.state.account(1).counts.refreshes).toBe(1);
    expect(await body(await refresh(old))).toMatchObject({ error: { code: 'refresh_token_reused' } });
  });

  it('can rotate and never answer', async () => {
    const abort = new AbortController();
    backend.state.next('rotate-hang', { endpoint: 'token' });
    const pending = fetch(backend.oauthTokenUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: OAUTH_CLIENT_ID, grant_type: 'refresh_token', refresh_token: first() }),
      signal: abort.signal,
    });
    await backend.waitFor((request) => request.scenario === 'rotate-hang' && backend.state.account(1).counts.refreshes === 1);
    abort.abort();
    await expect(pending).rejects.toThrow();
    expect((await backend.waitFor((request) => request.aborted)).path).toBe('/oauth/token');
  });

  it('can be slow', async () => {
    backend.state.next('slow,head=1500', { endpoint: 'token' });
    expect((await refresh(first())).status).toBe(200);
    expect(clock.slept).toContain(1500);
  });

  it('records whose token came, but not the token', async () => {
    await refresh(first());
    expect(backend.requests.at(-1)).toMatchObject({ path: '/oauth/token', account: 'account-1', status: 200 });
    expect(JSON.stringify(backend.requests)).not.toContain('rt_');
  });

  it('refuses scenarios it does not have', () => {
    expect(() => backend.state.next('nonsense', { endpoint: 'token' })).toThrow('does not exist');
    expect(tokenScenarioNames()).toContain('rotate-500');
  });
});
