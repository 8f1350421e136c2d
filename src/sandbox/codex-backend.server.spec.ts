import { connect } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from './codex-backend.server.js';
import { createSandboxAccount } from './sandbox-account.js';
import { sandboxAccountFiles, sandboxAccounts } from './sandbox.seed.js';
import { accountHeaders, ask, callBackend, eventTypes, eventsOf, minimalRequest } from '../../test/support/sandbox-client.js';
import { StillClock } from '../../test/support/still-clock.js';

const clock = new StillClock();
let backend: CodexBackend;

beforeEach(async () => {
  backend = await startCodexBackend({ clock, accounts: 2 });
});
afterEach(() => backend.close());

const get = (path: string, headers: Record<string, string> = accountHeaders(backend)): Promise<Response> =>
  fetch(`${backend.url}${path}`, { headers });
const json = async (response: Response): Promise<Record<string, unknown>> => (await response.json()) as Record<string, unknown>;

describe('a turn', () => {
  it('streams the backend’s events in order and leaves the final output empty', async () => {
    const response = await ask(backend, 'Say hi', { prompt_cache_key: 'k' });
    const text = await response.text();
    const types = eventTypes(text);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(types.filter((type) => type !== 'response.output_text.delta')).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(text).toMatch(/^event: response\.created\ndata: \{"type":"response\.created","response":\{.*,"sequence_number":0\}\n\n/);
    const events = eventsOf(text);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, i) => i));
    expect(events.at(-1)).toMatchObject({
      response: {
        status: 'completed',
        output: [],
        prompt_cache_key: 'k',
        store: false,
        usage: { input_tokens: 2, total_tokens: expect.any(Number) },
      },
    });
  });

  it('carries the rate limits, which rise by a fixed step', async () => {
    const used = async (): Promise<unknown> => (await ask(backend, 'hi')).headers.get('x-codex-primary-used-percent');
    expect([await used(), await used()]).toEqual(['1.1', '1.2']);
    backend.state.account(1).quota.primary = { usedPercent: 40, windowMinutes: 10_080, resetAtSec: clock.nowMs / 1000 + 60 };
    const { headers } = await ask(backend, 'hi');
    expect(headers.get('x-codex-primary-window-minutes')).toBe('10080');
    expect(headers.get('x-codex-primary-reset-after-seconds')).toBe('60');
    expect(headers.get('x-codex-active-limit')).toBe('codex');
  });

  it('is the same for the same request, but for the ids that count up', async () => {
    const texts = [await (await ask(backend, 'hi')).text(), await (await ask(backend, 'hi')).text()];
    const masked = texts.map((text) => text.replace(/(resp|msg)_[0-9a-f]{50}/g, '$1'));
    expect(masked[0]).toBe(masked[1]);
    expect(texts[0]).toContain('resp_00000001');
    expect(texts[1]).toContain('resp_00000002');
    const twin = await startCodexBackend({ clock, accounts: 2 });
    expect(await (await ask(twin, 'hi')).text()).toBe(texts[0]);
    await twin.close();
  });

  it('reports a cached prefix when a conversation comes back to its account, and only there', async () => {
    const cached = async (ref: number): Promise<unknown> => {
      const text = await (await ask(backend, 'x'.repeat(2_000), { prompt_cache_key: 'talk' }, ref)).text();
      return (eventsOf(text).at(-1) as { response: { usage: { input_tokens_details: unknown } } }).response.usage.input_tokens_details;
    };
    expect(await cached(1)).toEqual({ cached_tokens: 0 });
    expect(await cached(1)).toEqual({ cached_tokens: 384 });
    expect(await cached(2)).toEqual({ cached_tokens: 0 });
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('takes bodies compressed with %s', async (encoding, compress) => {
    const body = new Uint8Array(compress(Buffer.from(JSON.stringify(minimalRequest('hi')))));
    const headers = { ...accountHeaders(backend), 'content-encoding': encoding };
    expect((await fetch(`${backend.baseUrl}/responses`, { method: 'POST', headers, body })).status).toBe(200);
    const broken = await fetch(`${backend.baseUrl}/responses`, { method: 'POST', headers, body: 'not compressed' });
    expect(await json(broken)).toEqual({ detail: 'Request body could not be decompressed' });
  });

  it('replays its own ciphertext for the same ChatGPT account only', async () => {
    const events = eventsOf(await (await ask(backend, 'think #scenario=reasoning#')).text());
    const item = events.find((event) => event.type === 'response.output_item.done')!.item as { encrypted_content: string };
    expect(Buffer.from(item.encrypted_content, 'base64url')[0]).toBe(0x80);
    expect((Buffer.from(item.encrypted_content, 'base64url').length - 57) % 16).toBe(0);
    const input = [item, { role: 'user', content: 'more' }];
    expect((await ask(backend, '', { input })).status).toBe(200);
    const foreign = await ask(backend, '', { input }, 2);
    expect(foreign.status).toBe(400);
    expect(await json(foreign)).toMatchObject({ error: { code: 'invalid_encrypted_content' } });
    expect(
      (await ask(backend, '', { input: [{ ...item, encrypted_content: `${item.encrypted_content.slice(0, -8)}AAAAAA==` }] })).status,
    ).toBe(400);
  });
});

