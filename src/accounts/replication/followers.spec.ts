import { beforeEach, expect, it, jest } from '@jest/globals';
import { login } from '../../../test/support/account-files.js';
import { AccountStorage, accountStorage } from '../../../test/support/account-storage.js';
import { describeDatabases } from '../../../test/support/databases.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { testConfig } from '../../../test/support/test-config.js';
import { parseRecord } from '../files/account-record.js';
import { AccountFollower } from './account-follower.js';
import { CooldownFollower } from './cooldown-follower.js';

describeDatabases('following other processes', (database) => {
  let storage: AccountStorage;
  let clock: FakeClock;
  let id: string;

  beforeEach(async () => {
    clock = new FakeClock();
    storage = accountStorage(await database.open(), testConfig(), clock);
    const [imported] = await storage.service.importAccounts([parseRecord(login(1), 1)]);
    id = imported!.accountId;
  });

  /** The rows are read, and before they arrive the change is written. */
  const writtenMeanwhile = <Owner, Method extends keyof Owner>(owner: Owner, method: Method): void => {
    const read = (owner[method] as (...args: unknown[]) => Promise<unknown>).bind(owner);
    jest.spyOn(owner as Record<string, () => Promise<unknown>>, method as string).mockImplementationOnce(async (...args: unknown[]) => {
      const rows = await read(...args);
      await storage.changes.flush();
      return rows;
    });
  };

  it('does not take a cooldown back that was written while rows were read', async () => {
    const follower = new CooldownFollower(storage.cooldowns, storage.pool, storage.changes, clock);
    const cooldown = { accountId: id, model: '*', until: clock.now() + 1e6, since: clock.now(), cause: 'quota', source: 'test' } as const;
    storage.pool.applyCooldown(cooldown);
    storage.changes.enqueue({ kind: 'cooldown', cooldown });
    writtenMeanwhile(storage.cooldowns, 'findActive');
    await follower.followAll();
    expect(storage.changes.pending).toBe(0);
    expect(storage.pool.cooldowns(id)).toHaveLength(1);
    await storage.cooldowns.lift(id, '*');
    await follower.followAll();
    expect(storage.pool.cooldowns(id)).toEqual([]);
  });

  it('does not take a state back that was written while rows were read', async () => {
    const follower = new AccountFollower(storage.accounts, storage.pool, storage.changes, storage.cipher);
    storage.pool.setState(id, 'needs_login', 'why');
    const change = { kind: 'state', accountId: id, from: 'active', state: 'needs_login', reason: 'why', evidence: '' } as const;
    storage.changes.enqueue({ ...change, since: clock.now(), until: 0 });
    writtenMeanwhile(storage.accounts, 'findByIds');
    await follower.follow([id]);
    expect(storage.changes.pending).toBe(0);
    expect(storage.pool.get(id)!.state).toBe('needs_login');
    await storage.accounts.updateState(id, 'needs_login', { state: 'active', reason: '', evidence: '', since: 1, until: 0 });
    await follower.follow([id]);
    expect(storage.pool.get(id)!.state).toBe('active');
  });
});
