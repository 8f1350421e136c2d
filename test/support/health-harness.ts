import { Logger } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test, TestingModule } from '@nestjs/testing';
import { AccountLoader } from '../../src/accounts/account-loader.service.js';
import { parseRecord } from '../../src/accounts/files/account-record.js';
import { AccountsModule } from '../../src/accounts/accounts.module.js';
import { AccountsService } from '../../src/accounts/accounts.service.js';
import { AccountEffects } from '../../src/accounts/policy/account-effects.service.js';
import { AccountPool } from '../../src/accounts/pool/account-pool.service.js';
import { AccountFollower } from '../../src/accounts/replication/account-follower.js';
import { CooldownFollower } from '../../src/accounts/replication/cooldown-follower.js';
import { AccountChangeWriter } from '../../src/accounts/storage/account-change.writer.js';
import type { AccountEntity } from '../../src/accounts/storage/account.entity.js';
import { AccountRepository } from '../../src/accounts/storage/account.repository.js';
import { Clock } from '../../src/common/clock.js';
import { CommonModule } from '../../src/common/common.module.js';
import type { Config, KeyValues } from '../../src/config/config.js';
import { ConfigurationModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { AccountProbe } from '../../src/health/probe/account-probe.service.js';
import { ProbeRounds } from '../../src/health/probe/probe-rounds.service.js';
import { RecoveryRounds } from '../../src/health/probe/recovery-rounds.service.js';
import { QuotaModule } from '../../src/quota/quota.module.js';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import type { RecordedRequest } from '../../src/sandbox/recorded-request.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { FakeClock } from './fake-clock.js';
import { recordOf } from './refresh-harness.js';
import { testConfig } from './test-config.js';

/** One process's rooms that look after accounts, wired as in the program, without its schedules. */
export interface HealthProcess {
  readonly module: TestingModule;
  readonly pool: AccountPool;
  readonly effects: AccountEffects;
  readonly probe: AccountProbe;
  readonly probes: ProbeRounds;
  readonly recovery: RecoveryRounds;
  readonly rows: AccountRepository;
  /** Takes account number `n` of the backend in, with the tokens it has now; returns its id. */
  import(n: number, fields?: Record<string, string>): Promise<string>;
  /** As at the start of a process. */
  load(): Promise<void>;
  /** What other processes have written. */
  follow(): Promise<void>;
  /** What was enqueued is in the database. */
  written(): Promise<void>;
  row(id: string): Promise<AccountEntity>;
  close(): Promise<void>;
}

type DatabaseKeys = Partial<Pick<KeyValues, 'dbEnabled' | 'dbDriver' | 'dbDsn' | 'dbPath'>>;

/** A simulated backend on a real socket, a clock that stands still, and processes whose rounds a test calls. */
export class HealthWorld {
  readonly clock = new FakeClock();
  backend!: CodexBackend;
  readonly #processes: HealthProcess[] = [];

  static async open(accounts = 0): Promise<HealthWorld> {
    Logger.overrideLogger(false);
    const world = new HealthWorld();
    world.backend = await startCodexBackend({ clock: world.clock, accounts: 0 });
    for (let n = 1; n <= accounts; n++) world.backend.state.addAccount(createSandboxAccount(n, { now: world.clock.now() }));
    return world;
  }

  async process(keys: Partial<KeyValues> = {}, database: Config | DatabaseKeys = {}): Promise<HealthProcess> {
    const { oauthTokenUrl, baseUrl, usageUrl } = this.backend;
    const { dbEnabled, dbDriver, dbDsn, dbPath } = database;
    const where = Object.entries({ dbEnabled, dbDriver, dbDsn, dbPath }).filter(([, value]) => value !== undefined);
    const config = testConfig({ ...(Object.fromEntries(where) as DatabaseKeys), oauthTokenUrl, baseUrl, usageUrl, ...keys });
    const module = await Test.createTestingModule({
      imports: [ConfigurationModule.forRoot(config), CommonModule, ScheduleModule.forRoot(), DatabaseModule, AccountsModule, QuotaModule],
      providers: [AccountProbe, ProbeRounds, RecoveryRounds],
    })
      .overrideProvider(Clock)
      .useValue(this.clock)
      .compile();
    const made = view(module, this.backend);
    this.#processes.push(made);
    return made;
  }

  /** Calls of the usage endpoint so far. */
  get usageCalls(): RecordedRequest[] {
    return this.backend.requests.filter(({ path }) => path.endsWith('/wham/usage'));
  }

  /** Exchanges of refresh tokens so far. */
  get refreshes(): RecordedRequest[] {
    return this.backend.requests.filter(({ path }) => path === '/oauth/token');
  }

  async close(): Promise<void> {
    for (const process of this.#processes) await process.close();
    await this.backend.close();
  }
}

function view(module: TestingModule, backend: CodexBackend): HealthProcess {
  const get = <T>(type: new (...args: never[]) => T): T => module.get<T>(type, { strict: false });
  const rows = get(AccountRepository);
  const pool = get(AccountPool);
  let open = true;
  return {
    module,
    pool,
    rows,
    effects: get(AccountEffects),
    probe: get(AccountProbe),
    probes: get(ProbeRounds),
    recovery: get(RecoveryRounds),
    import: async (n, fields = {}) =>
      (await get(AccountsService).importAccounts([parseRecord({ ...recordOf(backend.state.current(n)), ...fields }, 1)]))[0]!.accountId,
    load: () => get(AccountLoader).start(),
    follow: async () => {
      await get(AccountFollower).follow([...pool.all()].map(({ id }) => id));
      await get(CooldownFollower).followAll();
    },
    written: () => get(AccountChangeWriter).flush(),
    row: async (id) => (await rows.findById(id))!,
    close: async () => {
      if (open) await module.close();
      open = false;
    },
  };
}
