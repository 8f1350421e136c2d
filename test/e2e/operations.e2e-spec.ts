import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount, SandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { sandboxAccountFile } from '../../src/sandbox/sandbox.seed.js';
import { GatewayProcess, KEY } from '../support/gateway-process.js';
import { LiveStream } from '../support/live-stream.js';
import { startPostgres, TestPostgres } from '../support/postgres.js';
import { framesOf, Json } from '../support/sse-frames.js';

const ADMIN = 'sk-admin-key';
const asAdmin = { headers: { authorization: `Bearer ${ADMIN}` } };
const jsonOf = { headers: { accept: 'application/json' } };

let accounts: SandboxAccount[];
let backend: CodexBackend;
const gateways: GatewayProcess[] = [];

beforeEach(async () => {
  accounts = [1, 2, 3].map((n) => createSandboxAccount(n));
  backend = await startCodexBackend({ accounts });
});
afterEach(async () => {
  for (const gateway of gateways.splice(0).reverse()) await gateway.stop('SIGKILL');
  await backend.close();
});

const start = async (config: Record<string, unknown> = {}, dir?: string): Promise<GatewayProcess> => {
  const gateway = await GatewayProcess.start({ backend, config, ...(dir === undefined ? { accounts } : { dir }) });
  gateways.push(gateway);
  await gateway.logged(({ msg }) => msg === 'accounts loaded');
  return gateway;
};

const stats = async (gateway: GatewayProcess, query = ''): Promise<Json> => {
  const answer = await gateway.request(`/stats${query}`);
  expect(answer.status).toBe(200);
  return answer.json();
};

const post = async (gateway: GatewayProcess, path: string, body?: unknown, init: RequestInit = {}): Promise<[number, Json]> => {
  const answer = await gateway.request(path, { method: 'POST', ...init, ...(body === undefined ? {} : { json: body }) });
  return [answer.status, await answer.json()];
};

const emails = ({ accounts: shown }: Json): string[] => shown.map(({ email }: Json) => email);

