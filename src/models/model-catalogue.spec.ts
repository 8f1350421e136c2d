import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.js';
import { testConfig } from '../../test/support/test-config.js';
import { poolAccount } from '../../test/support/pool-account.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import { UpstreamHeaders } from '../upstream/upstream-headers.js';
import type { UpstreamClient } from '../upstream/upstream.client.js';
import type { UpstreamCall } from '../upstream/upstream-types.js';
import { CatalogueClient } from './catalogue.client.js';
import type { ModelListStore } from './model-list.store.js';
import type { HolderChange } from './model-samples.js';
import { ModelCatalogue } from './model-catalogue.service.js';

interface Answer {
  status: number;
  etag?: string;
  body: string;
}

const account = (id: string, plan: string, change: Partial<PoolAccount> = {}): PoolAccount => poolAccount(id, { plan, ...change });
const models = (...slugs: string[]): string => JSON.stringify({ models: slugs.map((slug, priority) => ({ slug, priority })) });

function setUp(accounts: PoolAccount[], answer: (call: UpstreamCall) => Answer | Promise<Answer>) {
  const calls: UpstreamCall[] = [];
  const client = {
    open: async (call: UpstreamCall) => {
      calls.push(call);
      const { status, etag, body } = await answer(call);
      return { status, headers: etag ? { etag } : {}, body: { text: async () => body } };
    },
  };
  const config = testConfig({ baseUrl: 'http://127.0.0.1:1/codex', upstreamClientVersion: '1.2.3' });
  const clock = new FakeClock();
  const pool = new AccountPool(config, clock);
  for (const each of accounts) pool.upsert(each);
  const saved: HolderChange[] = [];
  const store = { follow: async () => undefined, save: async (changes: HolderChange[]) => void saved.push(...changes) };
  const asked = new CatalogueClient(config, client as unknown as UpstreamClient, new UpstreamHeaders(config));
  const catalogue = new ModelCatalogue(pool, asked, store as unknown as ModelListStore, clock);
  const candidate = (model: string, tried: string[] = []): string | undefined => {
    using lease = pool.lease({ model, affinity: [], turnStart: true, tried: new Set(tried) });
    return lease?.account.id;
  };
  const round = async (ms = 300_000): Promise<void> => {
    clock.advance(ms);
    catalogue.touch();
    for (let i = 0; i < 200; i++) await Promise.resolve();
  };
  const who = (): string[] => calls.map(({ headers }) => headers['authorization']!.replace('Bearer token-', ''));
  return { catalogue, calls, clock, pool, saved, candidate, round, who };
}

/** What each account is offered, by name; the others what is under `*`. */
const offers =
  (byAccount: Record<string, string[]>) =>
  ({ headers }: UpstreamCall): Answer => {
    const own = byAccount[headers['authorization']!.replace('Bearer token-', '')] ?? byAccount['*']!;
    const etag = `"${own.join()}"`;
    return headers['if-none-match'] === etag ? { status: 304, body: '' } : { status: 200, etag, body: models(...own) };
  };

