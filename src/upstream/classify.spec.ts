import { describe, expect, it, test } from '@jest/globals';
import { classifyAnswer, classifyFailure, classifyStreamError } from './classify.js';
import { redactUpstreamText, retryAfterAt, retryHintMs } from './error-body.js';
import { UpstreamFailure } from './upstream-failure.js';

const NOW = 1_787_000_000_000;
const html = { 'content-type': 'text/html; charset=UTF-8' };
const page = '<!DOCTYPE html><title>Just a moment...</title>';
const usageLimit = { error: { type: 'usage_limit_reached', message: 'The usage limit has been reached', plan_type: 'plus' } };

describe('classifyAnswer', () => {
  test.each<[string, number, Record<string, string>, unknown, object]>([
    [
      'a refused member of a parameter, in a sentence',
      400,
      {},
      { error: { message: "Unsupported parameter: 'reasoning.summary' is not supported with this model." } },
      { kind: 'unsupported_parameter', parameter: 'reasoning.summary' },
    ],
    [
      'a refused parameter before a full stop',
      400,
      {},
      { detail: 'Unsupported parameter: text.' },
      { kind: 'unsupported_parameter', parameter: 'text' },
    ],
    ['a refused parameter', 400, {}, { detail: 'Unsupported parameter: user' }, { kind: 'unsupported_parameter', parameter: 'user' }],
    [
      'a refused value of include',
      400,
      {},
      {
        error: {
          message: "Invalid value: 'web_search_call.action.sources'. Supported values are: 'reasoning.encrypted_content'.",
          type: 'invalid_request_error',
          param: 'include[1]',
          code: 'invalid_value',
        },
      },
      { kind: 'unsupported_parameter', parameter: 'include[web_search_call.action.sources]' },
    ],
    [
      'a refused value of include in a list of details',
      422,
      {},
      { detail: [{ loc: ['body', 'include', 1], msg: "Input should be 'reasoning.encrypted_content'" }] },
      { kind: 'unsupported_parameter', parameter: 'include[1]' },
    ],
    [
      'a refused value of another member',
      400,
      {},
      { error: { message: "Invalid value: 'a.b'.", param: 'tools[0].type', code: 'invalid_value' } },
      { kind: 'rejected', status: 400, param: 'tools[0].type' },
    ],
    ['empty instructions', 400, {}, { detail: 'Instructions are required' }, { kind: 'unsupported_parameter', parameter: 'instructions' }],
    ['instructions of which it does not approve', 400, {}, { detail: 'Instructions are not valid' }, { kind: 'rejected', status: 400 }],
    [
      'a missing field',
      400,
      {},
      { detail: 'Store must be set to false' },
      { kind: 'rejected', status: 400, message: 'Store must be set to false' },
    ],
    [
      'a validation list',
      400,
      {},
      { detail: [{ msg: 'field required', loc: ['body', 'input'] }] },
      { kind: 'rejected', param: 'input', message: 'field required' },
    ],
    [
      'a validation list with a path',
      400,
      {},
      { detail: [{ msg: 'field required', loc: ['body', 'input', 0, 'content'] }] },
      { kind: 'rejected', param: 'input[0].content' },
    ],
    [
      'an unentitled model',
      400,
      {},
      { detail: "The 'gpt-9' model is not supported when using Codex with a ChatGPT account." },
      { kind: 'model_unsupported' },
    ],
    [
      'an unknown model',
      404,
      {},
      { error: { message: 'Model not found gpt-9', type: 'invalid_request_error', param: 'model', code: null } },
      { kind: 'model_unsupported' },
    ],
    [
      'a version gate',
      400,
      {},
      { detail: "The 'gpt-9' model requires a newer version of Codex. Please upgrade" },
      { kind: 'rejected', status: 400 },
    ],
    [
      'a prompt that is too long',
      400,
      {},
      { error: { message: 'too long', code: 'context_length_exceeded' } },
      { kind: 'rejected', code: 'context_length_exceeded' },
    ],
    [
      'a prompt that is too long, in words',
      400,
      {},
      { error: { message: 'Your input exceeds the context window' } },
      { kind: 'rejected', code: 'context_length_exceeded', param: 'input' },
    ],
    ['foreign ciphertext', 400, {}, { error: { message: 'x', code: 'invalid_encrypted_content' } }, { kind: 'foreign_ciphertext' }],
    [
      'foreign ciphertext without a code',
      400,
      {},
      { error: { message: 'The encrypted content gAAA could not be verified.' } },
      { kind: 'foreign_ciphertext' },
    ],
    [
      'a policy refusal',
      400,
      {},
      { error: { message: 'no', code: 'cyber_policy' } },
      { kind: 'rejected', status: 400, code: 'cyber_policy' },
    ],
    ['quota words behind a 400', 400, {}, usageLimit, { kind: 'quota' }],
    ['quota words behind a 403', 403, {}, usageLimit, { kind: 'quota' }],
    [
      'an expired token',
      401,
      {},
      { error: { message: 'expired', code: 'token_expired' } },
      { kind: 'unauthorized', code: 'token_expired', dead: false },
    ],
    ['a plain 401', 401, {}, { detail: 'Unauthorized' }, { kind: 'unauthorized', dead: false }],
    ['an empty 401', 401, {}, '', { kind: 'unauthorized', dead: false }],
    ['a 401 page', 401, html, page, { kind: 'unauthorized', dead: false }],
    [
      'a deactivated account',
      401,
      {},
      { error: { message: 'Your OpenAI account has been deactivated, …', code: 'account_deactivated' } },
      { kind: 'unauthorized', dead: true },
    ],
    [
      'a deactivated workspace',
      402,
      {},
      { detail: { code: 'deactivated_workspace' } },
      { kind: 'payment_required', code: 'deactivated_workspace' },
    ],
    ['a 402', 402, {}, { error: { message: 'pay' } }, { kind: 'payment_required' }],
    [
      'a wrong workspace',
      403,
      {},
      { detail: { code: 'invalid_workspace_selected' } },
      { kind: 'forbidden', code: 'invalid_workspace_selected' },
    ],
    ['an edge page', 403, html, page, { kind: 'edge_blocked', status: 403 }],
    ['an edge page with 503', 503, html, page, { kind: 'edge_blocked', status: 503 }],
    ['an empty 404', 404, {}, '', { kind: 'edge_not_found' }],
    [
      'a missing item',
      404,
      {},
      { error: { message: "Item with id 'rs_1' not found." } },
      { kind: 'rejected', status: 400, param: 'input' },
    ],
    ['a 413', 413, {}, { detail: 'too large' }, { kind: 'rejected', status: 413 }],
    ['a 422', 422, {}, { detail: 'unprocessable' }, { kind: 'rejected', status: 400 }],
    ['a status that means nothing here', 418, {}, { detail: 'teapot' }, { kind: 'rejected', status: 400 }],
    [
      'a policy told as a 403',
      403,
      {},
      { error: { code: 'cyber_policy', message: 'no' } },
      { kind: 'rejected', status: 400, code: 'cyber_policy' },
    ],
    [
      'a quota with its reset',
      429,
      {},
      { error: { ...usageLimit.error, resets_at: NOW / 1000 + 60 } },
      { kind: 'quota', resetsAt: NOW + 60_000, family: null },
    ],
    [
      'a quota with a fractional reset',
      429,
      {},
      { error: { ...usageLimit.error, resets_at: NOW / 1000 + 1.5 } },
      { kind: 'quota', resetsAt: NOW + 1500 },
    ],
    ['a quota with seconds', 429, {}, { error: { ...usageLimit.error, resets_in_seconds: 30 } }, { kind: 'quota', resetsAt: NOW + 30_000 }],
    [
      'a quota of one model',
      429,
      { 'x-codex-active-limit': 'codex_bengalfox' },
      usageLimit,
      { kind: 'quota', resetsAt: null, family: 'codex_bengalfox' },
    ],
    [
      'an implausible reset',
      429,
      {},
      { error: { ...usageLimit.error, resets_in_seconds: 1e12 } },
      { kind: 'quota', resetsAt: NOW + 366 * 86_400_000 },
    ],
    ['a plan without Codex', 429, {}, { error: { type: 'usage_not_included', message: 'no' } }, { kind: 'not_included' }],
    [
      'a short limit with a header',
      429,
      { 'retry-after': '7' },
      { error: { message: 'slow', code: 'rate_limit_exceeded' } },
      { kind: 'rate_limited', retryAt: NOW + 7000 },
    ],
    [
      'a short limit in words',
      429,
      {},
      { error: { message: 'Please try again in 1.5s.', code: 'rate_limit_exceeded' } },
      { kind: 'rate_limited', retryAt: NOW + 1500 },
    ],
    [
      'a short limit in milliseconds',
      429,
      { 'retry-after-ms': '1500', 'retry-after': '2' },
      '',
      { kind: 'rate_limited', retryAt: NOW + 1500 },
    ],
    [
      'a wait in milliseconds that is none',
      429,
      { 'retry-after-ms': 'soon', 'retry-after': '2' },
      '',
      { kind: 'rate_limited', retryAt: NOW + 2000 },
    ],
    ['a short limit of six days', 429, { 'retry-after': '518400' }, '', { kind: 'rate_limited', retryAt: NOW + 518_400_000 }],
    ...['99999999999999999999', '-5', 'soon', '1e400', new Date(NOW - 30_000).toUTCString()].map(
      (value): [string, number, Record<string, string>, unknown, object] => [
        `a short limit that says nothing of use: ${value}`,
        429,
        { 'retry-after': value },
        '',
        { kind: 'rate_limited', retryAt: null },
      ],
    ),
    ['a bare 429', 429, {}, '', { kind: 'rate_limited', retryAt: null }],
    [
      'capacity behind a 429',
      429,
      {},
      { error: { message: 'Selected model is at capacity. Please try a different model.' } },
      { kind: 'overloaded' },
    ],
    ['a 500', 500, {}, { error: { message: 'x', code: 'server_error' } }, { kind: 'server_error', status: 500, code: 'server_error' }],
    ['a 502 in plain text', 502, {}, 'upstream connect error or disconnect/reset before headers', { kind: 'server_error', status: 502 }],
    ['a 503', 503, {}, { error: { message: 'x', code: 'slow_down' } }, { kind: 'overloaded', code: 'slow_down' }],
    ['a 503 with a wait', 503, { 'retry-after': '30' }, '', { kind: 'overloaded', retryAt: NOW + 30_000 }],
    [
      'capacity with a wait',
      429,
      { 'retry-after': '5' },
      { error: { message: 'Selected model is at capacity.' } },
      { kind: 'overloaded', retryAt: NOW + 5_000 },
    ],
    ['a 503 that asks for a year', 503, { 'retry-after': '31536000' }, '', { kind: 'overloaded', retryAt: null }],
    ['a 500 in words', 500, {}, { error: 'Internal Server Error' }, { kind: 'server_error', code: null, message: 'Internal Server Error' }],
    ['an error that is a code', 500, {}, { error: 'server_error' }, { kind: 'server_error', code: 'server_error' }],
    ['a bare 503', 503, {}, '', { kind: 'overloaded', code: 'server_is_overloaded' }],
    ['an edge origin error', 522, html, '<html>', { kind: 'server_error', status: 522 }],
    ['a request timeout', 408, {}, '', { kind: 'server_error', status: 408 }],
    ['a redirect', 302, {}, '', { kind: 'server_error', status: 302 }],
  ])('reads %s', (_, status, headers, body, expected) => {
    expect(classifyAnswer(status, headers, typeof body === 'string' ? body : JSON.stringify(body), NOW)).toMatchObject(expected);
  });

  it('explains an empty 401 from its x-error-json header', () => {
    const header = Buffer.from(JSON.stringify({ error: { code: 'account_deactivated', message: 'gone' } })).toString('base64');
    expect(classifyAnswer(401, { 'x-error-json': header }, '', NOW)).toMatchObject({ kind: 'unauthorized', dead: true });
  });
});

