import { Clock } from '../common/clock.js';
import { BackendState } from './backend-state.js';
import { Exchange } from './exchange.js';
import { JsonObject, isObject, textOf } from './json.js';
import { OAUTH_CLIENT_ID, SandboxTokens } from './sandbox-account.js';
import { Refusal } from './refusal.js';
import { INVALID_GRANT, REUSED, REVOKED, Rotate, resolveTokenScenario, tokenSteps } from './token-scenarios.js';

const oauthError = (status: number, error: string, description: string): Refusal => ({
  status,
  body: { error, error_description: description },
});

/** `POST /oauth/token`: single-use rotating refresh tokens. Takes JSON and forms alike. */
export async function serveToken(exchange: Exchange, fields: unknown, state: BackendState, clock: Clock): Promise<void> {
  const form = isObject(fields) ? fields : {};
  const refreshToken = textOf(form.refresh_token);
  const owner = state.accounts.ownerOf(refreshToken);
  exchange.record.account = owner?.key ?? null;
  exchange.record.body = withoutTokens(form);
  const plan = state.board.take('token', owner?.key ?? null);
  if (plan?.kind === 'steps') return exchange.play(plan.steps);
  const refusal = checkFields(form);
  if (refusal) return exchange.refuse(refusal);
  const spec = plan?.spec ?? resolveTokenScenario('ok');
  exchange.record.scenario = spec.source;
  return exchange.play(tokenSteps(spec, () => rotate(refreshToken, form, state, clock)));
}

function checkFields(form: JsonObject): Refusal | null {
  const grant = textOf(form.grant_type);
  if (grant === '') return oauthError(400, 'invalid_request', 'Missing required parameter: grant_type');
  if (grant !== 'refresh_token') return oauthError(400, 'unsupported_grant_type', `Grant type ${grant} is not simulated`);
  if (textOf(form.refresh_token) === '') return oauthError(400, 'invalid_request', 'Missing required parameter: refresh_token');
  if (textOf(form.client_id) === '') return oauthError(400, 'invalid_request', 'Missing required parameter: client_id');
  return form.client_id === OAUTH_CLIENT_ID ? null : oauthError(401, 'invalid_client', 'Unknown client');
}

function rotate(refreshToken: string, form: JsonObject, state: BackendState, clock: Clock): ReturnType<Rotate> {
  const verdict = state.accounts.exchange(refreshToken, clock.now());
  switch (verdict.kind) {
    case 'unknown':
      return { refusal: INVALID_GRANT };
    case 'reused':
      return { refusal: REUSED(state.reusedStatus) };
    case 'revoked':
      return { refusal: REVOKED };
    case 'rotated':
    case 'graced':
      return { tokens: verdict.tokens, answer: answerOf(verdict.tokens, textOf(form.scope)) };
  }
}

const answerOf = (tokens: SandboxTokens, scope: string): JsonObject => ({
  access_token: tokens.accessToken,
  expires_in: Math.floor((tokens.accessTokenExpiresAt - tokens.issuedAt) / 1000),
  id_token: tokens.idToken,
  refresh_token: tokens.refreshToken,
  scope: scope || 'openid profile email offline_access',
  token_type: 'Bearer',
});

const withoutTokens = ({ refresh_token: _, ...rest }: JsonObject): JsonObject => rest;
