import { describe, expect, it } from '@jest/globals';
import { ErrorDetail, ErrorKind, GatewayError } from '../../common/gateway-error.js';
import { anthropicAnswer, anthropicError, anthropicErrorFrame } from './anthropic-error.js';
import { openAiAnswer, openAiError, openAiErrorFrame } from './openai-error.js';

/** Cause → [status, type, code] for OpenAI, [status, type] for Anthropic. */
const ROWS: [ErrorKind, number, string, string | null, number, string][] = [
  ['invalid_request', 400, 'invalid_request_error', null, 400, 'invalid_request_error'],
  ['invalid_api_key', 401, 'invalid_request_error', 'invalid_api_key', 401, 'authentication_error'],
  ['permission', 403, 'permission_error', null, 403, 'permission_error'],
  ['not_found', 404, 'invalid_request_error', 'not_found', 404, 'not_found_error'],
  ['method_not_allowed', 405, 'invalid_request_error', 'method_not_allowed', 405, 'invalid_request_error'],
  ['model_not_found', 404, 'invalid_request_error', 'model_not_found', 404, 'not_found_error'],
  ['too_large', 413, 'invalid_request_error', 'request_too_large', 413, 'request_too_large'],
  ['upgrade_required', 426, 'invalid_request_error', 'upgrade_required', 426, 'invalid_request_error'],
  ['rejected', 400, 'invalid_request_error', null, 400, 'invalid_request_error'],
  ['upstream_auth', 503, 'server_error', 'upstream_auth', 503, 'api_error'],
  ['billing', 402, 'billing_not_active', 'billing_not_active', 402, 'billing_error'],
  ['upstream_forbidden', 403, 'permission_error', 'upstream_forbidden', 403, 'permission_error'],
  ['rate_limited', 429, 'rate_limit_error', 'rate_limit_exceeded', 429, 'rate_limit_error'],
  ['insufficient_quota', 429, 'rate_limit_error', 'insufficient_quota', 429, 'rate_limit_error'],
  ['overloaded', 503, 'server_error', 'server_is_overloaded', 529, 'overloaded_error'],
  ['no_account', 503, 'server_error', 'no_account_available', 529, 'overloaded_error'],
  ['upstream_error', 502, 'server_error', 'upstream_error', 500, 'api_error'],
  ['unreachable', 502, 'server_error', 'upstream_unreachable', 502, 'api_error'],
  ['timeout', 504, 'server_error', 'upstream_timeout', 504, 'timeout_error'],
  ['truncated', 502, 'server_error', 'upstream_stream_truncated', 502, 'api_error'],
  ['client_closed', 499, 'invalid_request_error', 'client_closed_request', 499, 'api_error'],
  ['internal', 500, 'server_error', 'internal_error', 500, 'api_error'],
];