describe('classifyStreamError', () => {
  const failed = (error: object): object => ({ type: 'response.failed', response: { id: 'resp_1', status: 'failed', error } });
  test.each<[string, object, object]>([
    [
      'overload, nested',
      { type: 'error', error: { type: 'service_unavailable_error', code: 'server_is_overloaded', message: 'x' } },
      { kind: 'overloaded' },
    ],
    [
      'overload in response.failed',
      failed({ code: 'server_is_overloaded', message: 'Our servers are currently overloaded.' }),
      { kind: 'overloaded' },
    ],
    ['slow_down, flat', { type: 'error', code: 'slow_down', message: 'x', param: null }, { kind: 'overloaded', code: 'slow_down' }],
    ['quota', failed({ code: 'usage_limit_reached', message: 'x', resets_at: NOW / 1000 + 5 }), { kind: 'quota', resetsAt: NOW + 5000 }],
    ['insufficient quota', failed({ code: 'insufficient_quota', message: 'x' }), { kind: 'quota' }],
    [
      'rate limit with a hint',
      failed({ code: 'rate_limit_exceeded', message: 'Please try again in 11.05s.' }),
      { kind: 'rate_limited', retryAt: NOW + 11_050 },
    ],
    [
      'context',
      failed({ code: 'context_length_exceeded', message: 'x' }),
      { kind: 'rejected', status: 400, code: 'context_length_exceeded' },
    ],
    ['policy', failed({ code: 'invalid_prompt', message: 'x' }), { kind: 'rejected', status: 400 }],
    ['a dead account', failed({ code: 'account_deactivated', message: 'x' }), { kind: 'unauthorized', dead: true }],
    ...[
      'invalid_image',
      'invalid_image_url',
      'invalid_base64_image',
      'image_too_large',
      'image_too_small',
      'image_parse_error',
      'image_content_policy_violation',
      'image_file_too_large',
      'image_file_not_found',
      'unsupported_image_media_type',
      'empty_image_file',
      'failed_to_download_image',
      'content_policy_violation',
      'string_above_max_length',
      'missing_required_parameter',
      'unsupported_value',
    ].map((code): [string, object, object] => [
      `what is wrong with the request: ${code}`,
      failed({ code, message: 'x' }),
      { kind: 'rejected', status: 400, code },
    ]),
    ['an expired token', failed({ code: 'token_expired', message: 'x' }), { kind: 'unauthorized', dead: false }],
    ['a forbidden account', failed({ code: 'permission_error', message: 'x' }), { kind: 'forbidden' }],
    ['a server error', failed({ code: 'server_error', message: 'x' }), { kind: 'server_error', status: 500 }],
    ['an image that was not made', failed({ code: 'image_generation_failed', message: 'x' }), { kind: 'server_error', status: 502 }],
    ['an unknown code', failed({ code: 'web_search_unavailable', message: 'x' }), { kind: 'server_error', status: 502 }],
    [
      'an invalid request',
      { error: { type: 'invalid_request_error', message: 'x', param: 'tools' } },
      { kind: 'rejected', status: 400, param: 'tools' },
    ],
    ['a refused login with 200', { detail: 'Unauthorized' }, { kind: 'unauthorized', dead: false }],
    ['a refused login with 200, in other words', { error: 'Could not validate credentials' }, { kind: 'unauthorized', dead: false }],
    ['a word about authorization with 200', { detail: 'Unauthorized tool in tools[0]' }, { kind: 'rejected', status: 400 }],
    ['a JSON body with 200', { detail: 'Input must be a list' }, { kind: 'rejected', status: 400 }],
    ['a wrapped status', { type: 'error', status: 429, error: { type: 'usage_limit_reached', message: 'x' } }, { kind: 'quota' }],
    ['nothing at all', { type: 'response.failed', response: {} }, { kind: 'server_error', status: 502 }],
  ])('reads %s', (_, event, expected) => {
    expect(classifyStreamError(event as Record<string, unknown>, {}, NOW)).toMatchObject(expected);
  });
});

