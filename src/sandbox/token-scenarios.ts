import { JsonObject } from './json.js';
import { Refusal, apiError } from './refusal.js';
import { SandboxTokens } from './sandbox-account.js';
import { Params, ScenarioSpec, parseScenario } from './scenario-spec.js';
import { cloudflarePage } from './scenarios/errors.js';
import { Step, reply, wait } from './step.js';

/** Does the exchange and says what came of it; called at most once. */
export type Rotate = () => { readonly refusal: Refusal } | { readonly tokens: SandboxTokens; readonly answer: JsonObject };

type TokenScenario = (rotate: Rotate, params: Params) => Iterable<Step>;

const permanent = (status: number, code: string, message: string): Refusal => apiError(status, message, { code });

export const REUSED = (status: number): Refusal =>
  permanent(
    status,
    'refresh_token_reused',
    'Your refresh token has already been used to generate a new access token. Please try signing in again.',
  );
export const REVOKED = permanent(401, 'refresh_token_invalidated', 'Your refresh token has been revoked. Please try signing in again.');
export const INVALID_GRANT: Refusal = {
  status: 400,
  body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
};

const fixed =
  (refusal: Refusal): TokenScenario =>
  () => [reply(refusal)];

/** The normal exchange, with some members of the answer left out. */
const exchange = (...left: string[]): TokenScenario =>
  function* (rotate): Generator<Step, void, void> {
    const outcome = rotate();
    if ('refusal' in outcome) return yield reply(outcome.refusal);
    const body = Object.fromEntries(Object.entries(outcome.answer).filter(([key]) => !left.includes(key)));
    yield reply({ status: 200, headers: { 'cache-control': 'no-store' }, body });
  };

/** The tokens are rotated, but the caller never learns the new ones. */
const lost = (...after: Step[]): TokenScenario =>
  function* (rotate): Generator<Step, void, void> {
    rotate();
    yield* after;
  };

/** The tokens are rotated, and the answer breaks off: right behind the value of the member `after`, or within it. */
const cut = (after: string, within = 0): TokenScenario =>
  function* (rotate): Generator<Step, void, void> {
    const outcome = rotate();
    if ('refusal' in outcome) return yield reply(outcome.refusal);
    const body = JSON.stringify(outcome.answer);
    const value = JSON.stringify(outcome.answer[after]);
    const part = body.slice(0, body.indexOf(value) + value.length - within);
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    yield { do: 'socket', bytes: head + part };
  };

const SERVER_ERROR = apiError(500, 'Internal server error', { type: 'server_error', code: 'server_error' });

const TOKEN_SCENARIOS: Readonly<Record<string, TokenScenario>> = {
  ok: exchange(),
  'no-id-token': exchange('id_token'),
  'no-refresh-token': exchange('refresh_token'),
  'no-access-token': exchange('access_token'),
  'no-expires-in': exchange('expires_in'),
  expired: fixed(permanent(401, 'refresh_token_expired', 'Your refresh token has expired. Please try signing in again.')),
  reused: fixed(REUSED(401)),
  invalidated: fixed(REVOKED),
  'invalid-grant': fixed(INVALID_GRANT),
  deactivated: fixed(permanent(403, 'account_deactivated', 'Your OpenAI account has been deactivated, please check your email.')),
  '429': (_, params) => [
    reply({
      ...apiError(429, 'Too many requests', { type: 'rate_limit_error', code: 'rate_limit_exceeded' }),
      headers: { 'retry-after': params.text('after', '1') },
    }),
  ],
  '500': fixed(SERVER_ERROR),
  '502': fixed({ status: 502, headers: { 'content-type': 'text/html' }, body: '<html><head><title>502 Bad Gateway</title></head></html>' }),
  '503': fixed({ status: 503, headers: { 'content-type': 'text/plain' }, body: 'upstream connect error' }),
  '403-html': fixed(cloudflarePage(403)),
  garbage: fixed({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"access_token": "eyJ' }),
  empty: fixed({ status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }),
  hang: () => [{ do: 'hang' }],
  reset: () => [{ do: 'reset' }],
  'rotate-hang': lost({ do: 'hang' }),
  'rotate-drop': lost({ do: 'reset' }),
  'rotate-500': lost(reply(SERVER_ERROR)),
  'rotate-cut': cut('refresh_token'),
  'rotate-cut-short': cut('refresh_token', 1),
};

/** Reads a scenario of the token endpoint; throws on one that does not exist. `slow` is `ok,head=2000`. */
export function resolveTokenScenario(source: string): ScenarioSpec {
  const spec = parseScenario(source);
  if (spec.name === 'slow') return { ...spec, name: 'ok', params: spec.params.over(parseScenario('ok,head=2000').params) };
  if (!TOKEN_SCENARIOS[spec.name]) throw new Error(`sandbox: token scenario "${spec.name}" does not exist`);
  return spec;
}

export const tokenScenarioNames = (): string[] => [...Object.keys(TOKEN_SCENARIOS), 'slow'];

/** `head`: ms before the scenario does anything; `tail`: ms between the rotation and the answer. */
export function* tokenSteps(spec: ScenarioSpec, rotate: Rotate): Generator<Step, void, void> {
  if (spec.params.has('head')) yield wait(spec.params.number('head', 0));
  for (const step of TOKEN_SCENARIOS[spec.name]!(rotate, spec.params)) {
    if (spec.params.has('tail')) yield wait(spec.params.number('tail', 0));
    yield step;
  }
}
