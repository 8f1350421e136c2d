import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { sandboxAccountFile } from '../../src/sandbox/sandbox.seed.js';
import pg from 'pg';
import { GatewayProcess } from '../support/gateway-process.js';
import { startPostgres, TestPostgres } from '../support/postgres.js';

const ACCOUNTS = 60;
const SPENT = 10;
const KEY = 'the same words for every replica';
/** Long enough for the program to start; a connection pool left open would hold it for ten seconds more. */
/** In which one replica knows what another one has done; beside it the time that asking takes. */
const SHARED_MS = 1_500;
const AT_ONCE_MS = 6_000;

/** Asks until the answer is a yes; fails when that takes longer than `ms`. */
async function within<T>(ms: number, ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`not true within ${ms} ms`);
    await setTimeout(20);
  }
}

describe('replicas on one Postgres', () => {
  const auths = mkdtempSync(join(tmpdir(), 'replicas-'));
  let postgres: TestPostgres;
  let stopped = false;
  let backend: CodexBackend;
  let config: Record<string, unknown>;
  let replicas: GatewayProcess[] = [];

  const spawn = (more: Record<string, unknown> = {}, key = KEY): GatewayProcess =>
    GatewayProcess.spawn({ backend, config: { ...config, ...more }, env: { CODEX_PROXY_ENCRYPTION_KEY: key } });
  /** Ends by itself; how long it took. */
  const refused = async (gateway: GatewayProcess): Promise<{ code: number | null; ms: number; log: string }> => {
    const startedAt = performance.now();
    const { code } = await gateway.ended();
    const ms = performance.now() - startedAt;
    await gateway.stop();
    return { code, ms, log: gateway.log };
  };
  const exchanges = () => backend.requests.filter(({ path, status }) => path === '/oauth/token' && status !== null);
  const states = () => Promise.all(replicas.map(async (replica) => (await replica.health()).states));
  const sql = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: config['db-dsn'] as string });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  const loaded = (gateway: GatewayProcess) => gateway.logged(({ msg }) => msg === 'accounts loaded');

  beforeAll(async () => {
    const accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1, n < SPENT ? { accessTokenLifeSec: -60 } : {}));
    backend = await startCodexBackend({ recordLimit: 10_000, accounts });
    for (const account of accounts) {
      const { name, content } = sandboxAccountFile(account);
      writeFileSync(join(auths, name), content);
    }
    postgres = await startPostgres();
    config = { 'db-enabled': true, 'db-driver': 'postgres', 'db-dsn': await postgres.createDatabase(), 'auth-dir': auths };
    replicas = [spawn(), spawn(), spawn()];
    await Promise.all(replicas.map((replica) => replica.listening()));
  }, 90_000);
  afterAll(async () => {
    for (const replica of replicas) await replica.stop('SIGKILL');
    await backend.close();
    if (!stopped) await postgres.stop();
    rmSync(auths, { recursive: true, force: true });
  }, 60_000);

  it('start at the same moment on an empty database: one of them migrates, each account is there once, all of them answer', async () => {
    const answers = await Promise.all(replicas.map((replica) => replica.responses({ input: 'hi' })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await Promise.all(replicas.map(loaded));
    expect(await Promise.all(replicas.map(async (replica) => (await replica.health()).accounts))).toEqual([ACCOUNTS, ACCOUNTS, ACCOUNTS]);
    const entries = replicas.flatMap((replica) => replica.entries);
    expect(entries.filter(({ msg }) => msg === 'database migrated')).toHaveLength(1);
    expect(entries.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  it('spend each refresh token once', async () => {
    await backend.waitFor(() => exchanges().length >= SPENT);
    expect(exchanges().map(({ status }) => status)).toEqual(Array<number>(SPENT).fill(200));
  });

  it('go on with a conversation that another one has compacted', async () => {
    const [first, second] = replicas as [GatewayProcess, GatewayProcess];
    const input = [{ type: 'message', role: 'user', content: 'Compact this' }];
    // Its choice is ahead of that of the others then.
    for (let n = 0; n < 10; n++) await first.responses({ input: `hi ${n}` });
    const compacted = await first.request('/v1/responses/compact', { json: { model: 'gpt-5.4', input } });
    const { output } = (await compacted.json()) as { output: unknown[] };
    const answer = await second.responses({ input: [...output, { type: 'message', role: 'user', content: 'Go on' }] });
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'completed' }]);
  });

  it('refuse another encryption key, and a port that is taken, at once and in plain words', async () => {
    const wrongKey = await refused(spawn({}, 'other words than the others have'));
    expect(wrongKey).toMatchObject({ code: 1, log: expect.stringContaining('could not start: encryption-key is not the key') });
    const portTaken = await refused(spawn({ listen: new URL(replicas[0]!.url).host }));
    expect(portTaken).toMatchObject({ code: 1, log: expect.stringContaining('could not start: listen EADDRINUSE') });
    expect(Math.max(wrongKey.ms, portTaken.ms)).toBeLessThan(AT_ONCE_MS);
  });

  it('know within a second of a state that an operator has changed in the database', async () => {
    await sql("UPDATE accounts SET state = 'paused', state_reason = 'operator' WHERE id IN (SELECT id FROM accounts ORDER BY id LIMIT 3)");
    await within(SHARED_MS, async () => (await states()).every(({ paused }) => paused === 3));
    await sql("UPDATE accounts SET state = 'active', state_reason = '' WHERE state = 'paused'");
    await within(SHARED_MS, async () => (await states()).every(({ paused }) => paused === 0));
  });

  it('know within a second that one of them has used an account up', async () => {
    backend.state.next('429,code=usage_limit_reached,resets=3600');
    const answer = await replicas[0]!.responses({ input: 'used up' });
    expect(answer.status).toBe(200);
    await within(SHARED_MS, async () => (await states()).every(({ cooling }) => cooling === 1));
    await sql('DELETE FROM cooldowns');
    await within(SHARED_MS, async () => (await states()).every(({ cooling }) => cooling === 0));
  });

  it('send a conversation to the account that another one of them has begun it on', async () => {
    const [first, second] = replicas as [GatewayProcess, GatewayProcess];
    const accountOf = async (replica: GatewayProcess, session: string): Promise<unknown> => {
      await replica.responses({ input: 'hi' }, { headers: { 'session-id': session } });
      return backend.requests.filter(({ path }) => path.endsWith('/responses')).at(-1)!.headers['chatgpt-account-id'];
    };
    // Among sixty accounts chance does not bring a conversation to the same one three times running.
    let [conversations, together] = [0, 0];
    await within(SHARED_MS * 3, async () => {
      const session = `conversation ${++conversations}`;
      const account = await accountOf(first, session);
      await setTimeout(100);
      together = (await accountOf(second, session)) === account ? together + 1 : 0;
      return together === 3;
    });
  });

  it('go on when one of them is killed', async () => {
    await replicas[0]!.stop('SIGKILL');
    const answers = await Promise.all(replicas.slice(1).map((replica) => replica.responses({ input: 'hi' })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('serve requests while Postgres is away, say so, and end when they are asked to', async () => {
    stopped = true;
    await postgres.stop();
    const [, replica] = replicas as [unknown, GatewayProcess];
    const answers = await Promise.all(Array.from({ length: 10 }, () => replica.responses({ input: 'hi' })));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(200));
    const ready = async () => {
      const answer = await fetch(`${replica.url}/health/ready`);
      return { http: answer.status, ...((await answer.json()) as { status: string; reasons: string[] }) };
    };
    // The database is asked once a second at most.
    await within(SHARED_MS * 3, async () => (await ready()).reasons.includes('the database does not answer'));
    expect(await ready()).toMatchObject({ http: 200, status: 'degraded' });
    await replica.stop();
    expect(exchanges()).toHaveLength(SPENT);
    expect(replica.exit).toEqual({ code: 0, signal: null });
  });
});
