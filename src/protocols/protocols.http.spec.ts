import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { APP_FILTER } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { readFixture } from '../../test/support/upstream-fixtures.js';
import { testConfig } from '../../test/support/test-config.js';
import { ApiKeys } from '../access/api-keys.service.js';
import { configureApp, createAdapter } from '../app.setup.js';
import { Clock } from '../common/clock.js';
import { GatewayError } from '../common/gateway-error.js';
import { createLogger } from '../common/pino-logger.js';
import { Config } from '../config/config.js';
import type { CodexRequest } from '../executor/codex-request.js';
import { Executor } from '../executor/executor.service.js';
import type { TurnSink } from '../executor/turn-sink.js';
import { DrainService } from '../inbound/drain.service.js';
import { SseWriters } from '../inbound/sse-writers.service.js';
import { readCatalogue } from '../models/catalogue-entry.js';
import { ModelCatalogue } from '../models/model-catalogue.service.js';
import { ModelDirectory } from '../models/model-directory.service.js';
import { ModelResolver } from '../models/model-resolver.service.js';
import { FrontPageController } from '../console/front-page.controller.js';
import { HealthController } from '../health/health.controller.js';
import { HealthService } from '../health/health.service.js';
import { ModelsController } from '../models/models.controller.js';
import { UpstreamEvent } from '../upstream/upstream-event.js';
import { chatCompletionsDialect } from './chat-completions/dialect.js';
import { messagesDialect } from './messages/dialect.js';
import { responsesDialect } from './responses/dialect.js';
import { DIALECTS } from './shared/dialect.js';
import { DialectErrorsFilter } from './dialect-errors.filter.js';
import { CompactController } from './responses/compact.controller.js';
import { ResponsesController } from './responses/responses.controller.js';

const KEY = { authorization: 'Bearer sk-test' };
const entries = readCatalogue('{"models":[{"slug":"gpt-5.4"},{"slug":"org/gpt-x"}]}')!;

/** Stands for the accounts: plays a fixture, or fails when the model is named so. */
class FakeExecutor {
  readonly requests: CodexRequest[] = [];

  async run(request: CodexRequest, sink: TurnSink): Promise<void> {
    this.requests.push(request);
    if (request.body.model === 'gpt-crash') throw new TypeError('secret detail');
    if (request.body.model === 'gpt-busy') throw new GatewayError('rate_limited', 'all out', { retryAfterSeconds: 7 });
    sink.begin({ upstreamHeaders: { 'x-codex-turn-state': 'ts', 'x-request-id': 'upstream' }, ignored: request.ignored, scope: '' });
    sink.accept(readFixture('text').map((json) => UpstreamEvent.of(json as { type: string })));
    sink.end();
  }

  async compact(request: CodexRequest): Promise<{ headers: Record<string, string>; body: string; ignored: string[] }> {
    this.requests.push(request);
    return { headers: {}, ignored: [], body: '{"object":"response.compaction"}' };
  }
}

