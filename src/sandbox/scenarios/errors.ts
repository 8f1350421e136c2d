import { modelNotFound, modelTooNew, modelUnsupported } from '../model-catalogue.js';
import { textOf } from '../json.js';
import { rateLimitHeaders, windowHeaders } from '../rate-limit-headers.js';
import { Refusal, apiError, detail, html, invalid } from '../refusal.js';
import { CONTEXT_LENGTH_MESSAGE, unsupportedParameter } from '../request.check.js';
import { Scenario, ScenarioContext, answer } from '../scenario.js';

type Table = Record<string, (context: ScenarioContext) => Refusal>;

/** Picks the words by `code`; the first entry is the default. */
const byCode = (table: Table): Scenario =>
  answer((context) => {
    const code = context.params.text('code', Object.keys(table)[0]!);
    const words = table[code];
    if (!words) throw new Error(`sandbox: code must be one of ${Object.keys(table).join(', ')}`);
    return words(context);
  });

const modelOf = ({ request, params }: ScenarioContext): string => params.text('model', textOf(request.model));

const BAD_REQUESTS: Table = {
  invalid_value: () => invalid("Invalid value: 'x'. Supported values are: 'y'.", 'input[0].content[0]', 'invalid_value'),
  unsupported_parameter: ({ params }) => unsupportedParameter(params.text('param', 'metadata')),
  model_unsupported: (context) => modelUnsupported(modelOf(context)),
  model_version: (context) => modelTooNew(modelOf(context)),
  context_length_exceeded: () => invalid(CONTEXT_LENGTH_MESSAGE, 'input', 'context_length_exceeded'),
  invalid_encrypted_content: () => invalid('The encrypted content gAAA...AAA= could not be verified.', null, 'invalid_encrypted_content'),
  cyber_policy: () => invalid('This content was flagged for possible cybersecurity risk.', null, 'cyber_policy'),
  bio_policy: () => invalid('This content was flagged for possible biological risk.', null, 'bio_policy'),
  invalid_prompt: () =>
    invalid('Invalid prompt: your prompt was flagged as potentially violating our usage policy.', null, 'invalid_prompt'),
  invalid_image: () =>
    invalid(
      'The image data you provided does not represent a valid image. Please check your input and try again.',
      'input',
      'invalid_value',
    ),
  quota: (context) => ({ ...usageLimit(context), status: 400 }),
};

const AUTH: Record<string, string> = {
  token_expired: 'Provided authentication token is expired. Please try signing in again.',
  token_invalidated: 'Your authentication token has been invalidated. Please try signing in again.',
  token_revoked: 'Encountered invalidated oauth token for user, failing request',
  account_deactivated: 'Your OpenAI account has been deactivated, please check your email for more information.',
};

/** The 401 of a credential, by its code; `unauthorized` is the one without a code. */
export function unauthorized(code: string): Refusal {
  if (code === 'unauthorized') return detail(401, 'Unauthorized');
  if (code === 'empty') return { status: 401, body: '' };
  const error = {
    message: AUTH[code] ?? code,
    type: code === 'token_revoked' ? 'authentication_error' : 'invalid_request_error',
    param: null,
    code,
  };
  const body = code === 'token_revoked' ? { error, status: 401 } : { error };
  const errorJson = Buffer.from(JSON.stringify({ error: { code } })).toString('base64');
  return { status: 401, headers: { 'x-error-json': errorJson, 'x-openai-authorization-error': code }, body };
}

export const wrongWorkspace = (): Refusal => detail(403, { code: 'invalid_workspace_selected' });

export function cloudflarePage(status: number): Refusal {
  const page =
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body>' +
    '<script>(function(){window._cf_chl_opt={cvId:"3",cType:"managed"};})();</script><noscript>Enable JavaScript and cookies to continue</noscript>' +
    '<div>Performance &amp; security by Cloudflare</div></body></html>';
  return html(status, page, { 'cf-mitigated': 'challenge', 'cf-ray': '8f0c2f2e6c4d4c93-AMS' });
}