describe('credentials', () => {
  const call = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${backend.baseUrl}/responses`, { method: 'POST', headers, body: JSON.stringify(minimalRequest('hi')) });

  it('refuses unknown tokens, ended ones and foreign workspaces', async () => {
    const unknown = await call({ authorization: 'Bearer nonsense' });
    expect([unknown.status, await json(unknown)]).toEqual([401, { detail: 'Unauthorized' }]);
    const wrong = await call({ ...accountHeaders(backend), 'chatgpt-account-id': 'other' });
    expect([wrong.status, await json(wrong)]).toEqual([403, { detail: { code: 'invalid_workspace_selected' } }]);
    const old = backend.state.addAccount(createSandboxAccount(9, { now: clock.nowMs - 1, accessTokenLifeSec: 0 }));
    const ended = await call(accountHeaders(backend, old.key));
    expect([ended.status, await json(ended)]).toMatchObject([401, { error: { code: 'token_expired' } }]);
  });

  it('leaves tokens out of what it records', async () => {
    await call(accountHeaders(backend, 2));
    expect(backend.requests.at(-1)).toMatchObject({ method: 'POST', account: 'account-2', status: 200, scenario: 'text', aborted: false });
    expect(JSON.stringify(backend.requests)).not.toContain('Bearer');
  });

  it('makes account files that match its accounts', async () => {
    const accounts = sandboxAccounts(3, clock.nowMs);
    const own = await startCodexBackend({ clock, accounts });
    const files = sandboxAccountFiles(accounts);
    expect(files.map((file) => file.name)).toContain('codex-user3@example.com-plus.json');
    const file = JSON.parse(files[2]!.content) as Record<string, string>;
    const usage = await fetch(own.usageUrl, {
      headers: { authorization: `Bearer ${file.access_token}`, 'chatgpt-account-id': file.account_id! },
    });
    expect(await json(usage)).toMatchObject({ email: 'user3@example.com', plan_type: 'plus' });
    await own.close();
  });
});

describe('the other endpoints', () => {
  it('lists the models of the account and the client version, with an etag', async () => {
    const slugs = async (query: string): Promise<unknown[]> =>
      ((await json(await get(`/backend-api/codex/models${query}`))).models as { slug: string }[]).map(({ slug }) => slug);
    expect(await slugs('?client_version=0.156.0')).toContain('gpt-6-luna');
    expect(await slugs('?client_version=0.144.0')).not.toContain('gpt-6-luna');
    backend.state.account(1).models = ['gpt-5.5'];
    expect(await slugs('?client_version=0.156.0')).toEqual(['gpt-5.5']);
    const etag = (await get('/backend-api/codex/models')).headers.get('etag')!;
    expect((await get('/backend-api/codex/models', { ...accountHeaders(backend), 'if-none-match': etag })).status).toBe(304);
  });

  it('shows usage, and answers 429 until the reset once a window is used up', async () => {
    backend.state.exhaust(1, 90);
    expect(await json(await get('/backend-api/wham/usage'))).toMatchObject({
      rate_limit: {
        allowed: false,
        limit_reached: true,
        primary_window: { used_percent: 100, limit_window_seconds: 18_000, reset_after_seconds: 90 },
      },
    });
    const refused = await ask(backend, 'hi');
    expect(refused.status).toBe(429);
    expect(await json(refused)).toEqual({
      error: {
        type: 'usage_limit_reached',
        message: 'The usage limit has been reached',
        plan_type: 'plus',
        resets_at: clock.nowMs / 1000 + 90,
        resets_in_seconds: 90,
      },
    });
    expect((await ask(backend, 'hi', {}, 2)).status).toBe(200);
    clock.nowMs += 90_000;
    expect((await ask(backend, 'hi')).status).toBe(200);
  });

  it('compacts in one answer, and as a streamed turn', async () => {
    const { model, input } = minimalRequest('long story');
    const response = await fetch(`${backend.baseUrl}/responses/compact`, {
      method: 'POST',
      headers: accountHeaders(backend),
      body: JSON.stringify({ model, input, instructions: '' }),
    });
    const compacted = await json(response);
    expect(compacted).toMatchObject({ object: 'response.compaction', output: [{ type: 'message', role: 'user' }, { type: 'compaction' }] });
    expect((await ask(backend, '', { input: [...(compacted.output as object[]), ...(input as object[])] })).status).toBe(200);
    const events = eventsOf(await (await ask(backend, '', { input: [...(input as object[]), { type: 'compaction_trigger' }] })).text());
    expect(events.filter((event) => event.type === 'response.output_item.done')).toMatchObject([{ item: { type: 'compaction' } }]);
    expect(events.at(-1)!.type).toBe('response.completed');
  });

  it('answers the keep-alive ping and says 404, 426 and the challenge page where the backend does', async () => {
    expect((await fetch(`${backend.url}/backend-api`, { method: 'HEAD' })).status).toBe(200);
    const missing = await get('/backend-api/responses');
    expect([missing.status, await json(missing)]).toEqual([404, { detail: 'Not Found' }]);
    const page = await get('/backend-api/codex/responses/resp_1');
    expect([page.status, page.headers.get('cf-mitigated')]).toEqual([403, 'challenge']);
    const upgrade = 'GET /backend-api/codex/responses HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect(await rawCall(upgrade)).toMatch(/^HTTP\/1\.1 426 /);
  });

  it('plays faults on the usage and models endpoints too', async () => {
    backend.state.always('401,code=account_deactivated', { endpoint: 'usage', account: 1 });
    expect(await json(await get('/backend-api/wham/usage'))).toMatchObject({ error: { code: 'account_deactivated' } });
    expect((await get('/backend-api/wham/usage', accountHeaders(backend, 2))).status).toBe(200);
    backend.state.next('403-html', { endpoint: 'models' });
    expect((await get('/backend-api/codex/models')).status).toBe(403);
    expect((await get('/backend-api/codex/models')).status).toBe(200);
  });
});

describe('sockets', () => {
  it('notices within the moment that a client leaves', async () => {
    const abort = new AbortController();
    const response = await callBackend(backend, minimalRequest('wait #scenario=text,hang=2#'), 1, abort.signal);
    expect(response.status).toBe(200);
    abort.abort();
    const record = await backend.waitFor((request) => request.aborted);
    expect(record).toMatchObject({ abortedAt: clock.nowMs, endedAt: clock.nowMs });
  });

  it('stops producing when the reader stops reading, and finishes a 50 MB stream when it goes on', async () => {
    const response = await ask(backend, 'much #scenario=long,n=1600,size=8192#');
    const reader = response.body!.getReader();
    let bytes = (await reader.read()).value!.length;
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    expect(process.memoryUsage().rss - before).toBeLessThan(40 << 20);
    for (let next = await reader.read(); !next.done; next = await reader.read()) bytes += next.value.length;
    expect(bytes).toBeGreaterThan(50 << 20);
  });

  it('sends raw bytes as they are given: a body, or a whole answer', async () => {
    backend.state.nextRaw(['data: {"a":', { waitMs: 5 }, Buffer.from('1}\n\n')], { account: 1 });
    expect(await (await ask(backend, 'hi')).text()).toBe('data: {"a":1}\n\n');
    expect(clock.slept).toContain(5);
    backend.state.nextRaw('HTTP/1.1 218 Fine\r\ncontent-length: 2\r\n\r\nok', { level: 'socket' });
    const whole = await ask(backend, 'hi');
    expect([whole.status, await whole.text()]).toEqual([218, 'ok']);
    backend.state.nextRaw('data: {"cut', { end: 'reset' });
    await expect(ask(backend, 'hi').then((response) => response.text())).rejects.toThrow();
    expect(backend.requests.filter((request) => request.aborted)).toEqual([]);
  });

  it('ends everything that is open when it closes', async () => {
    const own = await startCodexBackend({ clock });
    const pending = ask(own, 'hi #scenario=silence-before-headers#');
    await own.waitFor((request) => request.scenario !== null);
    await own.close();
    await expect(pending).rejects.toThrow();
  });
});

function rawCall(bytes: string): Promise<string> {
  const { port, hostname } = new URL(backend.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.once('error', reject);
  });
}