describe('the routes of the dialects', () => {
  let app: NestFastifyApplication;
  let base = '';
  const executor = new FakeExecutor();

  beforeAll(async () => {
    const config = testConfig({ apiKeys: ['sk-test'] });
    const catalogue = {
      entries,
      etag: '"e1"',
      known: true,
      touch: () => undefined,
      settle: async () => undefined,
      find: (slug: string) => entries.find((entry) => entry.slug === slug),
      available: (slug: string) => entries.some((entry) => entry.slug === slug),
    };
    const module = await Test.createTestingModule({
      controllers: [ModelsController, ResponsesController, CompactController, FrontPageController, HealthController],
      providers: [
        { provide: Config, useValue: config },
        { provide: Executor, useValue: executor },
        { provide: ModelCatalogue, useValue: catalogue },
        { provide: HealthService, useValue: {} },
        { provide: DIALECTS, useValue: [responsesDialect, chatCompletionsDialect, messagesDialect] },
        { provide: APP_FILTER, useClass: DialectErrorsFilter },
        ...[ApiKeys, Clock, DrainService, SseWriters, ModelResolver, ModelDirectory],
      ],
    }).compile();
    app = module.createNestApplication<NestFastifyApplication>(createAdapter(config), { bodyParser: false, logger: false });
    configureApp(app, config, createLogger({ level: 'error', format: 'json' }, { write: () => undefined }));
    await app.listen(0, '127.0.0.1');
    base = await app.getUrl();
  });

  afterAll(() => app.close());

  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${base}${path}`, { ...init, headers: { ...KEY, ...(init.headers as Record<string, string> | undefined) } });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    call(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const turn = { model: 'gpt-5.4-low', input: 'hi', temperature: 1 };

  it.each(['/v1/responses', '/responses', '/backend-api/codex/responses', '/v1/v1/responses'])('answers JSON on %s', async (path) => {
    const answer = await post(path, turn);
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-gateway-ignored')]).toEqual([
      200,
      'application/json; charset=utf-8',
      'temperature',
    ]);
    expect(answer.headers.get('openai-processing-ms')).toMatch(/^\d+$/);
    expect(answer.headers.get('x-codex-turn-state')).toBeNull();
    expect(await answer.json()).toMatchObject({ object: 'response', model: 'gpt-5.4-low', status: 'completed', temperature: 1 });
  });

  it('streams where a stream is asked for, with quota headers for official Codex clients', async () => {
    const answer = await post('/v1/responses', { ...turn, stream: true }, { originator: 'codex_exec' });
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-codex-turn-state')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'ts',
    ]);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    const text = await answer.text();
    expect(text).toMatch(/^event: response\.created\n/);
    expect(text).toMatch(/event: response\.completed\ndata: .*\n\n$/);
  });

  it.each(['/v1/responses/compact', '/responses/compact', '/backend-api/codex/responses/compact'])('compacts on %s', async (path) => {
    const answer = await post(path, { model: 'gpt-5.4', input: [{ role: 'user', content: 'a' }] });
    expect([answer.status, await answer.text()]).toEqual([200, '{"object":"response.compaction"}']);
    expect(executor.requests.at(-1)!.operation).toBe('compact');
  });

  it.each<[string, string, RequestInit, number, string | null]>([
    ['invalid JSON', '/v1/responses', { method: 'POST', body: '{"a":' }, 400, 'invalid_json'],
    ['a list as body', '/v1/responses', { method: 'POST', body: '[]' }, 400, null],
    ['no body', '/v1/responses', { method: 'POST' }, 400, null],
    [
      'a nesting bomb',
      '/v1/responses',
      {
        method: 'POST',
        body: `{"model":"gpt-5.4","input":[{"type":"function_call_output","call_id":"a","output":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}]}`,
      },
      400,
      null,
    ],
    ['an unknown model', '/v1/responses', { method: 'POST', body: '{"model":"llama","input":"a"}' }, 404, 'model_not_found'],
    ['no quota', '/v1/responses', { method: 'POST', body: '{"model":"gpt-busy","input":"a"}' }, 429, 'rate_limit_exceeded'],
    ['a bug of ours', '/v1/responses', { method: 'POST', body: '{"model":"gpt-crash","input":"a"}' }, 500, 'internal_error'],
    ['a wrong key', '/v1/responses', { method: 'POST', body: '{}', headers: { authorization: 'Bearer no' } }, 401, 'invalid_api_key'],
    ['GET without upgrade', '/v1/responses', {}, 405, 'method_not_allowed'],
    ['another method', '/v1/responses/compact', { method: 'PUT' }, 405, 'method_not_allowed'],
    ['a stored response', '/v1/responses/resp_1', {}, 404, 'unsupported_endpoint'],
    ['cancelling one', '/v1/responses/resp_1/cancel', { method: 'POST' }, 404, 'unsupported_endpoint'],
    ['deleting one', '/v1/responses/resp_1', { method: 'DELETE' }, 404, 'unsupported_endpoint'],
    ['embeddings', '/v1/embeddings', { method: 'POST', body: '{}' }, 404, 'unsupported_endpoint'],
    ['images', '/v1/images/generations', { method: 'POST', body: '{}' }, 404, 'unsupported_endpoint'],
    ['files without /v1', '/files', {}, 404, 'unsupported_endpoint'],
    ['videos', '/v1/videos', { method: 'POST', body: '{}' }, 404, 'unsupported_endpoint'],
    ['one container', '/v1/containers/c_1', {}, 404, 'unsupported_endpoint'],
    ['the old edits', '/v1/edits', { method: 'POST', body: '{}' }, 404, 'unsupported_endpoint'],
    ['the bill of an organisation', '/v1/organization/costs', {}, 404, 'unsupported_endpoint'],
    ['what nobody knows', '/v1/videosx', {}, 404, 'not_found'],
    ['a stored completion', '/v1/chat/completions/chatcmpl-1', {}, 404, 'unsupported_endpoint'],
    ['stored completions', '/v1/chat/completions', {}, 405, 'method_not_allowed'],
    ['telemetry', '/api/event_logging/batch', { method: 'POST', body: '{"events":[]}' }, 404, 'not_found'],
    [
      'telemetry with a body that nobody reads',
      '/api/event_logging/v2/batch',
      { method: 'POST', body: 'x'.repeat(3_000_000) },
      404,
      'not_found',
    ],
    ['an unknown route', '/v1/nothing', {}, 404, 'not_found'],
    ['an unknown model in the list', '/v1/models/llama', {}, 404, 'model_not_found'],
  ])('refuses %s in the OpenAI shape', async (_name, path, init, status, code) => {
    const answer = await call(path, init);
    const body = (await answer.json()) as { error: Record<string, unknown> };
    expect([answer.status, body.error.code]).toEqual([status, code]);
    expect(Object.keys(body.error)).toEqual(['message', 'type', 'param', 'code']);
    expect(JSON.stringify(body)).not.toContain('secret');
    if (status === 405) expect(answer.headers.get('allow')).toBe('POST');
    if (status === 429) expect(answer.headers.get('retry-after')).toBe('7');
  });

  it.each<[string, string, number, string]>([
    ['GET', '/v1/messages/nothing', 404, 'not_found_error'],
    ['POST', '/v1/messages/batches', 404, 'not_found_error'],
    ['GET', '/v1/v1/messages?beta=true', 405, 'invalid_request_error'],
    ['GET', '/v1/messages/count_tokens', 405, 'invalid_request_error'],
  ])('refuses %s %s in the Anthropic shape', async (method, path, status, type) => {
    const answer = await call(path, { method });
    expect([answer.status, await answer.json()]).toEqual([
      status,
      { type: 'error', error: { type, message: expect.any(String) }, request_id: answer.headers.get('request-id') },
    ]);
    expect([answer.headers.get('x-should-retry'), answer.headers.get('allow')]).toEqual(['false', status === 405 ? 'POST' : null]);
  });

  it.each<[string, string, Record<string, string>, number, string]>([
    ['an unknown model', '/v1/models/llama', { 'anthropic-version': '2023-06-01' }, 404, 'not_found_error'],
    ['a limit out of range', '/v1/models?limit=0', { 'anthropic-version': '2023-06-01' }, 400, 'invalid_request_error'],
    ['a wrong key', '/v1/models', { authorization: '', 'x-api-key': 'no' }, 401, 'authentication_error'],
  ])('refuses %s of the model list in the Anthropic shape to Anthropic clients', async (_name, path, headers, status, type) => {
    const answer = await fetch(`${base}${path}`, { headers: { 'x-api-key': 'sk-test', ...headers } });
    const body = await answer.json();
    expect([answer.status, body]).toEqual([
      status,
      { type: 'error', error: { type, message: expect.any(String) }, request_id: answer.headers.get('request-id') },
    ]);
    expect(answer.headers.get('request-id')).toMatch(/^req_/);
  });

  it.each([
    ['POST', '/v1/models', 'GET, HEAD'],
    ['DELETE', '/backend-api/codex/models/gpt-5.4', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['PUT', '/health/ready', 'GET, HEAD'],
    ['PUT', '/v1/responses', 'POST'],
  ])('says which method %s %s should have had', async (method, path, allow) => {
    const answer = await call(path, { method });
    expect([answer.status, answer.headers.get('allow'), await answer.json()]).toMatchObject([
      405,
      allow,
      { error: { code: 'method_not_allowed' } },
    ]);
  });

  it('tells the time it took on errors too', async () => {
    expect((await call('/v1/nothing')).headers.get('openai-processing-ms')).toMatch(/^\d+$/);
  });

  it.each([
    ['HEAD', '/'],
    ['GET', '/'],
    ['HEAD', '/api/hello'],
    ['GET', '/api/hello'],
    ['HEAD', '/health/live'],
  ])('answers %s %s to clients that look before they speak, without a key', async (method, path) => {
    const answer = await fetch(`${base}${path}`, { method });
    const text = await answer.text();
    expect([answer.status, text === '']).toEqual([200, method === 'HEAD']);
  });

  it('asks WebSocket clients to fall back at once', async () => {
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      const headers = { ...KEY, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'eA==' };
      request(`${base}/v1/responses`, { headers }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(426);
  });

  it.each(['/v1/models', '/models', '/backend-api/codex/models'])('lists models on %s', async (path) => {
    const body = (await (await call(path)).json()) as { object: string; data: { id: string; available?: boolean }[] };
    expect(body.object).toBe('list');
    expect(body.data.length).toBeGreaterThanOrEqual(142);
    expect(body.data.find(({ id }) => id === 'gpt-5.4')).not.toHaveProperty('available');
    expect(body.data.find(({ id }) => id === 'gpt-5.1')).toMatchObject({ available: false });
  });

  it('lists models in the Anthropic shape to its clients, and the catalogue to official Codex clients', async () => {
    const anthropic = (await (await call('/v1/models?limit=2', { headers: { 'anthropic-version': '2023-06-01' } })).json()) as object;
    expect(anthropic).toMatchObject({ has_more: true, data: [{ type: 'model', id: 'gpt-5' }, { type: 'model' }] });
    const paged = await call('/v1/models', { headers: { 'anthropic-version': '2023-06-01' } });
    expect(paged.headers.get('request-id')).toBe(paged.headers.get('x-request-id'));
    const codex = await call('/v1/models?client_version=0.169.0');
    expect([codex.headers.get('etag'), await codex.json()]).toEqual(['"e1"', { models: entries.map(({ raw }) => raw) }]);
  });

  it.each(['/v1/models', '/v1/v1/models', '/models'])('pages %s for Anthropic clients, whatever the version they name', async (path) => {
    type Page = { data: { id: string; type: string }[]; has_more: boolean; first_id: string; last_id: string };
    const page = async (query: string, headers: Record<string, string> = { 'anthropic-version': '2026-10-21' }): Promise<Page> =>
      (await (await fetch(`${base}${path}?${query}`, { headers: { 'x-api-key': 'sk-test', ...headers } })).json()) as Page;
    const all = await page('limit=1000&unknown=1', {});
    const ids = all.data.map(({ id }) => id);
    expect([all.has_more, all.first_id, all.last_id]).toEqual([false, ids[0], ids.at(-1)]);
    expect(ids.filter((id) => id.startsWith('claude-')).length).toBeGreaterThan(0);
    expect((await page(`limit=3&after_id=${ids[4]}`)).data.map(({ id }) => id)).toEqual(ids.slice(5, 8));
    expect((await page(`limit=3&before_id=${ids[4]}`)).data.map(({ id }) => id)).toEqual(ids.slice(1, 4));
  });

  it.each<[string, Record<string, string>, number]>([
    ['a good x-api-key beside a wrong bearer', { 'x-api-key': 'sk-test', authorization: 'Bearer oauth-token' }, 200],
    ['a good bearer beside a wrong x-api-key', { 'x-api-key': 'no', authorization: 'Bearer sk-test' }, 200],
    ['a good bearer alone', { authorization: 'Bearer sk-test' }, 200],
    ['two wrong ones', { 'x-api-key': 'no', authorization: 'Bearer no' }, 401],
  ])('takes %s for %j: %i', async (_name, headers, status) => {
    expect((await fetch(`${base}/v1/models`, { headers })).status).toBe(status);
  });

  it.each(['gpt-5.4-high-fast', 'org%2Fgpt-x', 'org/gpt-x', 'claude-sonnet-4-5'])('shows the model %s', async (id) => {
    expect(await (await call(`/v1/models/${id}`)).json()).toMatchObject({ id: decodeURIComponent(id), object: 'model' });
  });
});
