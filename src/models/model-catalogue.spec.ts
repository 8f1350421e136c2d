import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.js';
import { testConfig } from '../../test/support/test-config.js';
import type { AccountPool } from '../accounts/pool/account-pool.service.js';
import { UpstreamHeaders } from '../upstream/upstream-headers.js';
import type { UpstreamClient } from '../upstream/upstream.client.js';
import type { UpstreamCall } from '../upstream/upstream-types.js';
import { ModelCatalogue } from './model-catalogue.service.js';

interface Answer {
  status: number;
  etag?: string;
  body: string;
}

const account = (id: string, plan: string, change: object = {}): object => ({
  id,
  plan,
  state: 'active',
  accessToken: `token-${id}`,
  accessExpiresAt: 0,
  chatgptAccountId: id,
  fedramp: false,
  ...change,
});
const models = (...slugs: string[]): string => JSON.stringify({ models: slugs.map((slug, priority) => ({ slug, priority })) });

function setUp(accounts: object[], answer: (call: UpstreamCall) => Answer | Promise<Answer>) {
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
  const pool = { all: () => accounts } as unknown as AccountPool;
  const catalogue = new ModelCatalogue(config, pool, client as unknown as UpstreamClient, new UpstreamHeaders(config), clock);
  return { catalogue, calls, clock };
}

describe('ModelCatalogue', () => {
  it('asks once per plan, with usable accounts only, and joins what they have', async () => {
    const accounts = [
      account('a', 'plus', { state: 'paused' }),
      account('b', 'plus'),
      account('c', 'plus'),
      account('d', 'free'),
      account('e', 'team', { accessToken: '' }),
    ];
    const { catalogue, calls } = setUp(accounts, ({ headers }) => ({
      status: 200,
      body: headers['authorization'] === 'Bearer token-b' ? models('gpt-6', 'gpt-5.4') : models('gpt-5.4'),
    }));
    expect([catalogue.known, catalogue.available('gpt-6')]).toEqual([false, null]);
    await catalogue.settle(1000);
    expect(calls.map(({ url }) => url.href)).toEqual(Array(2).fill('http://127.0.0.1:1/codex/models?client_version=1.2.3'));
    expect([catalogue.available('gpt-6'), catalogue.available('gpt-7')]).toEqual([true, false]);
    expect(catalogue.entries.map(({ slug }) => slug)).toEqual(['gpt-6', 'gpt-5.4']);
    expect(catalogue.etag).toMatch(/^"[0-9a-f]{16}"$/);
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
    await Promise.resolve();
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
    catalogue.onApplicationShutdown();
    expect(calls[0]!.signal!.aborted).toBe(true);
  });
});
