import { setImmediate } from 'node:timers/promises';
import { beforeEach, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { login } from '../../../test/support/account-files.js';
import { AccountStorage, accountStorage } from '../../../test/support/account-storage.js';
import { describeDatabases } from '../../../test/support/databases.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { testConfig } from '../../../test/support/test-config.js';
import { parseRecord } from '../files/account-record.js';
import type { AccountState } from './account.entity.js';
import type { AccountChange, Cooldown } from '../pool/pool-account.js';

describeDatabases('AccountChangeWriter', (database) => {
  let clock: FakeClock;
  let storage: AccountStorage;
  let id: string;
  let dataSource: DataSource;

  beforeEach(async () => {
    clock = new FakeClock();
    dataSource = await database.open();
    storage = accountStorage(dataSource, testConfig(), clock);
    const [imported] = await storage.service.importAccounts([parseRecord(login(1), 1)]);
    id = imported!.accountId;
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });

  const state = (from: AccountState, to: AccountState): AccountChange => ({
    ...{ kind: 'state', accountId: id, from, state: to, reason: 'why', evidence: 'words' },
    ...{ since: clock.now(), until: 0 },
  });
  const cooldown = (until: number, model = '*'): Cooldown => ({
    accountId: id,
    model,
    until,
    since: clock.now(),
    cause: 'quota',
    source: 'resets_at',
  });
  const quota = (at: number) => ({ windows: [], plan: 'plus', credits: null, at });
  /** As after a failover, or a disk that was mounted again. */
  const readOnly = async (on: boolean): Promise<void> => {
    if (database.type === 'sqlite') return void (await dataSource.query(`PRAGMA query_only = ${on ? 'ON' : 'OFF'}`));
    await dataSource.query(`ALTER SYSTEM SET default_transaction_read_only = ${on ? 'on' : 'off'}`);
    await dataSource.query('SELECT pg_reload_conf()');
    const isSo = async (): Promise<boolean> => {
      const [row] = await dataSource.query<{ transaction_read_only: string }[]>('SHOW transaction_read_only');
      return row!.transaction_read_only === (on ? 'on' : 'off');
    };
    while (!(await isSo())) await setImmediate();
  };
  /** Lets time pass in small steps until everything is written. */
  const settle = async (): Promise<void> => {
    while (storage.changes.pending > 0) {
      await setImmediate();
      clock.advance(100);
    }
    // What is told to the pool comes after the last write.
    await storage.changes.flush();
  };

  it('writes states and cooldowns', async () => {
    storage.changes.enqueue(state('active', 'needs_login'));
    storage.changes.enqueue({ kind: 'cooldown', cooldown: cooldown(clock.now() + 1e6) });
    storage.changes.enqueue({ kind: 'cooldown', cooldown: cooldown(clock.now() + 2e6, 'gpt-5') });
    expect(storage.changes.pending).toBe(3);
    await storage.changes.flush();
    expect(storage.changes.pending).toBe(0);
    expect(await storage.accounts.findById(id)).toMatchObject({ state: 'needs_login', stateReason: 'why', stateEvidence: 'words' });
    expect(await storage.cooldowns.findActive(clock.now())).toHaveLength(2);
    storage.changes.enqueue({ kind: 'cooldown', cooldown: cooldown(clock.now() + 3e6) });
    storage.changes.enqueue({ kind: 'cooldown_lifted', accountId: id, model: 'gpt-5' });
    await storage.changes.flush();
    const left = await storage.cooldowns.findActive(clock.now());
    expect(left.map(({ model, until }) => [model, until])).toEqual([['*', clock.now() + 3e6]]);
  });

  it('waits, merges and catches up while the database is away', async () => {
    const updateState = jest
      .spyOn(storage.accounts, 'updateState')
      .mockRejectedValueOnce(new Error('away'))
      .mockRejectedValueOnce(new Error('away'));
    storage.changes.enqueue(state('active', 'disabled'));
    await setImmediate();
    expect(storage.changes.healthy).toBe(false);
    storage.changes.enqueue(state('disabled', 'active'));
    storage.changes.enqueue(state('active', 'needs_login'));
    expect(storage.changes.pending).toBe(1);
    await settle();
    expect(storage.changes.healthy).toBe(true);
    expect(updateState).toHaveBeenCalledTimes(3);
    expect((await storage.accounts.findById(id))!.state).toBe('needs_login');
  });

  it('gives up a change that is wrong in itself, and goes on with the others', async () => {
    storage.changes.enqueue({
      kind: 'cooldown',
      cooldown: { ...cooldown(clock.now() + 1e6), cause: null as unknown as Cooldown['cause'] },
    });
    storage.changes.enqueue(state('active', 'disabled'));
    await settle();
    expect(storage.changes.dropped).toBe(1);
    expect((await storage.accounts.findById(id))!.state).toBe('disabled');
  });

  it('keeps every change, however long the database only answers questions', async () => {
    const put = jest.spyOn(storage.cooldowns, 'put');
    await readOnly(true);
    storage.changes.enqueue({ kind: 'cooldown', cooldown: cooldown(clock.now() + 1e6) });
    storage.changes.enqueue(state('active', 'disabled'));
    while (put.mock.calls.length < 8) {
      await setImmediate();
      clock.advance(100);
    }
    expect(storage.changes.healthy).toBe(false);
    await readOnly(false);
    await settle();
    expect(storage.changes.dropped).toBe(0);
    expect((await storage.accounts.findById(id))!.state).toBe('disabled');
    expect(await storage.cooldowns.findActive(clock.now())).toHaveLength(1);
  });

  it('writes the others while one change fails again and again', async () => {
    jest.spyOn(storage.cooldowns, 'put').mockRejectedValue(new Error('not now'));
    storage.changes.enqueue({ kind: 'cooldown', cooldown: cooldown(clock.now() + 1e6) });
    storage.changes.enqueue(state('active', 'disabled'));
    while (storage.changes.pending > 1) {
      await setImmediate();
      clock.advance(100);
    }
    expect((await storage.accounts.findById(id))!.state).toBe('disabled');
  });

  it('gives way to an operator who was first, and lets the pool know', async () => {
    await storage.accounts.updateState(id, 'active', { state: 'paused', reason: 'operator', evidence: '', since: 1, until: 0 });
    storage.pool.setState(id, 'needs_login', 'why');
    storage.changes.enqueue(state('active', 'needs_login'));
    await storage.changes.flush();
    expect((await storage.accounts.findById(id))!.state).toBe('paused');
    expect(storage.pool.get(id)).toMatchObject({ state: 'paused', stateReason: 'operator' });
  });

  it('lets the pool know what it has written, where the row was read before that', async () => {
    jest.spyOn(storage.accounts, 'updateState').mockRejectedValueOnce(new Error('away'));
    storage.pool.setState(id, 'needs_login', 'why');
    storage.changes.enqueue(state('active', 'needs_login'));
    await setImmediate();
    await storage.service.reload(id);
    expect(storage.pool.get(id)!.state).toBe('active');
    await settle();
    expect((await storage.accounts.findById(id))!.state).toBe('needs_login');
    expect(storage.pool.get(id)).toMatchObject({ state: 'needs_login', stateReason: 'why' });
  });

  it('writes quota readings together, the latest of each account, once in ten seconds', async () => {
    const save = jest.spyOn(storage.accounts, 'saveQuotas');
    for (let n = 1; n <= 5; n++) storage.changes.enqueue({ kind: 'quota', accountId: id, snapshot: quota(n) });
    await setImmediate();
    expect(save).not.toHaveBeenCalled();
    clock.advance(10_000);
    await settle();
    expect(save).toHaveBeenCalledTimes(1);
    expect(JSON.parse((await storage.accounts.findById(id))!.quota)).toEqual(quota(5));
  });

  it('writes quota readings as soon as the database is back, not a whole interval later', async () => {
    jest.spyOn(storage.accounts, 'saveQuotas').mockRejectedValueOnce(new Error('away'));
    storage.changes.enqueue({ kind: 'quota', accountId: id, snapshot: quota(1) });
    clock.advance(10_000);
    while (storage.changes.healthy) await setImmediate();
    await setImmediate();
    clock.advance(250);
    while (storage.changes.pending > 0) await setImmediate();
    expect(storage.changes.healthy).toBe(true);
    expect((await storage.accounts.findById(id))!.quotaAt).toBe(1);
  });

  it('writes readings that spare other processes a question within a third of a second, without the others', async () => {
    const [other] = await storage.service.importAccounts([parseRecord(login(2), 1)]);
    storage.changes.enqueue({ kind: 'quota', accountId: other!.accountId, snapshot: quota(1) });
    storage.changes.enqueue({ kind: 'quota', accountId: id, snapshot: quota(2), soon: true });
    clock.advance(300);
    while (storage.changes.pending > 1) await setImmediate();
    expect((await storage.accounts.findById(id))!.quotaAt).toBe(2);
    expect((await storage.accounts.findById(other!.accountId))!.quota).toBe('');
    await settle();
    expect((await storage.accounts.findById(other!.accountId))!.quotaAt).toBe(1);
  });

  it('writes what is waiting when the service ends', async () => {
    storage.changes.enqueue({ kind: 'quota', accountId: id, snapshot: quota(1) });
    storage.changes.enqueue({ kind: 'ciphertext_owner', hash: 'h', accountId: id, at: 1 });
    await storage.changes.onApplicationShutdown();
    expect(storage.changes.pending).toBe(0);
    expect(await storage.owners.findOwners(['h', 'x'])).toEqual(new Map([['h', id]]));
  });
});