describe('errors in the dialects', () => {
  it.each(ROWS)('%s', (kind, status, type, code, aStatus, aType) => {
    const error = new GatewayError(kind, 'm');
    const param = kind === 'model_not_found' ? 'model' : null;
    expect(openAiError(error)).toMatchObject({ status, body: { error: { message: 'm', type, param, code } } });
    expect(anthropicError(error, 'req_1')).toMatchObject({
      status: aStatus,
      body: { type: 'error', error: { type: aType, message: 'm' }, request_id: 'req_1' },
    });
  });

  it('keeps upstream’s own status, code and param', () => {
    const error = new GatewayError('rejected', 'm', { status: 413, code: 'invalid_json_schema', param: 'text.format' });
    expect(openAiError(error)).toMatchObject({ status: 413, body: { error: { code: 'invalid_json_schema', param: 'text.format' } } });
  });

  it.each([
    [413, 'request_too_large'],
    [404, 'not_found_error'],
  ])('has the Anthropic type of upstream’s own status %i', (status, type) => {
    expect(anthropicError(new GatewayError('rejected', 'm', { status }), 'r')).toMatchObject({ status, body: { error: { type } } });
  });

  it.each(['server_is_overloaded', 'slow_down'])('tells official Codex clients server_error instead of %s', (code) => {
    const error = new GatewayError('overloaded', 'm', { code });
    const codeFor = (codexClient: boolean): unknown => (openAiError(error, codexClient).body.error as { code: string }).code;
    expect([codeFor(true), codeFor(false)]).toEqual(['server_error', code]);
  });

  describe('a limit that no retry outlasts', () => {
    const limit = new GatewayError('rate_limited', 'm', { retryAfterSeconds: 3600, resetsAt: 1_787_000_000_500 });

    it('is what official Codex clients know as a usage limit: they wait for retry-after in silence otherwise', () => {
      const error = { message: 'm', type: 'usage_limit_reached', param: null, code: 'usage_limit_reached' };
      expect(openAiError(limit, true)).toMatchObject({
        status: 429,
        headers: { 'retry-after': '3600' },
        body: { error: { ...error, resets_at: 1_787_000_001, resets_in_seconds: 3600 } },
      });
    });

    it('stays a rate limit for all others, and where a retry is worth while', () => {
      const type = { body: { error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' } } };
      expect(openAiError(limit)).toMatchObject(type);
      expect(openAiError(new GatewayError('rate_limited', 'm', { retryAfterSeconds: 5 }), true)).toMatchObject(type);
    });

    it('names a plan without the service as official Codex clients know it', () => {
      const error = new GatewayError('insufficient_quota', 'm', { code: 'insufficient_quota', shouldRetry: false });
      expect(openAiError(error, true)).toMatchObject({
        status: 429,
        body: { error: { type: 'usage_not_included', code: 'usage_not_included' } },
      });
    });
  });

  it.each<[ErrorKind, ErrorDetail, object]>([
    ['rate_limited', { retryAfterSeconds: 12.2 }, { 'retry-after': '13' }],
    ['rate_limited', { retryAfterSeconds: 3600 }, { 'retry-after': '3600', 'x-should-retry': 'false' }],
    ['overloaded', { retryAfterSeconds: 0 }, { 'retry-after': '1' }],
    ['upstream_auth', {}, { 'retry-after': '1' }],
    ['no_account', {}, { 'retry-after': '1' }],
    ['unreachable', { shouldRetry: true }, { 'x-should-retry': 'true' }],
    ['invalid_request', {}, { 'x-should-retry': 'false' }],
    ['billing', { retryAfterSeconds: 5 }, { 'x-should-retry': 'false' }],
    ['invalid_request', { status: 408 }, {}],
    ['upstream_error', {}, {}],
  ])('%s with %j sends %j', (kind, detail, headers) => {
    expect(openAiError(new GatewayError(kind, 'm', detail)).headers).toEqual(headers);
  });

  it.each([
    ['too many tokens', 'prompt is too long: too many tokens'],
    ['prompt is too long: 3 tokens > 2 maximum', 'prompt is too long: 3 tokens > 2 maximum'],
    [
      "This model's maximum context length is 272,000 tokens. However, your messages resulted in 300001 tokens.",
      'prompt is too long: 300001 tokens > 272000 maximum',
    ],
    [
      'Your input has 300001 tokens, which exceeds the context window of 272000 tokens.',
      'prompt is too long: 300001 tokens > 272000 maximum',
    ],
    [
      'Your input exceeds the context window of this model. Please adjust your input and try again.',
      'prompt is too long: Your input exceeds the context window of this model. Please adjust your input and try again.',
    ],
  ])('tells of a long prompt as Anthropic clients know it: %s', (message, shown) => {
    const error = new GatewayError('rejected', message, { code: 'context_length_exceeded' });
    expect(anthropicError(error, 'r').body.error).toEqual({ type: 'invalid_request_error', message: shown });
  });

  it('names what Anthropic SDKs can fall back from in the details', () => {
    const error = new GatewayError('invalid_request', 'm', { param: 'thread', code: 'thread_unsupported_request' });
    expect(anthropicError(error, 'r')).toMatchObject({
      status: 400,
      body: { error: { type: 'invalid_request_error', message: 'm', details: { error_code: 'thread_unsupported_request' } } },
    });
  });

  it.each([
    [{ code: 'upstream_blocked' }, 502],
    [{ code: 'upstream_not_found' }, 502],
    [{ code: 'server_error', status: 502 }, 500],
    [{ status: 500 }, 500],
  ])('tells Anthropic clients of a failing model with 500, of what stands in front of it with 502: %j', (detail, status) => {
    expect(anthropicError(new GatewayError('upstream_error', 'm', detail), 'r')).toMatchObject({
      status,
      body: { error: { type: 'api_error' } },
    });
  });

  it('has the request id of Anthropic’s SDKs and the time of OpenAI’s in the headers', () => {
    const request = { id: 'req_1', path: '/', headers: {}, elapsedMs: 1.4 };
    const error = new GatewayError('no_account', 'm', { retryAfterSeconds: 2 });
    expect(anthropicAnswer(error, request)).toMatchObject({ status: 529, headers: { 'request-id': 'req_1', 'retry-after': '2' } });
    expect(openAiAnswer(error, request)).toMatchObject({ status: 503, headers: { 'openai-processing-ms': '1', 'retry-after': '2' } });
  });

  it('tells Anthropic clients of an overload when to come back, as all others', () => {
    expect(anthropicError(new GatewayError('no_account', 'm'), 'r')).toMatchObject({ status: 529, headers: { 'retry-after': '1' } });
  });

  it('tells failures inside a stream as one frame of bytes', () => {
    const error = new GatewayError('overloaded', 'zu voll: ü');
    expect(Buffer.from(anthropicErrorFrame(error, 'req_1'), 'latin1').toString()).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"zu voll: ü"},"request_id":"req_1"}\n\n',
    );
    expect(Buffer.from(openAiErrorFrame(error), 'latin1').toString()).toBe(
      'data: {"error":{"message":"zu voll: ü","type":"server_error","param":null,"code":"server_is_overloaded"}}\n\n',
    );
  });
});