const untilStats = async (gateway: GatewayProcess, fits: (stats: Json) => boolean): Promise<Json> => {
  for (let deadline = Date.now() + 10_000; ;) {
    const seen = await stats(gateway);
    if (fits(seen)) return seen;
    if (Date.now() > deadline) throw new Error(JSON.stringify(seen));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

describe('GET /stats', () => {
  it('shows each account with its state, counts of streams and answers, quota and cooldowns, and no token', async () => {
    const gateway = await start();
    for (const stream of [true, false, true]) await (await gateway.responses({ input: 'Hello', stream })).text();
    backend.state.next('429,resets=300');
    await (await gateway.responses({ input: 'Hello' })).text();
    const answer = await gateway.request('/stats');
    const text = await answer.text();
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const shown: Json = JSON.parse(text);
    expect(shown).toMatchObject({ page: 1, page_size: 100, pages: 1, total: 3 });
    expect(shown.summary).toMatchObject({ accounts: 3, requests: 5, errors: 1, errors_by_class: { limit: 1, login: 0 }, complete: true });
    expect(shown.summary.states).toMatchObject({ active: 3, cooling: 1, usable: 2 });
    expect(shown.summary.tokens.output).toBeGreaterThan(0);
    expect(shown.summary.tokens.input).toBeGreaterThan(0);
    expect(emails(shown)).toEqual(['user1@example.com', 'user2@example.com', 'user3@example.com']);
    const cooling = shown.accounts.find(({ status }: Json) => status === 'cooling');
    expect(cooling).toMatchObject({ state: 'active', reason: 'quota', plan: 'plus', errors: 1, last_error: { class: 'limit' } });
    expect(cooling.cooldowns).toEqual([expect.objectContaining({ model: '*', cause: 'quota' })]);
    expect(Date.parse(cooling.cooldowns[0].until)).toBeGreaterThan(Date.now() + 200_000);
    const used = shown.accounts.find(({ requests, errors }: Json) => requests > errors);
    expect(used.quota).toMatchObject({ windows: [{ minutes: 300 }, { minutes: 10_080 }], age_seconds: expect.any(Number) });
    expect(Date.parse(used.last_used_at)).toBeGreaterThan(Date.now() - 60_000);
    expect(text).not.toMatch(/eyJ|rt_|refresh_token|access_token"/);
  });

  it('pages, searches and leaves the quota out', async () => {
    const gateway = await start();
    const second = await stats(gateway, '?page=2&page_size=2&include_quota=false');
    expect([emails(second), second.pages, second.total]).toEqual([['user3@example.com'], 2, 3]);
    expect(second.accounts[0]).not.toHaveProperty('quota');
    expect(emails(await stats(gateway, '?page=9'))).toEqual([]);
    expect(emails(await stats(gateway, '?q=USER2@'))).toEqual(['user2@example.com']);
    expect(emails(await stats(gateway, `?q=${second.accounts[0].id}`))).toEqual(['user3@example.com']);
    expect((await stats(gateway, '?q=active')).total).toBe(3);
    expect((await stats(gateway, '?q=cooling')).total).toBe(0);
    for (const [query, param] of [
      ['page=0', 'page'],
      ['page_size=1001', 'page_size'],
      ['include_quota=perhaps', 'include_quota'],
      ['q=a&q=b', 'q'],
    ]) {
      const answer = await gateway.request(`/stats?${query}`);
      expect([answer.status, ((await answer.json()) as Json).error.param]).toEqual([400, param]);
    }
    const head = await gateway.request('/stats', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const wrong = await gateway.request('/stats', { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('keeps its counts over SIGTERM, and loses no more than the last seconds at kill -9', async () => {
    const first = await start();
    for (const stream of [true, false]) await (await first.responses({ input: 'Hello', stream })).text();
    first.child.kill('SIGTERM');
    await first.ended();
    const second = await start({}, first.dir);
    expect((await stats(second)).summary).toMatchObject({ requests: 2, errors: 0 });
    await (await second.responses({ input: 'Hello', stream: true })).text();
    await untilStats(second, ({ summary }) => summary.unwritten === 0);
    await second.stop('SIGKILL');
    const third = await start({}, first.dir);
    expect((await stats(third)).summary).toMatchObject({ requests: 3, errors: 0 });
  });

  it('counts a stream that its client leaves', async () => {
    const gateway = await start();
    const controller = new AbortController();
    const stream = await LiveStream.of(
      gateway.responses({ input: 'Go on #scenario=text,hang=4#', stream: true }, { signal: controller.signal }),
    );
    await stream.until(/output_text\.delta/);
    controller.abort();
    await stream.rest().catch(() => undefined);
    const { summary } = await untilStats(gateway, (seen) => seen.summary.aborted === 1);
    expect(summary).toMatchObject({ requests: 1, errors: 0, aborted: 1 });
  });
});

describe('POST /refresh', () => {
  it('renews every token and tells of each account; a job can be watched again from anywhere', async () => {
    const gateway = await start();
    const answer = await gateway.request('/refresh', { method: 'POST' });
    const id = answer.headers.get('x-job-id')!;
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const frames = framesOf(await answer.text());
    expect(frames.map(({ event }) => event)).toEqual(['job', 'item', 'item', 'item', 'done']);
    expect(frames[0]!.data).toMatchObject({ job: id, kind: 'refresh', status: 'running', total: 3, due: false });
    expect(frames.slice(1, 4).map(({ data }) => [data.n, data.result])).toEqual([
      [1, 'renewed'],
      [2, 'renewed'],
      [3, 'renewed'],
    ]);
    expect(frames[4]!.data).toMatchObject({ job: id, status: 'done', finished: 3, counts: { renewed: 3 } });
    for (const { key } of accounts) expect(backend.state.account(key).counts).toMatchObject({ refreshes: 1, reused: 0 });

    const again = framesOf(await (await gateway.request(`/refresh?job=${id}`)).text());
    expect(again.slice(1)).toEqual(frames.slice(1));
    const rest = await gateway.request(`/refresh?job=${id}`, { headers: { 'last-event-id': '2' } });
    expect(framesOf(await rest.text()).map(({ event, data }) => [event, data.n])).toEqual([
      ['job', undefined],
      ['item', 3],
      ['done', undefined],
    ]);
    const posted = await gateway.request(`/refresh?job=${id}&after=3`, { method: 'POST' });
    expect(framesOf(await posted.text()).map(({ event }) => event)).toEqual(['job', 'done']);
    const polled: Json = await (await gateway.request(`/refresh?job=${id}`, jsonOf)).json();
    expect([polled.status, polled.items.length]).toEqual(['done', 3]);
    const head = await gateway.request(`/refresh?job=${id}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('x-job-id')]).toEqual([200, id]);
  });

  it('goes on when the caller leaves, is joined by who comes meanwhile, and answers JSON to who wants it', async () => {
    const gateway = await start({ 'refresh-concurrency': 1 });
    backend.state.always('ok,tail=300', { endpoint: 'token' });
    const controller = new AbortController();
    const first = await gateway.request('/refresh', { method: 'POST', signal: controller.signal });
    const id = first.headers.get('x-job-id');
    controller.abort();
    const [accepted, begun] = await post(gateway, '/refresh?wait=false', undefined, jsonOf);
    expect([accepted, begun.job, begun.status]).toEqual([202, id, 'running']);
    const [status, all] = await post(gateway, '/refresh', undefined, jsonOf);
    expect([status, all.job, all.status, all.counts]).toEqual([200, id, 'done', { renewed: 3 }]);
    expect(emails({ accounts: all.items }).sort()).toEqual(accounts.map(({ email }) => email));
    expect(backend.requests.filter(({ path }) => path === '/oauth/token')).toHaveLength(3);
  });

  it('with due=true only renews what a sweep would, and never what somebody else renews', async () => {
    const gateway = await start();
    const shared = createSandboxAccount(4);
    backend.state.addAccount(shared);
    const { name, content } = sandboxAccountFile(shared);
    gateway.writeFile(name, JSON.stringify({ ...(JSON.parse(content) as object), ownership: 'shared' }));
    await untilStats(gateway, ({ total }) => total === 4);
    const [, due] = await post(gateway, '/refresh?due=true', undefined, jsonOf);
    expect([due.status, due.due, due.total]).toEqual(['done', true, 0]);
    const [, all] = await post(gateway, '/refresh', undefined, jsonOf);
    expect(all.counts).toEqual({ renewed: 3, skipped: 1 });
    expect(backend.state.account(4).counts.refreshes).toBe(0);
  });

  it('is over soon when the service ends, and no token is lost', async () => {
    const gateway = await start({ 'refresh-concurrency': 1 });
    backend.state.always('ok,tail=400', { endpoint: 'token' });
    const stream = gateway.request('/refresh', { method: 'POST' }).then((answer) => answer.text());
    await backend.waitFor(({ path }) => path === '/oauth/token');
    gateway.child.kill('SIGTERM');
    expect(framesOf(await stream).at(-1)!.data).toMatchObject({ status: 'interrupted', total: 3 });
    expect(await gateway.ended()).toEqual({ code: 0, signal: null });
    backend.state.calm();
    const second = await start({}, gateway.dir);
    const [, all] = await post(second, '/refresh', undefined, jsonOf);
    expect(all.counts).toEqual({ renewed: 3 });
    for (const { key } of accounts) expect(backend.state.account(key).counts.reused).toBe(0);
  });

  it('says what is wrong with a request', async () => {
    const gateway = await start();
    const answers = [
      await gateway.request('/refresh?due=maybe', { method: 'POST' }),
      await gateway.request('/refresh?job=job_0', {}),
      await gateway.request('/refresh', {}),
      await gateway.request('/refresh', { method: 'PUT' }),
      await gateway.request('/check-quota', { method: 'POST', body: '{' }),
    ];
    const told = await Promise.all(answers.map(async (answer) => [answer.status, ((await answer.json()) as Json).error.code]));
    expect(told).toEqual([
      [400, null],
      [404, 'job_not_found'],
      [405, 'method_not_allowed'],
      [405, 'method_not_allowed'],
      [400, 'invalid_json'],
    ]);
  });
});

describe('POST /check-quota', () => {
  it('tells the windows of every account, from memory where they are fresh, and takes no account away whatever the answer', async () => {
    const gateway = await start();
    backend.state.always('404-empty', { endpoint: 'usage', account: 2 });
    backend.state.exhaust(3, 600);
    const answer = await gateway.request('/check-quota', { method: 'POST' });
    const frames = framesOf(await answer.text());
    expect(frames[0]!.data).toMatchObject({ kind: 'check-quota', job: answer.headers.get('x-job-id'), force: false });
    const items = frames.filter(({ event }) => event === 'item').map(({ data }) => data);
    const of = (n: number): Json => items.find(({ email }) => email === `user${n}@example.com`);
    expect(of(1)).toMatchObject({ result: 'ok', cached: false, quota: { windows: [{ minutes: 300 }, { minutes: 10_080 }] } });
    expect(of(2)).toMatchObject({ result: 'failed', status: 'active' });
    expect(of(3)).toMatchObject({ result: 'ok', status: 'cooling', quota: { remaining_percent: 0 } });
    const usage = (): number => backend.requests.filter(({ path }) => path.endsWith('/usage')).length;
    const before = usage();
    const [, cached] = await post(gateway, '/check-quota', undefined, jsonOf);
    expect(cached.items.filter((item: Json) => item.cached)).toHaveLength(2);
    expect(usage()).toBe(before + 1);
    await post(gateway, '/check-quota?force=true', undefined, jsonOf);
    expect(usage()).toBe(before + 4);
    expect((await gateway.health()).states.active).toBe(3);
  });
});

describe('POST /recover-auth', () => {
  /** The directory was looked at after all that was done to it: a file that came last is in. */
  const scanned = async (gateway: GatewayProcess, n: number): Promise<void> => {
    const last = createSandboxAccount(n);
    backend.state.addAccount(last);
    gateway.writeAccount(last);
    await untilStats(gateway, ({ accounts: shown }) => shown.some(({ email }: Json) => email === last.email));
  };

  const lose = async (gateway: GatewayProcess, n: number): Promise<void> => {
    backend.state.next('invalid-grant', { endpoint: 'token', account: n, times: 2 });
    const { email } = accounts[n - 1]!;
    for (let i = 0; i < 2; i++) await post(gateway, '/recover-auth', { email });
    await untilStats(gateway, ({ accounts: shown }) =>
      shown.some((account: Json) => account.email === email && account.status !== 'active'),
    );
  };

  it('brings an account back whose token works again, and says why another one still fails', async () => {
    const gateway = await start();
    await lose(gateway, 1);
    const lost = (await stats(gateway, '?q=needs_login')).accounts;
    expect(lost).toEqual([expect.objectContaining({ email: 'user1@example.com', state: 'needs_login', reason: 'invalid_grant' })]);
    backend.state.always('invalid-grant', { endpoint: 'token', account: 1 });
    expect(await post(gateway, '/recover-auth', { email: 'User1@example.com' })).toMatchObject([
      200,
      { recovered: 0, failed: 1, accounts: [{ result: 'failed', status: 'needs_login' }] },
    ]);
    backend.state.calm();
    const [status, all] = await post(gateway, '/recover-auth', { all: true });
    expect([status, all.recovered, all.failed, all.skipped]).toEqual([200, 1, 0, 2]);
    expect(all.accounts.find(({ result }: Json) => result === 'recovered')).toMatchObject({
      email: 'user1@example.com',
      status: 'active',
      reason: '',
    });
    expect((await stats(gateway, '?q=active')).total).toBe(3);
    const restarted = await (gateway.child.kill('SIGTERM'), gateway.ended().then(() => start({}, gateway.dir)));
    expect((await restarted.health()).states).toMatchObject({ active: 3, needs_login: 0 });
  });

  it('takes a file of auth-dir, and none that lies elsewhere', async () => {
    const gateway = await start();
    const { name } = sandboxAccountFile(accounts[1]!);
    const outside = join(gateway.dir, 'elsewhere.json');
    writeFileSync(outside, '{}');
    symlinkSync(outside, join(gateway.authDir, 'link.json'));
    mkdirSync(join(gateway.dir, 'auths-other'));
    for (const path of [join(gateway.authDir, name), name, join('auths', name)]) {
      const answer = await post(gateway, '/recover-auth', { file_path: path });
      expect(answer).toMatchObject([200, { recovered: 1, accounts: [{ email: 'user2@example.com', result: 'recovered' }] }]);
    }
    for (const path of [
      outside,
      '../elsewhere.json',
      '/etc/passwd',
      join(gateway.dir, 'auths-other/x.json'),
      'link.json',
      '../config.yaml',
    ]) {
      const [status, { error }] = await post(gateway, '/recover-auth', { file_path: path });
      expect([path, status, error.param]).toEqual([path, 400, 'file_path']);
    }
    const [status, { error }] = await post(gateway, '/recover-auth', { file_path: 'nobody.json' });
    expect([status, error.code]).toEqual([404, 'file_not_found']);
  });

  it('refuses anything else, and names the field', async () => {
    const gateway = await start();
    const refusals: [unknown, number, string | null][] = [
      [{}, 400, 'email'],
      [{ email: 'a@example.com', all: true }, 400, 'all'],
      [{ mail: 'a@example.com' }, 400, 'mail'],
      [{ all: false }, 400, 'all'],
      [{ email: 5 }, 400, 'email'],
      [{ file_path: ' ' }, 400, 'file_path'],
      [{ email: 'nobody@example.com' }, 404, 'email'],
      [[], 400, null],
    ];
    for (const [body, expected, param] of refusals) {
      const [status, { error }] = await post(gateway, '/recover-auth', body);
      expect([body, status, error.param]).toEqual([body, expected, param]);
    }
    const wrong = await gateway.request('/recover-auth');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('renames the file of a lost login when told so, overwrites nothing, and a new login of that name is taken in', async () => {
    const gateway = await start({ 'recover-auth-rename-disabled': true });
    const { name } = sandboxAccountFile(accounts[0]!);
    const disabled = `${name}.disabled`;
    writeFileSync(join(gateway.authDir, disabled), 'an older one');
    backend.state.accounts.revokeFamily(1);
    const answers: Json[] = [];
    for (let i = 0; i < 2 && !answers.at(-1)?.accounts[0].renamed; i++) {
      answers.push((await post(gateway, '/recover-auth', { email: 'user1@example.com' }))[1]);
    }
    const renamed = basename(name, '.json') + '.2.json.disabled';
    expect(answers.at(-1)).toMatchObject({ failed: 1, accounts: [{ result: 'failed', status: 'needs_login', renamed: [renamed] }] });
    expect(readdirSync(gateway.authDir).sort()).toEqual(
      [renamed, disabled, ...accounts.slice(1).map((one) => sandboxAccountFile(one).name)].sort(),
    );
    await scanned(gateway, 4);
    expect((await stats(gateway, '?q=needs_login')).total).toBe(1);

    gateway.writeAccount(backend.state.signIn(1));
    await untilStats(gateway, ({ summary }) => summary.states.active === 4);
    renameSync(join(gateway.authDir, renamed), join(gateway.authDir, 'back.json'));
    await scanned(gateway, 5);
    expect((await stats(gateway, '?q=active')).total).toBe(5);
    expect(existsSync(join(gateway.authDir, disabled))).toBe(true);
  });
});

describe('keys of the operator endpoints', () => {
  it('are those of clients as long as there is no admin key', async () => {
    const gateway = await start();
    for (const [key, status] of [
      [KEY, 200],
      ['sk-wrong', 401],
    ] as const) {
      expect((await gateway.request('/stats', { headers: { authorization: `Bearer ${key}` } })).status).toBe(status);
    }
    expect((await fetch(`${gateway.url}/recover-auth`, { method: 'POST', body: '{"all":true}' })).status).toBe(401);
  });

  it('are the admin keys where they exist: a client gets 403, and an admin key is none of a client', async () => {
    const gateway = await start({ 'admin-keys': [ADMIN] });
    const client = await gateway.request('/stats');
    expect([client.status, ((await client.json()) as Json).error.type]).toEqual([403, 'permission_error']);
    for (const path of ['/refresh', '/check-quota', '/recover-auth']) {
      expect((await gateway.request(path, { method: 'POST', body: '{"all":true}' })).status).toBe(403);
    }
    expect((await gateway.request('/stats', asAdmin)).status).toBe(200);
    expect((await gateway.request('/stats', { headers: { authorization: 'Bearer no' } })).status).toBe(401);
    expect((await gateway.request('/v1/models', asAdmin)).status).toBe(401);
    expect((await gateway.request('/v1/models')).status).toBe(200);
  });

  it('are not asked for where no key of any kind exists', async () => {
    const gateway = await start({ 'api-keys': [] });
    const answer = await fetch(`${gateway.url}/stats`);
    expect([answer.status, emails(await answer.json())[0]]).toEqual([200, 'user1@example.com']);
  });
});

describe('two replicas on one Postgres', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, 60_000);
  afterAll(() => postgres.stop(), 60_000);

  it('add their counts up, also after one of them has ended', async () => {
    const config = {
      'db-enabled': true,
      'db-driver': 'postgres',
      'db-dsn': await postgres.createDatabase(),
      'encryption-key': 'an encryption key of both replicas',
    };
    const one = await start(config);
    const two = await start(config);
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        (await (n % 2 ? one : two).responses({ input: `Hello ${n}`, stream: n % 3 === 0 })).text(),
      ),
    );
    const both = await untilStats(one, ({ summary }) => summary.requests === 20);
    expect(both.accounts.reduce((sum: number, { requests }: Json) => sum + requests, 0)).toBe(20);
    await untilStats(two, ({ summary }) => summary.requests === 20);
    await (await one.responses({ input: 'One more' })).text();
    await one.stop('SIGTERM');
    expect((await stats(two)).summary).toMatchObject({ requests: 21, errors: 0, complete: true });
  });
});
