import { expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { login } from '../../../test/support/account-files.js';
import { accountStorage } from '../../../test/support/account-storage.js';
import { describeDatabases } from '../../../test/support/databases.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolAccount, quotaUsed } from '../../../test/support/pool-account.js';
import { testConfig } from '../../../test/support/test-config.js';
import { AccountCounterRepository } from '../../accounts/counters/account-counter.repository.js';
import { AccountCounters } from '../../accounts/counters/account-counters.service.js';
import { parseRecord } from '../../accounts/files/account-record.js';
import { AccountEffects } from '../../accounts/policy/account-effects.service.js';
import { AccountRepository } from '../../accounts/storage/account.repository.js';
import { StatsService } from './stats.service.js';

const QUERY = { page: 1, pageSize: 100, q: '', includeQuota: true, emails: true };

describeDatabases('StatsService', (database) => {
  const setup = async () => {
    const dataSource = await database.open();
    const clock = new FakeClock();
    const counters = new AccountCounters(new AccountCounterRepository(dataSource), clock);
    const { pool, service, changes } = accountStorage(dataSource, testConfig(), clock);
    const effects = new AccountEffects(pool, changes, testConfig(), clock);
    const stats = new StatsService(pool, counters, new AccountRepository(dataSource), effects, clock);
    return { dataSource, clock, pool, counters, service, changes, effects, stats };
  };

  it('says why an account does not serve', async () => {
    const { clock, pool, stats } = await setup();
    const now = clock.now();
    pool.upsert(poolAccount('a', { state: 'needs_login', stateReason: 'refresh_token_reused', stateSince: now }));
    pool.upsert(poolAccount('b', { accessToken: '', refreshable: true }));
    pool.upsert(poolAccount('c', { accessExpiresAt: now - 1, refreshable: false, ownership: 'shared' }));
    pool.upsert(poolAccount('d'));
    const base = { accountId: 'd', since: now, source: 'default' } as const;
    pool.applyCooldown({ ...base, model: '*', until: now + 1_000, cause: 'forbidden' });
    pool.applyCooldown({ ...base, model: 'gpt-5', until: now + 9_000, cause: 'rate_limit' });
    pool.upsert(poolAccount('e', { draining: true, quota: quotaUsed(now - 5_000, now + 60_000, 40, 75) }));
    const { accounts } = (await stats.stats(QUERY)) as { accounts: Record<string, unknown>[] };
    expect(accounts.map(({ status, reason }) => [status, reason])).toEqual([
      ['needs_login', 'refresh_token_reused'],
      ['active', 'waits for its token to be renewed'],
      ['active', 'its token has ended, and another program renews it'],
      ['cooling', 'forbidden'],
      ['active', 'draining'],
    ]);
    expect(accounts[4]!.quota).toMatchObject({ remaining_percent: 25, age_seconds: 5 });
    expect(JSON.stringify(accounts)).not.toContain('token-d');
  });

  it('finds accounts by the reason that it shows, also that of a cooldown', async () => {
    const { clock, pool, stats } = await setup();
    const now = clock.now();
    for (const id of ['a', 'b', 'c', 'd']) pool.upsert(poolAccount(id));
    pool.upsert(poolAccount('e', { state: 'disabled', stateReason: 'inferred:Deactivated_Workspace' }));
    const base = { since: now, until: now + 60_000, source: 'default' } as const;
    pool.applyCooldown({ ...base, accountId: 'b', model: '*', cause: 'payment' });
    pool.applyCooldown({ ...base, accountId: 'c', model: '*', cause: 'quota' });
    pool.applyCooldown({ ...base, accountId: 'd', model: 'gpt-5', cause: 'quota' });
    const found = async (q: string) => {
      const { accounts } = (await stats.stats({ ...QUERY, q })) as { accounts: { id: string }[] };
      return accounts.map(({ id }) => id);
    };
    expect(await found('payment')).toEqual(['b']);
    expect(await found('quota')).toEqual(['c']);
    expect(await found('deactivated_workspace')).toEqual(['e']);
  });

  it('shows what is in the trash to who asks for it, in every process, with reason and words', async () => {
    const { clock, pool, service, stats } = await setup();
    const ids = (await service.importAccounts([1, 2].map((n) => parseRecord(login(n), 1)))).map(({ accountId }) => accountId);
    const patch = { state: 'retired', reason: 'inferred:forbidden', evidence: 'words', since: clock.now(), until: 0 } as const;
    pool.setState(ids[0]!, 'retired', 'inferred:forbidden');
    await stats.stats(QUERY).then(({ total }) => expect(total).toBe(1));
    await service.changeState(ids[0]!, 'active', patch);
    expect(pool.get(ids[0]!)).toBeUndefined();
    expect(await stats.stats(QUERY)).toMatchObject({ total: 1 });
    const trash = await stats.stats({ ...QUERY, q: 'Retired' });
    const shown = { id: ids[0], status: 'retired', state: 'retired', reason: 'inferred:forbidden', evidence: 'words' };
    expect(trash).toMatchObject({ total: 1, accounts: [shown] });
    expect(JSON.stringify(trash)).not.toMatch(/eyJ|rt_/);
  });

  it('counts the verdicts that the guard against mass removal holds back', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { pool, effects, changes, stats } = await setup();
    for (let n = 0; n < 5; n++) pool.upsert(poolAccount(`a${n}`));
    expect(await stats.stats(QUERY)).toMatchObject({ summary: { guard: { alarm: false, held_back: 0, suspects: 0 } } });
    const checks = { inRow: 3, previousAt: 0, othersAnswered: true };
    for (let n = 0; n < 5; n++) effects.reportFailedChecks(`a${n}`, { kind: 'forbidden', code: null, message: 'no' }, checks);
    expect(await stats.stats(QUERY)).toMatchObject({ summary: { guard: { alarm: true, held_back: 2, suspects: 2 } } });
    await changes.flush();
    jest.restoreAllMocks();
  });

  it('hides the name of an account file, which holds the address, from whoever may not see addresses', async () => {
    const { clock, service, stats } = await setup();
    const [imported] = await service.importAccounts([parseRecord(login(1), 1)]);
    const evidence = 'codex-user1@example.com-plus.json was removed';
    const patch = { state: 'paused', reason: 'file_removed', evidence, since: clock.now(), until: 0 } as const;
    await service.changeState(imported!.accountId, 'active', patch);
    expect(JSON.stringify(await stats.stats({ ...QUERY, emails: false }))).not.toContain('user1@');
    expect(await stats.stats(QUERY)).toMatchObject({ accounts: [{ evidence }] });
  });

  it('hides addresses from whoever may not see them, and does not search them for them', async () => {
    const { pool, stats } = await setup();
    pool.upsert(poolAccount('id-1', { email: 'ann@example.com' }));
    const hidden = { ...QUERY, emails: false };
    expect(JSON.stringify(await stats.stats(hidden))).toContain('a***@example.com');
    expect(JSON.stringify(await stats.stats(hidden))).not.toContain('ann');
    expect(await stats.stats({ ...hidden, q: 'ann' })).toMatchObject({ total: 0 });
    expect(await stats.stats({ ...hidden, q: 'id-1' })).toMatchObject({ total: 1 });
  });

  it('answers from memory while the database is away', async () => {
    const { dataSource, pool, counters, stats } = await setup();
    pool.upsert(poolAccount('a'));
    counters.attempted('a', { kind: 'ok' });
    await dataSource.destroy();
    expect(await stats.stats(QUERY)).toMatchObject({ total: 1, summary: { requests: 1, complete: false, unwritten: 1 } });
  });

  it('pages through 20 000 accounts in milliseconds', async () => {
    const { clock, pool, counters, stats } = await setup();
    const now = clock.now();
    for (let n = 0; n < 20_000; n++) {
      const id = `account-${n}`;
      pool.upsert(poolAccount(id, { quota: quotaUsed(now, now + 60_000, n % 100) }));
      counters.attempted(id, { kind: 'ok' });
    }
    await counters.flush();
    const took: number[] = [];
    for (const query of [QUERY, { ...QUERY, page: 137 }, { ...QUERY, q: 'account-19' }, { ...QUERY, q: 'cooling' }, QUERY]) {
      const startedAt = performance.now();
      const text = JSON.stringify(await stats.stats(query));
      took.push(performance.now() - startedAt);
      expect(text).toContain('"requests":20000');
    }
    process.stdout.write(`20 000 accounts, /stats (${database.type}): ${took.map((ms) => ms.toFixed(0)).join(', ')} ms\n`);
    // The best of them, so that pauses of a busy machine do not count.
    expect(Math.min(...took)).toBeLessThan(50);
  });
});