describe('ModelCatalogue', () => {
  it('asks one usable account per plan and looks at the others, and joins what they have', async () => {
    const accounts = [
      account('a', 'plus', { state: 'paused' }),
      account('b', 'plus'),
      account('c', 'plus'),
      account('d', 'free'),
      account('e', 'team', { accessToken: '' }),
    ];
    const { catalogue, calls, who } = setUp(accounts, ({ headers }) => ({
      status: 200,
      body: headers['authorization'] === 'Bearer token-b' ? models('gpt-6', 'gpt-5.4') : models('gpt-5.4'),
    }));
    expect([catalogue.known, catalogue.available('gpt-6')]).toEqual([false, null]);
    await catalogue.settle(1000);
    expect(new Set(calls.map(({ url }) => url.href))).toEqual(new Set(['http://127.0.0.1:1/codex/models?client_version=1.2.3']));
    expect(who()).toEqual(['b', 'd', 'c']);
    expect([catalogue.available('gpt-6'), catalogue.available('gpt-7')]).toEqual([true, false]);
    expect(catalogue.entries.map(({ slug }) => slug)).toEqual(['gpt-6', 'gpt-5.4']);
    expect(catalogue.etag).toMatch(/^"[0-9a-f]{16}"$/);
  });

  it('leaves accounts out for models that others are offered and they are not, by plan and by account', async () => {
    const { catalogue, candidate, saved } = setUp(
      [account('a', 'plus'), account('b', 'plus'), account('c', 'free')],
      offers({ a: ['gpt-5.4'], b: ['gpt-5.4', 'gpt-6'], c: ['gpt-5.4'] }),
    );
    await catalogue.settle(1000);
    expect([candidate('gpt-6'), candidate('gpt-6', ['b'])]).toEqual(['b', undefined]);
    expect(new Set([candidate('gpt-5.4'), candidate('gpt-5.4'), candidate('gpt-5.4')])).toEqual(new Set(['a', 'b', 'c']));
    expect(candidate('gpt-hidden')).toBeDefined();
    expect(saved.map((change) => ('holder' in change ? change.holder.scope : change.dropped)).sort()).toEqual([
      'b',
      'plan/free',
      'plan/plus',
    ]);
  });

  it('makes a handful of calls for thousands of accounts, most of them answered by 304', async () => {
    const accounts = Array.from({ length: 3000 }, (_, i) => account(`n${i}`, i % 2 ? 'plus' : 'free'));
    const { calls, round } = setUp(accounts, offers({ '*': ['gpt-5.4'] }));
    await round();
    expect(calls).toHaveLength(16);
    expect(calls.filter(({ headers }) => headers['if-none-match'])).toHaveLength(14);
    await round(10_000);
    expect(calls).toHaveLength(16);
    await round();
    expect(calls).toHaveLength(32);
  });

  it('asks an account for itself when it was refused a model that its plan is offered', async () => {
    const accounts = Array.from({ length: 100 }, (_, i) => account(`n${i}`, 'plus'));
    const { catalogue, pool, clock, round, who, candidate } = setUp(accounts, offers({ '*': ['gpt-6', 'gpt-5.4'], n99: ['gpt-5.4'] }));
    await round();
    pool.refuseModel('n99', 'gpt-6', clock.now() + 3_600_000);
    await round();
    expect(who()).toContain('n99');
    clock.advance(3_600_000);
    expect(
      candidate(
        'gpt-6',
        accounts.slice(0, 99).map(({ id }) => id),
      ),
    ).toBeUndefined();
    expect(catalogue.available('gpt-6')).toBe(true);
  });

  it('takes the list of the many for the plan when the account that was asked first is the exception', async () => {
    const accounts = Array.from({ length: 10 }, (_, i) => account(`n${i}`, 'plus'));
    const { catalogue, pool, candidate } = setUp(accounts, offers({ n0: ['gpt-6', 'gpt-5.4'], '*': ['gpt-5.4'] }));
    await catalogue.settle(1000);
    pool.upsert(account('late', 'plus'));
    expect([candidate('gpt-6'), candidate('gpt-6', ['n0'])]).toEqual(['n0', undefined]);
  });

  it('lists no model that the only accounts with it cannot serve', async () => {
    const { catalogue, pool, clock } = setUp(
      [account('a', 'plus'), account('b', 'free')],
      offers({ a: ['gpt-6', 'gpt-5.4'], b: ['gpt-5.4'] }),
    );
    await catalogue.settle(1000);
    pool.refuseModel('a', 'gpt-6', clock.now() + 1000);
    expect(catalogue.available('gpt-6')).toBe(false);
    clock.advance(1000);
    pool.lease({ model: 'gpt-6', affinity: [], turnStart: true, tried: new Set() })?.[Symbol.dispose]();
    expect(catalogue.available('gpt-6')).toBe(true);
    pool.setState('a', 'needs_login', 'x');
    expect(catalogue.available('gpt-6')).toBe(false);
  });

  it('tells the smallest context window among the accounts', async () => {
    const windowed = (size: number): string => JSON.stringify({ models: [{ slug: 'gpt-6', context_window: size }] });
    const { catalogue } = setUp([account('a', 'plus'), account('b', 'pro')], ({ headers }) => ({
      status: 200,
      body: windowed(headers['authorization'] === 'Bearer token-a' ? 272_000 : 921_000),
    }));
    await catalogue.settle(1000);
    expect(catalogue.find('gpt-6')?.contextWindow).toBe(272_000);
  });

  it('asks again after five minutes, by etag, and keeps what is unchanged', async () => {
    const { catalogue, calls, clock } = setUp([account('a', 'plus')], ({ headers }) =>
      headers['if-none-match'] ? { status: 304, body: '' } : { status: 200, etag: '"x"', body: models('gpt-6') },
    );
    await catalogue.settle(1000);
    await catalogue.settle(1000);
    expect(calls).toHaveLength(1);
    clock.advance(300_000);
    catalogue.touch();
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(calls).toHaveLength(2);
    expect(catalogue.available('gpt-6')).toBe(true);
  });

  it.each<[string, () => Answer]>([
    ['an error status', () => ({ status: 500, body: '<html>' })],
    ['another document', () => ({ status: 200, body: '{"data":[]}' })],
    [
      'a broken connection',
      () => {
        throw new Error('reset');
      },
    ],
  ])('stays unknown after %s and waits a minute', async (_name, answer) => {
    const { catalogue, calls, clock } = setUp([account('a', 'plus')], answer);
    await catalogue.settle(1000);
    expect([catalogue.known, catalogue.entries]).toEqual([false, []]);
    catalogue.touch();
    expect(calls).toHaveLength(1);
    clock.advance(60_000);
    catalogue.touch();
    expect(calls).toHaveLength(2);
  });

  it('never makes anybody wait who only touches it', () => {
    const { catalogue, calls } = setUp([account('a', 'plus')], () => new Promise(() => undefined));
    expect(catalogue.touch()).toBeUndefined();
    expect(calls).toHaveLength(1);
    void catalogue.onApplicationShutdown();
    expect(calls[0]!.signal!.aborted).toBe(true);
  });
});