describe('classifyFailure', () => {
  test.each([
    ['connect', { kind: 'network', failure: 'connect' }],
    ['reset', { kind: 'network', failure: 'reset' }],
    ['truncated', { kind: 'network', failure: 'truncated' }],
    ['protocol', { kind: 'network', failure: 'protocol' }],
    ['timeout', { kind: 'timeout' }],
    ['queue', { kind: 'queue_full' }],
    ['aborted', { kind: 'aborted' }],
  ] as const)('reads %s', (kind, expected) => expect(classifyFailure(new UpstreamFailure(kind, 'x'))).toMatchObject(expected));
});

test.each([
  ['try again in 1m30s', 90_000],
  ['Please try again in 350ms.', 350],
  ['try again in 2 minutes', 120_000],
  ['Try again in 6m0s.', 360_000],
  ['try again in 2 days 3 hours', 183_600_000],
  ['try again in 1d2h', 93_600_000],
  ['try again later', null],
])('reads the hint %j', (text, ms) => expect(retryHintMs(text)).toBe(ms));

test.each([
  ['3', NOW + 3000],
  [new Date(NOW + 5000).toUTCString(), NOW + 5000],
  ['soon', null],
  [undefined, null],
])('reads Retry-After %j', (value, at) => expect(retryAfterAt(value, NOW)).toBe(at));

it('removes e-mail addresses, tokens, ids and URLs with queries from upstream text', () => {
  const text = redactUpstreamText(
    'a@b.example eyJhbGc.eyJzdWI.sig https://x.example/a?token=1 user-AbCdEfGh12 0199c0de-0000-7000-8000-000000000001',
  );
  expect(text).toBe('[email] [token] [url] [id] [id]');
});
