import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { describeDatabases } from '../../../test/support/databases.js';
import { login } from '../../../test/support/account-files.js';
import { parseRecord } from '../files/account-record.js';
import { AccountRecheckRepository } from './account-recheck.repository.js';
import { newAccountRow } from './account-row.js';
import type { AccountEntity } from './account.entity.js';
import { AccountRepository } from './account.repository.js';
import { CredentialCipher } from './credential-cipher.js';
import { inferredReason } from './state-reason.js';

const HOUR = 3_600_000;
const now = 1_800_000_000_000;
const cipher = new CredentialCipher(randomBytes(32));
const rows = (count: number): AccountEntity[] =>
  Array.from({ length: count }, (_, n) => newAccountRow(parseRecord(login(n), 1), cipher, now));
const lost = (since = now, until = 0) =>
  ({ state: 'disabled', reason: inferredReason('forbidden'), evidence: 'words', since, until }) as const;

describeDatabases('accounts that verdicts take out of service', (database) => {
  const setUp = async (count: number, replicas = 1) => {
    const config = await database.emptyDatabase();
    const sources = await Promise.all(Array.from({ length: replicas }, () => database.open(config)));
    const accounts = sources.map((source) => new AccountRepository(source));
    const all = rows(count);
    await accounts[0]!.insertMany(all);
    return { ids: all.map(({ id }) => id), accounts, rechecks: sources.map((source) => new AccountRecheckRepository(source)) };
  };

  it('are never more than allowed within an hour, however many replicas decide at once', async () => {
    const { ids, accounts } = await setUp(24, 3);
    const taken = await Promise.all(ids.map((id, n) => accounts[n % 3]!.takeOut(id, 'active', lost(), 5)));
    expect(taken.filter((count) => count === 1)).toHaveLength(5);
    const states = await accounts[1]!.findByIds(ids);
    expect(states.filter(({ state, takenOutAt }) => state === 'disabled' && takenOutAt === now)).toHaveLength(5);
  });

  it('count for an hour also when they come back, and each of them once', async () => {
    const { ids, accounts } = await setUp(4);
    const [repository] = accounts as [AccountRepository];
    const [a, b, c] = ids as [string, string, string];
    const back = { state: 'active', reason: '', evidence: '', since: now + 1, until: 0 } as const;
    for (const id of [a, b]) expect(await repository.takeOut(id, 'active', lost(), 2)).toBe(1);
    expect(await repository.updateState(a, 'disabled', back, inferredReason('forbidden'))).toBe(1);
    expect(await repository.takeOut(c, 'active', lost(now + 2), 2)).toBe(0);
    expect(await repository.takeOut(a, 'active', lost(now + 2), 2)).toBe(1);
    expect(await repository.takeOut(c, 'active', lost(now + HOUR), 2)).toBe(1);
  });

  it('leave only from the state that was seen', async () => {
    const { ids, accounts } = await setUp(1);
    const pause = { state: 'paused', reason: 'operator', evidence: '', since: now, until: 0 } as const;
    await accounts[0]!.updateState(ids[0]!, 'active', pause);
    expect(await accounts[0]!.takeOut(ids[0]!, 'active', lost(), 3)).toBe(0);
    expect(await accounts[0]!.findById(ids[0]!)).toMatchObject({ state: 'paused', takenOutAt: 0 });
  });

  it('are asked about again when it is time, by one replica, and only if that was inferred', async () => {
    const { ids, accounts, rechecks } = await setUp(4, 2);
    const [repository] = accounts as [AccountRepository];
    const [first, second, said] = ids as [string, string, string];
    await repository.takeOut(first, 'active', lost(now, now + 20), 9);
    await repository.takeOut(second, 'active', { ...lost(now, now + 10), state: 'needs_login' }, 9);
    await repository.updateState(said, 'active', {
      state: 'needs_login',
      reason: 'account_deactivated',
      evidence: '',
      since: now,
      until: 0,
    });
    expect(await rechecks[0]!.due(now + 9, 10)).toEqual([]);
    const due = await rechecks[0]!.due(now + 20, 10);
    expect(due.map(({ id }) => id)).toEqual([second, first]);
    expect((await rechecks[0]!.due(now + 20, 1)).map(({ id }) => id)).toEqual([second]);
    const claims = await Promise.all(rechecks.map((recheck) => recheck.claim(due[0]!, now + HOUR)));
    expect(claims.sort()).toEqual([false, true]);
    expect((await rechecks[1]!.due(now + 20, 10)).map(({ id }) => id)).toEqual([first]);
  });

  it('are not asked about again once an operator has decided', async () => {
    const { ids, accounts, rechecks } = await setUp(1);
    await accounts[0]!.takeOut(ids[0]!, 'active', lost(), 3);
    const [due] = await rechecks[0]!.due(now, 1);
    await accounts[0]!.updateState(ids[0]!, 'disabled', { state: 'disabled', reason: 'operator', evidence: '', since: now, until: 0 });
    expect(await rechecks[0]!.claim(due!, now + 1)).toBe(false);
    expect(await rechecks[0]!.due(now, 1)).toEqual([]);
  });
});
