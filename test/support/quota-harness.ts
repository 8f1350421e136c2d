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
import { Clock } from '../../src/common/clock.js';
import { CommonModule } from '../../src/common/common.module.js';
import type { Config, KeyValues } from '../../src/config/config.js';
import { ConfigurationModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { QuotaCheckService } from '../../src/quota/quota-check.service.js';
import { QuotaModule } from '../../src/quota/quota.module.js';
import { QuotaSweep } from '../../src/quota/quota.sweep.js';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import type { RecordedRequest } from '../../src/sandbox/recorded-request.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { FakeClock } from './fake-clock.js';
import { recordOf } from './refresh-harness.js';
import { testConfig } from './test-config.js';

/** One process's rooms that deal with quota, wired as in the program, without its schedules. */
export interface QuotaProcess {
  readonly module: TestingModule;
  readonly pool: AccountPool;
  readonly effects: AccountEffects;
  readonly checks: QuotaCheckService;
  readonly sweep: QuotaSweep;
  /** Takes account number `n` of the backend in; returns its id. */
  import(n: number): Promise<string>;
  /** As at the start of a process. */
  load(): Promise<void>;
  /** What the notices of the database bring about within milliseconds. */
  follow(ids: readonly string[]): Promise<void>;
  /** What was enqueued is in the database. */
  written(): Promise<void>;
  close(): Promise<void>;
}

/** A simulated backend on a real socket, with a clock that stands still, and processes that ask it. */
export class QuotaWorld {
  readonly clock = new FakeClock();
  backend!: CodexBackend;
  readonly #processes: QuotaProcess[] = [];

  static async open(): Promise<QuotaWorld> {
    Logger.overrideLogger(false);
    const world = new QuotaWorld();
    world.backend = await startCodexBackend({ clock: world.clock, accounts: 0 });
    return world;
  }

  async process(database: Config | Partial<KeyValues>, keys: Partial<KeyValues> = {}): Promise<QuotaProcess> {
    const { oauthTokenUrl, baseUrl, usageUrl } = this.backend;
    const { dbEnabled, dbDriver, dbDsn, dbPath } = database;
    const given = Object.entries({ dbEnabled, dbDriver, dbDsn, dbPath }).filter(([, value]) => value !== undefined);
    const config = testConfig({ ...(Object.fromEntries(given) as Partial<KeyValues>), oauthTokenUrl, baseUrl, usageUrl, ...keys });
    const module = await Test.createTestingModule({
      imports: [ConfigurationModule.forRoot(config), CommonModule, ScheduleModule.forRoot(), DatabaseModule, AccountsModule, QuotaModule],
    })
      .overrideProvider(Clock)
      .useValue(this.clock)
      .compile();
    const made = this.#view(module);
    this.#processes.push(made);
    return made;
  }

  /** Accounts that the backend knows. */
  accounts(count: number): void {
    for (let n = 1; n <= count; n++) this.backend.state.addAccount(createSandboxAccount(n, { now: this.clock.now() }));
  }

  /** Calls of the usage endpoint so far. */
  get usageCalls(): RecordedRequest[] {
    return this.backend.requests.filter(({ path }) => path.endsWith('/wham/usage'));
  }

  async close(): Promise<void> {
    for (const process of this.#processes) await process.close();
    await this.backend.close();
  }

  #view(module: TestingModule): QuotaProcess {
    const get = <T>(type: new (...args: never[]) => T): T => module.get<T>(type, { strict: false });
    const service = get(AccountsService);
    let open = true;
    return {
      module,
      pool: get(AccountPool),
      effects: get(AccountEffects),
      checks: get(QuotaCheckService),
      sweep: get(QuotaSweep),
      import: async (n) => (await service.importAccounts([parseRecord(recordOf(this.backend.state.current(n)), 1)]))[0]!.accountId,
      load: () => get(AccountLoader).start(),
      follow: async (ids) => {
        await get(AccountFollower).follow(ids);
        await get(CooldownFollower).follow(ids);
      },
      written: () => get(AccountChangeWriter).flush(),
      close: async () => {
        if (open) await module.close();
        open = false;
      },
    };
  }
}
