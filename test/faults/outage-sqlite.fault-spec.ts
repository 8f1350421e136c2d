import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount, SandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { ClientCrowd } from '../support/client-crowd.js';
import { figures, percentile, scaled, tally } from '../support/fault-scale.js';
import { GatewayProcess } from '../support/gateway-process.js';

const CLIENTS = 20;
const ACCOUNTS = scaled(40, 12);
const REQUESTS = scaled(200, 60);
const LOCKED_MS = scaled(10_000, 4_000);
const WRITTEN_MS = 8_000;
/** A write that waits for another process stops all streams of this one meanwhile. */
const LONGEST_STALL_MS = 1_000;
const TEST_MS = 60_000;

describe('two processes on one SQLite file', () => {
  let backend: CodexBackend;
  let gateways: GatewayProcess[] = [];
  let home: string;
  let path: string;
  let crowd: ClientCrowd | null = null;

  const begin = async (accounts: readonly SandboxAccount[]): Promise<void> => {
    home = mkdtempSync(join(tmpdir(), 'one-sqlite-'));
    path = join(home, 'gateway.db');
    backend = await startCodexBackend({ accounts, recordLimit: 100_000 });
    const config = { 'db-path': path, 'health-check-interval': 0 };
    const first = await GatewayProcess.start({ backend, accounts, config });
    gateways = [first, await GatewayProcess.start({ backend, config: { ...config, 'auth-dir': first.authDir } })];
    await Promise.all(gateways.map((gateway) => gateway.logged(({ msg }) => msg === 'accounts loaded')));
  };
  beforeEach(() => {
    crowd = null;
  });
  afterEach(async () => {
    await crowd?.stop();
    for (const gateway of gateways) await gateway.stop('SIGKILL');
    await backend.close();
    rmSync(home, { recursive: true, force: true });
  });

  const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<number> => {
    const startedAt = Date.now();
    while (!(await isSo())) {
      if (Date.now() - startedAt > WRITTEN_MS) throw new Error(`${what}: not so within ${WRITTEN_MS} ms`);
      await sleep(50);
    }
    return Date.now() - startedAt;
  };
  const query = <Row>(sql: string, ...values: unknown[]): Row => {
    const file = new Database(path, { readonly: true });
    try {
      return file.prepare(sql).get(...values) as Row;
    } finally {
      file.close();
    }
  };

  it(
    'spend each refresh token once, however many requests are refused at the same time',
    async () => {
      // The backend refuses their access tokens, which by their own words live for days.
      await begin(Array.from({ length: ACCOUNTS }, (_, n) => ({ ...createSandboxAccount(n + 1), accessTokenExpiresAt: 1 })));
      backend.state.always('ok,head=200', { endpoint: 'token' });
      const startedAt = Date.now();
      const answers = await Promise.all(Array.from({ length: REQUESTS }, (_, n) => gateways[n % 2]!.responses({ input: `request ${n}` })));
      const counts = backend.state.accounts.all.map((account) => account.counts);
      figures('refused tokens on one SQLite file', {
        requests: REQUESTS,
        ms: Date.now() - startedAt,
        refreshes: tally(counts.map(({ refreshes }) => refreshes)),
      });
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: REQUESTS });
      expect(counts.map(({ refreshes, reused }) => ({ refreshes, reused }))).toEqual(
        counts.map(({ unauthorized }) => ({ refreshes: unauthorized > 0 ? 1 : 0, reused: 0 })),
      );
    },
    TEST_MS,
  );

  it(
    'serve while a third one holds the write lock, and write everything afterwards',
    async () => {
      const accounts = Array.from({ length: 12 }, (_, n) => createSandboxAccount(n + 1));
      await begin(accounts);
      const [limited, dead, renewing] = accounts as [SandboxAccount, SandboxAccount, SandboxAccount];
      crowd = new ClientCrowd(gateways, { clients: CLIENTS }).start();
      await sleep(500);
      // One refresh has sent its token to the vendor when the lock is taken.
      backend.state.always('ok,tail=700', { endpoint: 'token', account: renewing.key });
      const refreshed = gateways[0]!.request('/recover-auth', { json: { email: renewing.email } }).then((answer) => answer.text());
      await backend.waitFor(({ path: asked, account }) => asked === '/oauth/token' && account === renewing.key);
      const lock = new Database(path);
      const startedAt = Date.now();
      lock.exec('BEGIN IMMEDIATE');
      backend.state.next('429,code=usage_limit_reached,resets=36000', { account: limited.key });
      backend.state.next('401,code=account_deactivated', { account: dead.key });
      await sleep(LOCKED_MS);
      const health = await Promise.all(gateways.map((gateway) => gateway.health()));
      lock.exec('ROLLBACK');
      lock.close();
      const writtenMs = await until('written', () => {
        const { state } = query<{ state: string }>('SELECT state FROM accounts WHERE email = ?', dead.email);
        const { cooling } = query<{ cooling: number }>("SELECT count(*) AS cooling FROM cooldowns WHERE cause = 'quota'");
        const { generation } = query<{ generation: number }>(
          'SELECT token_generation AS generation FROM accounts WHERE email = ?',
          renewing.email,
        );
        return state === 'needs_login' && cooling === 1 && generation > 1;
      });
      await crowd.stop();
      await refreshed;
      const calls = crowd.begun(startedAt - 500);
      const ms = calls.map((call) => (call.outputAt ?? call.endedAt) - call.startedAt);
      figures('locked SQLite file', {
        seconds: LOCKED_MS / 1000,
        calls: calls.length,
        told: tally(calls.map(({ status, code }) => `${status} ${code}`.trim())),
        'first output p50/p99/max ms': [percentile(ms, 0.5), percentile(ms, 0.99), Math.max(...ms)],
        'written after ms': writtenMs,
      });
      expect(calls.filter(({ ok }) => !ok)).toEqual([]);
      expect(Math.max(...ms)).toBeLessThan(LONGEST_STALL_MS);
      expect(health.map(({ status }) => status)).toContain('degraded');
      expect(backend.state.account(renewing.key).counts).toMatchObject({ refreshes: 1, reused: 0 });
      await until('healthy', async () =>
        (await Promise.all(gateways.map((gateway) => gateway.health()))).every(({ status }) => status === 'ok'),
      );
      const turns = backend.requests.filter(
        ({ method, path: asked, account }) => method === 'POST' && asked.endsWith('/responses') && account,
      );
      await until('counted', () => query<{ sum: number }>('SELECT sum(requests) AS sum FROM account_counters').sum === turns.length);
    },
    TEST_MS,
  );
});
