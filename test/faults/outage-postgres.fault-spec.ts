import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount, SandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { ClientCrowd } from '../support/client-crowd.js';
import { figures, FULL, percentile, scaled, tally } from '../support/fault-scale.js';
import { FaultyPostgres } from '../support/faulty-postgres.js';
import { GatewayProcess } from '../support/gateway-process.js';

const ACCOUNTS = 24;
const CLIENTS = 20;
const AWAY_MS = scaled(30_000, 3_000);
/** In which what waited is in the database, after it is back. */
const WRITTEN_MS = 8_000;
const TEST_MS = AWAY_MS * 2 + 60_000;

let postgres: FaultyPostgres;
let backend: CodexBackend;
let accounts: SandboxAccount[];
let replicas: GatewayProcess[] = [];

beforeAll(async () => {
  postgres = await FaultyPostgres.start();
  accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1));
  backend = await startCodexBackend({ accounts, recordLimit: 1_000_000 });
  const config = { 'db-enabled': true, 'db-driver': 'postgres', 'db-dsn': postgres.dsn, 'health-check-interval': 0 };
  const env = { CODEX_PROXY_ENCRYPTION_KEY: 'the same words for every replica' };
  replicas = [await GatewayProcess.start({ backend, accounts, config, env })];
  await replicas[0]!.logged(({ msg }) => msg === 'accounts loaded');
  replicas.push(await GatewayProcess.start({ backend, config, env }));
  await replicas[1]!.logged(({ msg }) => msg === 'accounts loaded');
}, 90_000);
afterAll(async () => {
  for (const replica of replicas) await replica.stop('SIGKILL');
  await backend.close();
  await postgres.close();
}, 60_000);

/** Asks until it is so; how long that took. */
async function until(what: string, limitMs: number, isSo: () => Promise<boolean>): Promise<number> {
  const startedAt = Date.now();
  for (;;) {
    if (await isSo().catch(() => false)) return Date.now() - startedAt;
    if (Date.now() - startedAt > limitMs) throw new Error(`${what}: not so within ${limitMs} ms\n${replicas.map(storageLog).join('\n\n')}`);
    await sleep(50);
  }
}

/** What a replica says, without what it says of every request. */
const storageLog = ({ entries }: GatewayProcess): string =>
  entries
    .filter(({ msg }) => msg !== 'request' && msg !== 'attempt')
    .slice(-60)
    .map((entry) => JSON.stringify(entry))
    .join('\n');

interface StatsAccount {
  readonly email: string;
  readonly state: string;
  readonly reason: string;
  readonly cooldowns: readonly { readonly cause: string }[];
}

const stats = async (replica: GatewayProcess): Promise<StatsAccount[]> =>
  ((await (await replica.request('/stats?page_size=1000')).json()) as { accounts: StatsAccount[] }).accounts;

const rowOf = async (email: string): Promise<Record<string, string>> =>
  (
    await postgres.query<Record<string, string>>(
      `SELECT a.state, a.state_reason, a.token_generation, a.quota_at, (SELECT count(*) FROM cooldowns c WHERE c.account_id = a.id AND cause = 'quota') AS cooldowns
       FROM accounts a WHERE email = $1`,
      [email],
    )
  )[0]!;

const turnsAtBackend = (): number =>
  backend.requests.filter(({ method, path, account }) => method === 'POST' && path.endsWith('/responses') && account).length;

interface Fault {
  readonly name: string;
  readonly inFull?: true;
  readonly begin: () => unknown;
  readonly end: () => unknown;
}

const FAULTS: readonly Fault[] = [
  { name: 'is stopped and started again', begin: () => postgres.stop(), end: () => postgres.start() },
  { name: 'dies and is started again', inFull: true, begin: () => postgres.kill(), end: () => postgres.start() },
  { name: 'hangs without a word', inFull: true, begin: () => postgres.freeze(), end: () => postgres.thaw() },
  { name: 'only reads', inFull: true, begin: () => postgres.readOnly(true), end: () => postgres.readOnly(false) },
  {
    name: 'cuts its connections again and again, as in a failover',
    begin: () => {
      cutting = setInterval(() => void postgres.cutConnections().catch(() => undefined), 150);
    },
    end: () => clearInterval(cutting),
  },
];
let cutting: NodeJS.Timeout;
let crowd: ClientCrowd | null = null;
afterEach(async () => {
  clearInterval(cutting);
  const ended = replicas.find(({ exit }) => exit !== null);
  if (ended) throw new Error(`a replica has ended:\n${ended.log.slice(-3_000)}`);
  await crowd?.stop();
});