/** 429 of a used-up plan window. `resets`: seconds; `show`: which of the two times it names; `family`: whose window. */
export function usageLimit({ params, account, nowMs }: ScenarioContext): Refusal {
  const seconds = params.number('resets', 3_600);
  const family = params.text('family', 'codex');
  const show = params.text('show', 'both');
  const resetAtSec = Math.floor(nowMs / 1000) + seconds;
  const window = { usedPercent: 100, windowMinutes: params.number('window', 300), resetAtSec };
  const times = {
    ...(show === 'both' || show === 'at' ? { resets_at: resetAtSec } : {}),
    ...(show === 'both' || show === 'in' ? { resets_in_seconds: seconds } : {}),
  };
  const error = { type: 'usage_limit_reached', message: 'The usage limit has been reached', plan_type: account.plan, ...times };
  const headers = {
    ...rateLimitHeaders(account.quota, account.plan, nowMs, family),
    ...(show === 'none' ? {} : windowHeaders(family, 'primary', window, nowMs)),
    'x-codex-rate-limit-reached-type': params.text('reached', 'rate_limit_reached'),
  };
  return { status: 429, headers, body: { error } };
}

const TOO_MANY: Table = {
  usage_limit_reached: usageLimit,
  usage_not_included: () => apiError(429, 'To use Codex with your ChatGPT plan, upgrade to Plus.', { type: 'usage_not_included' }),
  rate_limit_exceeded: ({ params }) => ({
    ...apiError(429, 'Rate limit reached. Please slow down.', { type: 'requests', code: 'rate_limit_exceeded' }),
    headers: { 'retry-after': params.text('after', '2') },
  }),
  try_again: ({ params }) => {
    const message = `Rate limit reached for gpt-5.5 on tokens per min (TPM). Please try again in ${params.text('after', '1.5')}s.`;
    return apiError(429, message, { type: 'tokens', code: 'rate_limit_exceeded' });
  },
  capacity: () => apiError(429, 'Selected model is at capacity. Please try a different model.', { type: 'server_error' }),
};

const SERVER_WORDS: Record<number, { code: string; message: string }> = {
  500: { code: 'server_error', message: 'The server had an error while processing your request. Sorry about that!' },
  503: { code: 'server_is_overloaded', message: 'Our servers are currently overloaded. Please try again later.' },
};

/** `body`: `json`, `plain` (the words of the proxy in front), `html` (the edge's page) or `empty`. */
function serverError(status: number, defaultBody: string): Scenario {
  return answer(({ params }) => {
    const words = SERVER_WORDS[status] ?? { code: 'server_error', message: `Error ${status}` };
    switch (params.text('body', defaultBody)) {
      case 'plain':
        return {
          status,
          headers: { 'content-type': 'text/plain' },
          body: 'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
        };
      case 'html':
        return html(
          status,
          `<html>\r\n<head><title>${status}</title></head>\r\n<body><center><h1>${status}</h1></center><hr><center>cloudflare</center></body>\r\n</html>\r\n`,
        );
      case 'empty':
        return { status, body: '' };
      default:
        return apiError(status, words.message, { type: 'server_error', code: params.text('code', words.code) });
    }
  });
}

export const ERROR_SCENARIOS: Record<string, Scenario> = {
  '400': byCode(BAD_REQUESTS),
  '401': answer(({ params }) => unauthorized(params.text('code', 'unauthorized'))),
  '402': byCode({
    deactivated_workspace: () => detail(402, { code: 'deactivated_workspace' }),
    payment_required: () => apiError(402, 'Payment required.', { type: 'billing_error', code: 'payment_required' }),
  }),
  '403': byCode({
    forbidden: () => detail(403, 'Forbidden'),
    invalid_workspace_selected: wrongWorkspace,
    quota: (context) => ({ ...usageLimit(context), status: 403 }),
  }),
  '403-html': answer(() => cloudflarePage(403)),
  '404-empty': answer(() => ({ status: 404, body: '' })),
  '404-model': answer((context) => modelNotFound(modelOf(context))),
  '408': answer(() => ({ status: 408, headers: { 'content-type': 'text/plain' }, body: 'Request Timeout' })),
  '413': answer(() => detail(413, 'Request entity too large')),
  '422': answer(() => detail(422, 'Unprocessable entity')),
  '429': byCode(TOO_MANY),
  '500': serverError(500, 'json'),
  '502': serverError(502, 'html'),
  '503': serverError(503, 'json'),
  '503-html': answer(() => cloudflarePage(503)),
  '504': serverError(504, 'html'),
  '520': serverError(520, 'html'),
};
