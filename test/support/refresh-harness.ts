import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test, TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { AccountChangeWriter } from '../../src/accounts/storage/account-change.writer.js';
import { AccountPool } from '../../src/accounts/pool/account-pool.service.js';
import { parseRecord } from '../../src/accounts/files/account-record.js';
import { AccountEntity } from '../../src/accounts/storage/account.entity.js';
import { AccountRepository } from '../../src/accounts/storage/account.repository.js';
import { AccountsModule } from '../../src/accounts/accounts.module.js';
import { AccountsService } from '../../src/accounts/accounts.service.js';
import { CredentialCipher } from '../../src/accounts/storage/credential-cipher.js';
import { Clock } from '../../src/common/clock.js';
import { CommonModule } from '../../src/common/common.module.js';
import type { KeyValues } from '../../src/config/config.js';
import { ConfigurationModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { RefreshLease } from '../../src/refresh/refresh-lease.js';
import { RefreshModule } from '../../src/refresh/refresh.module.js';
import { RefreshService } from '../../src/refresh/refresh.service.js';
import { RefreshSweep } from '../../src/refresh/refresh.sweep.js';
import { RescueService } from '../../src/refresh/rescue.service.js';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import type { RecordedRequest } from '../../src/sandbox/recorded-request.js';
import { createSandboxAccount, SandboxAccount, SandboxAccountOverrides } from '../../src/sandbox/sandbox-account.js';
import { FakeClock } from './fake-clock.js';
import { testConfig } from './test-config.js';

export const DAY_MS = 86_400_000;

/** One process's view of a database: the rooms that refresh a token, wired as in the program, without the rest of it. */
export interface RefreshProcess {
  readonly module: TestingModule;
  readonly refresh: RefreshService;
  readonly sweep: RefreshSweep;
  readonly rescues: RescueService;
  readonly pool: AccountPool;
  readonly rows: AccountRepository;
  readonly dataSource: DataSource;
  row(id: string): Promise<AccountEntity>;
  /** The refresh token that the database holds. */
  storedRefreshToken(id: string): Promise<string>;
  /** State changes are written behind. */
  settled(): Promise<void>;
  /** Takes a login in; returns its id. */
  import(record: object): Promise<string>;
  close(): Promise<void>;
}

/** A simulated backend, a clock that stands still, and processes that share a database. */
export class RefreshWorld {
  readonly clock = new FakeClock();
  readonly dir = mkdtempSync(join(tmpdir(), 'refresh-'));
  backend!: CodexBackend;
  private readonly processes: RefreshProcess[] = [];

  private constructor(private readonly keys: Partial<KeyValues>) {}

  static async open(keys: Partial<KeyValues> = {}): Promise<RefreshWorld> {
    Logger.overrideLogger(false);
    const world = new RefreshWorld(keys);
    world.backend = await startCodexBackend({ clock: world.clock, accounts: 0 });
    return world;
  }

  /** A process without its schedules: nothing happens that the test does not call. */
  async process(keys: Partial<KeyValues> = {}): Promise<RefreshProcess> {
    const { oauthTokenUrl, baseUrl, usageUrl } = this.backend;
    const config = testConfig({ dbPath: join(this.dir, 'gateway.db'), oauthTokenUrl, baseUrl, usageUrl, ...this.keys, ...keys });
    const module = await Test.createTestingModule({
      imports: [ConfigurationModule.forRoot(config), CommonModule, ScheduleModule.forRoot(), DatabaseModule, AccountsModule, RefreshModule],
    })
      .overrideProvider(Clock)
      .useValue(this.clock)
      .compile();
    // All of them live in one; the lease of "another process" must not look like one that this process left behind.
    Object.assign(module.get(RefreshLease, { strict: false }), { owner: `${process.ppid}@${hostname()}#${this.processes.length}` });
    const made = view(module);
    this.processes.push(made);
    return made;
  }

  /** Lets time pass, for the backend's pauses too, until the promise is settled. */
  async pass<T>(promise: Promise<T>, stepMs = 10): Promise<T> {
    let settled = false;
    const watch = promise.finally(() => (settled = true));
    watch.catch(() => undefined);
    while (!settled) {
      this.clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return watch;
  }

  /** The next call of the token endpoint has arrived there. */
  async tokenCall(count = 1): Promise<void> {
    await this.backend.waitFor(({ path }) => path === '/oauth/token' && this.tokenCalls.length >= count);
  }

  /** An account that the backend knows. */
  account(n: number, overrides: SandboxAccountOverrides = {}): SandboxAccount {
    const account = createSandboxAccount(n, { now: this.clock.now(), ...overrides });
    this.backend.state.addAccount(account);
    return account;
  }

  get tokenCalls(): RecordedRequest[] {
    return this.backend.requests.filter(({ path }) => path === '/oauth/token');
  }

  async close(): Promise<void> {
    await this.backend.close();
    for (const process of this.processes) await process.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What a credential file says of an account. */
export const recordOf = (account: SandboxAccount): Record<string, string> => ({
  access_token: account.accessToken,
  refresh_token: account.refreshToken,
  id_token: account.idToken,
});

function view(module: TestingModule): RefreshProcess {
  const rows = module.get(AccountRepository, { strict: false });
  const cipher = module.get(CredentialCipher, { strict: false });
  const row = async (id: string): Promise<AccountEntity> => (await rows.findById(id))!;
  let open = true;
  return {
    module,
    rows,
    row,
    refresh: module.get(RefreshService, { strict: false }),
    sweep: module.get(RefreshSweep, { strict: false }),
    rescues: module.get(RescueService, { strict: false }),
    pool: module.get(AccountPool, { strict: false }),
    dataSource: module.get(DataSource, { strict: false }),
    storedRefreshToken: async (id) => cipher.open(id, 'refresh_token', (await row(id)).refreshToken),
    settled: () => module.get(AccountChangeWriter, { strict: false }).flush(),
    import: async (record) => {
      const [imported] = await module.get(AccountsService, { strict: false }).importAccounts([parseRecord(record, 1)]);
      return imported!.accountId;
    },
    close: async () => {
      if (open) await module.close();
      open = false;
    },
  };
}