/** Short runs take one that is away and one that is there and is not. */
const CHOSEN = FULL ? FAULTS : FAULTS.filter(({ inFull }) => !inFull);

describe.each(CHOSEN.map((fault, n) => ({ ...fault, n })))('a database that $name', ({ n, name, begin, end }) => {
  it(
    'is not noticed by clients, and has everything that happened meanwhile when it is back, in every replica',
    async () => {
      const [limited, dead, renewing] = [n * 3, n * 3 + 1, n * 3 + 2].map((i) => accounts[i]!) as [
        SandboxAccount,
        SandboxAccount,
        SandboxAccount,
      ];
      const [first] = replicas as [GatewayProcess, GatewayProcess];
      const before = await rowOf(renewing.email);
      crowd = new ClientCrowd(replicas, { clients: CLIENTS }).start();
      await sleep(500);

      // One refresh has sent its token to the vendor when the database goes.
      backend.state.always('ok,tail=700', { endpoint: 'token', account: renewing.key });
      const refreshed = first.request('/recover-auth', { json: { email: renewing.email } }).then((answer) => answer.text());
      await backend.waitFor(({ path, account }) => path === '/oauth/token' && account === renewing.key);
      const startedAt = Date.now();
      await begin();
      await sleep(300);
      // For every question: an answer to one that a replica asks a moment later would rightly end the cooldown.
      backend.state.exhaust(limited.key, 36_000);
      backend.state.next('401,code=account_deactivated', { account: dead.key });
      await sleep(AWAY_MS - 1_000);
      const health = await Promise.all(replicas.map((replica) => replica.health()));
      const ready = await Promise.all(replicas.map(async ({ url }) => (await fetch(`${url}/health/ready`)).status));
      await sleep(1_000);
      await end();
      const endedAt = Date.now();
      let rows: Record<string, string>[] = [];
      const writtenMs = await until('written', WRITTEN_MS, async () => {
        rows = await Promise.all([limited, dead, renewing].map(({ email }) => rowOf(email)));
        return (
          Number(rows[0]!.cooldowns) === 1 &&
          rows[1]!.state === 'needs_login' &&
          Number(rows[2]!.token_generation) > Number(before.token_generation)
        );
      }).catch((error: Error) => {
        throw new Error(`${JSON.stringify(rows)}\n${error.message}`);
      });
      const agreedMs = await until('agreed', WRITTEN_MS, async () => {
        const [one, other] = (await Promise.all(replicas.map(stats))).map((all) =>
          all
            .map(({ email, state, cooldowns }) => [email, state, cooldowns.length].join())
            .sort()
            .join('\n'),
        );
        return one === other;
      });
      await crowd.stop();
      await refreshed;

      const during = crowd.begun(startedAt - 500);
      const ms = during.map((call) => (call.outputAt ?? call.endedAt) - call.startedAt);
      figures(name, {
        seconds: AWAY_MS / 1000,
        calls: during.length,
        told: tally(during.map(({ status, code }) => `${status} ${code}`.trim())),
        'first output p50/p99/max ms': [percentile(ms, 0.5), percentile(ms, 0.99), Math.max(...ms)],
        'written after ms': writtenMs,
        'replicas agree after ms': agreedMs,
        'memory MB': replicas.map(({ peakRssBytes }) => Math.round(peakRssBytes / 1e6)),
      });
      expect(during.filter(({ ok }) => !ok)).toEqual([]);
      expect(health.map(({ status }) => status)).toEqual(['degraded', 'degraded']);
      expect(ready).toEqual([200, 200]);
      for (const replica of replicas) {
        const all = await stats(replica);
        const of = (account: SandboxAccount): StatsAccount => all.find(({ email }) => email === account.email)!;
        expect(of(limited).cooldowns).toMatchObject([{ cause: 'quota' }]);
        expect(of(dead)).toMatchObject({ state: 'needs_login', reason: 'account_deactivated' });
        expect(of(renewing).state).toBe('active');
      }
      expect(backend.state.account(renewing.key).counts).toMatchObject({ refreshes: 1, reused: 0 });
      // Counts of both replicas, of this test and those before it.
      await until('counted', WRITTEN_MS, async () => {
        const [sum] = await postgres.query<{ requests: string }>('SELECT sum(requests) AS requests FROM account_counters');
        return Number(sum!.requests) === turnsAtBackend();
      });
      await until('healthy', WRITTEN_MS, async () =>
        (await Promise.all(replicas.map((replica) => replica.health()))).every(({ status }) => status === 'ok'),
      );
      expect(Date.now() - endedAt).toBeLessThan(40_000);
    },
    TEST_MS,
  );
});
