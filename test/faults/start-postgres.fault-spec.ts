import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { figures, FULL, scaled } from '../support/fault-scale.js';
import { FaultyPostgres } from '../support/faulty-postgres.js';
import { GatewayProcess } from '../support/gateway-process.js';

const ACCOUNTS = 8;
const REPLICAS = 3;
const AWAY_MS = scaled(15_000, 2_000);
/** The database is cut off so often while replicas start. */
const CUTS = scaled(20, 6);
const BACK_MS = 20_000;
const TEST_MS = AWAY_MS + 60_000;

describe('a start on Postgres', () => {
  let postgres: FaultyPostgres;
  let backend: CodexBackend;
  let gateways: GatewayProcess[];
  let dsn: string;
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1));

  beforeAll(async () => {
    postgres = await FaultyPostgres.start();
  }, 60_000);
  afterAll(() => postgres.close(), 60_000);
  beforeEach(async () => {
    backend = await startCodexBackend({ accounts });
    gateways = [];
    dsn = await postgres.createDatabase();
  });
  afterEach(async () => {
    for (const gateway of gateways) await gateway.stop('SIGKILL');
    await backend.close();
  });

  const spawn = (config: Record<string, unknown> = {}): GatewayProcess => {
    const database = { 'db-enabled': true, 'db-driver': 'postgres', 'db-dsn': dsn };
    const gateway = GatewayProcess.spawn({
      backend,
      accounts,
      config: { ...database, ...config },
      env: { CODEX_PROXY_ENCRYPTION_KEY: 'the same words for every replica' },
    });
    gateways.push(gateway);
    return gateway;
  };
  const answersOf = (): Promise<number[]> =>
    Promise.all(gateways.map(async (gateway) => (await gateway.responses({ input: 'hi' })).status));

  it(
    'waits for a database that is not up yet, says so, and serves when it is there',
    async () => {
      await postgres.stop();
      const gateway = spawn();
      await gateway.logged(({ msg }) => msg === 'waiting for the database');
      await sleep(AWAY_MS);
      await postgres.start();
      const startedAt = Date.now();
      await gateway.listening();
      figures('start before the database', { 'serves after ms': Date.now() - startedAt });
      await gateway.logged(({ msg }) => msg === 'accounts loaded');
      expect(await answersOf()).toEqual([200]);
      expect((await gateway.health()).accounts).toBe(ACCOUNTS);
    },
    TEST_MS,
  );

  it(
    'ends with one clear line when the database does not come in time, and at once when waiting would not help',
    async () => {
      const unreachable = spawn({ 'db-dsn': 'postgres://me:hunter2@127.0.0.1:1/pool', 'db-start-wait-sec': 1 });
      const refused = spawn({ 'db-dsn': dsn.replace(/:[^:@]*@/, ':wrong@') });
      const missing = spawn({ 'db-dsn': `${dsn}_none` });
      const startedAt = Date.now();
      expect(await Promise.all([refused.ended(), missing.ended()])).toMatchObject([{ code: 1 }, { code: 1 }]);
      expect(Date.now() - startedAt).toBeLessThan(10_000);
      expect(await unreachable.ended()).toMatchObject({ code: 1 });
      const lastWord = (gateway: GatewayProcess): string => /^codex-proxy could not start: .*$/m.exec(gateway.log)?.[0] ?? '';
      expect(lastWord(unreachable)).toMatch(/cannot open the database postgres at 127\.0\.0\.1:1\/pool: .*ECONNREFUSED/);
      expect(lastWord(refused)).toMatch(/cannot open the database .*password authentication failed/);
      expect(lastWord(missing)).toMatch(/cannot open the database .*does not exist/);
      for (const gateway of gateways) expect(gateway.log).not.toMatch(/hunter2|wrong/);
    },
    TEST_MS,
  );

  const troubles: readonly [string, () => Promise<void>][] = [
    ['is cut off again and again', () => postgres.cutConnections()],
    ['is killed and started again', () => postgres.kill().then(() => postgres.start())],
  ];

  it.each(FULL ? troubles : troubles.slice(0, 1))(
    'of several replicas at once survives a database that %s during migrations',
    async (_, disturb) => {
      for (let n = 0; n < REPLICAS; n++) spawn();
      let migrating = false;
      const watch = gateways.map((gateway) => gateway.listening().then(() => (migrating = false)));
      for (const one of watch) one.catch(() => undefined);
      migrating = true;
      for (let n = 0; n < CUTS && migrating; n++) {
        await sleep(150);
        await disturb().catch(() => undefined);
      }
      // Who was past the database's opening when it went may end with one line; its supervisor starts it again.
      const settled = await Promise.allSettled(watch);
      gateways.filter(({ exit }) => exit).forEach(({ log }) => expect(log).toMatch(/^codex-proxy could not start: .+$/m));
      const again = settled.flatMap(({ status }) => (status === 'rejected' ? [spawn()] : []));
      for (const gateway of again) await gateway.listening();
      gateways = gateways.filter(({ exit }) => !exit);
      figures('start of replicas', { 'started again': again.length });
      expect(gateways).toHaveLength(REPLICAS);
      await Promise.all(gateways.map((gateway) => gateway.logged(({ msg }) => msg === 'accounts loaded', BACK_MS)));
      expect(await answersOf()).toEqual(Array<number>(REPLICAS).fill(200));
      expect(await Promise.all(gateways.map(async (gateway) => (await gateway.health()).accounts))).toEqual(
        Array<number>(REPLICAS).fill(ACCOUNTS),
      );
    },
    TEST_MS,
  );
});
