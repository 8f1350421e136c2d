import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { describeDatabases } from '../../../test/support/databases.js';
import { login } from '../../../test/support/account-files.js';
import { AccountFileEntity } from '../files/account-file.entity.js';
import { AccountFileRepository } from '../files/account-file.repository.js';
import { parseRecord } from '../files/account-record.js';
import { newAccountRow } from './account-row.js';
import type { TokenCommit } from './account-token.types.js';
import { AccountEntity } from './account.entity.js';
import { AccountRepository } from './account.repository.js';
import { CredentialCipher } from './credential-cipher.js';
import { RefreshCandidateRepository } from './refresh-candidate.repository.js';

const cipher = new CredentialCipher(randomBytes(32));
const now = Date.now();
const rowOf = (value: unknown): AccountEntity => newAccountRow(parseRecord(value, 1), cipher, now);
const commit = (patch: Partial<TokenCommit> = {}): TokenCommit => ({
  accessToken: 'sealed access',
  refreshToken: 'sealed refresh',
  idToken: 'sealed id',
  accessExpiresAt: now + 1_000_000,
  lastRefreshAt: now,
  ...patch,
});
const fileOf = (name: string): AccountFileEntity => ({
  ...{ path: `/auths/${name}.json`, accountId: 'a', contentHash: 'c', tokenHash: 't', single: true, seenAt: now, removedAt: 0 },
});
const claim = (owner: string, patch = {}) => ({ owner, generation: 1, leaseUntil: now + 60_000, now, ...patch });

describeDatabases('AccountRepository', (database) => {
  const setUp = async (
    ...rows: AccountEntity[]
  ): Promise<{ accounts: AccountRepository; candidates: RefreshCandidateRepository; dataSource: DataSource }> => {
    const dataSource = await database.open();
    const accounts = new AccountRepository(dataSource);
    await accounts.insertMany(rows);
    return { accounts, candidates: new RefreshCandidateRepository(dataSource), dataSource };
  };

  it('gives back what was stored, page by page', async () => {
    const rows = Array.from({ length: 7 }, (_, n) => rowOf(login(n)));
    const { accounts } = await setUp(...rows);
    const first = await accounts.findAllPage('', 4);
    const second = await accounts.findAllPage(first.at(-1)!.id, 4);
    const byId = (a: AccountEntity, b: AccountEntity): number => (a.id < b.id ? -1 : 1);
    expect([...first, ...second].map((row) => ({ ...row }))).toEqual([...rows].sort(byId));
  });

  it('keeps members of one workspace and one person in two workspaces apart, and takes each identity once', async () => {
    const rows = [
      rowOf(login(1, { account: 'team', user: 'ann' })),
      rowOf(login(2, { account: 'team', user: 'bob' })),
      rowOf(login(3, { account: 'home', user: 'ann' })),
    ];
    const { accounts } = await setUp(...rows);
    await accounts.insertMany([rowOf(login(9, { account: 'team', user: 'ann' }))]);
    expect((await accounts.findByUserIds(['ann', 'bob'])).map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());
    expect((await accounts.findByIdentity('team', 'ann'))?.id).toBe(rows[0]!.id);
  });

  it('changes a state only from the one that the writer saw', async () => {
    const row = rowOf(login(1));
    const { accounts } = await setUp(row);
    const pause = { state: 'paused', reason: 'operator', evidence: '', since: now, until: 0 } as const;
    expect(await accounts.updateState(row.id, 'active', pause)).toBe(1);
    expect(await accounts.updateState(row.id, 'active', pause)).toBe(0);
    const resume = { ...pause, state: 'active', reason: '' } as const;
    expect(await accounts.updateState(row.id, 'paused', resume, 'file_removed')).toBe(0);
    expect(await accounts.updateState(row.id, ['paused', 'disabled'], resume, 'operator')).toBe(1);
  });

  it('takes the same accounts and files in from several replicas at once, in whatever order each of them reads', async () => {
    const config = await database.emptyDatabase();
    const replicas = await Promise.all([1, 2, 3].map(() => database.open(config)));
    const logins = Array.from({ length: 300 }, (_, n) => login(n));
    for (let round = 0; round < 4; round++) {
      const imports = replicas.map(async (replica, k) => {
        const order = k === 0 ? logins : k === 1 ? [...logins].reverse() : logins.map((_, i) => logins[(i * 7) % 300]!);
        const rows = order.map((entry) => rowOf(entry));
        for (const row of rows) row.chatgptUserId = `${row.chatgptUserId} ${round}`;
        await new AccountRepository(replica).insertMany(rows);
        await new AccountFileRepository(replica).put(rows.map((row) => fileOf(row.chatgptUserId)));
      });
      await Promise.all(imports);
    }
    expect(await replicas[0]!.getRepository(AccountEntity).count()).toBe(1_200);
  });

  it('lets exactly one of many replicas claim a refresh', async () => {
    const row = rowOf(login(1));
    const config = await database.emptyDatabase();
    const replicas = await Promise.all([1, 2, 3].map(() => database.open(config)));
    await new AccountRepository(replicas[0]!).insertMany([row]);
    const won = await Promise.all(
      replicas.flatMap((replica, n) => [1, 2].map((k) => new AccountRepository(replica).claimRefresh(row.id, claim(`replica ${n} ${k}`)))),
    );
    expect(won.filter((count) => count === 1)).toHaveLength(1);
    expect(won.filter((count) => count === 0)).toHaveLength(5);
  });

  it('keeps the lease until it has run out, by the clock of the database', async () => {
    const row = rowOf(login(1));
    const { accounts } = await setUp(row);
    expect(await accounts.claimRefresh(row.id, claim('a', { leaseUntil: now + 60_000 }))).toBe(1);
    expect(await accounts.claimRefresh(row.id, claim('b'))).toBe(0);
    expect(await accounts.extendRefresh(row.id, 'b', now - 1_000, now)).toBe(0);
    expect(await accounts.extendRefresh(row.id, 'a', now - 1_000, now)).toBe(1);
    expect(await accounts.claimRefresh(row.id, claim('b'))).toBe(1);
    expect(await accounts.extendRefresh(row.id, 'b', now - 30_000, now)).toBe(1);
    expect(await accounts.claimRefresh(row.id, claim('c', { silentForMs: 60_000 }))).toBe(0);
    expect(await accounts.claimRefresh(row.id, claim('c', { silentForMs: 20_000 }))).toBe(1);
    expect(await accounts.seizeRefresh(row.id, claim('b', { generation: 2 }))).toBe(0);
    expect(await accounts.seizeRefresh(row.id, claim('b'))).toBe(1);
    if (database.type === 'postgres') {
      const { refreshLeaseUntil } = (await accounts.findById(row.id))!;
      // A caller whose clock is a year off gets a lease of a minute all the same.
      await accounts.releaseRefresh(row.id, 'b', { now });
      await accounts.claimRefresh(row.id, claim('c', { now: 1_000, leaseUntil: 61_000 }));
      expect(Math.abs((await accounts.findById(row.id))!.refreshLeaseUntil - refreshLeaseUntil)).toBeLessThan(30_000);
    }
  });

  it('goes through intent and commit, and lets nobody else in between', async () => {
    const row = rowOf(login(1));
    const { accounts, candidates } = await setUp(row);
    await accounts.claimRefresh(row.id, claim('a'));
    expect(await accounts.recordIntent(row.id, 'b', 1, 'hash', now)).toBe(0);
    expect(await accounts.recordIntent(row.id, 'a', 2, 'hash', now)).toBe(0);
    expect(await accounts.recordIntent(row.id, 'a', 1, 'hash', now)).toBe(1);
    expect((await candidates.openIntents(now, 10)).map(({ id, refreshIntentAt }) => [id, refreshIntentAt])).toEqual([[row.id, now]]);
    expect(await candidates.openIntents(now, 10, row.id)).toEqual([]);
    expect(await accounts.commitTokens(row.id, 'b', 1, commit())).toBe(0);
    expect(await accounts.commitTokens(row.id, 'a', 1, commit({ labels: { plan: 'pro' } }))).toBe(1);
    expect(await accounts.commitTokens(row.id, 'a', 1, commit())).toBe(0);
    expect(await accounts.findById(row.id)).toMatchObject({
      tokenGeneration: 2,
      accessToken: 'sealed access',
      plan: 'pro',
      email: row.email,
      refreshOwner: '',
      refreshLeaseUntil: 0,
      refreshIntent: '',
      refreshIntentAt: 0,
    });
  });

  it('leaves an intent whose end is unknown to recovery alone', async () => {
    const row = rowOf(login(1, { expiresAt: now }));
    const { accounts, candidates } = await setUp(row);
    await accounts.claimRefresh(row.id, claim('a'));
    await accounts.recordIntent(row.id, 'a', 1, 'hash', now);
    expect(await accounts.releaseRefresh(row.id, 'a', { failure: true, keepIntent: true, notBefore: now, now })).toBe(1);
    expect(await accounts.claimRefresh(row.id, claim('b'))).toBe(0);
    expect(await candidates.due(now, now + 1, 10)).toEqual([]);
    expect(await accounts.claimRefresh(row.id, claim('b', { recovery: true }))).toBe(1);
    expect(await accounts.releaseRefresh(row.id, 'b', { failure: true, now })).toBe(1);
    expect(await accounts.findById(row.id)).toMatchObject({ refreshFailures: 2, refreshIntent: '', refreshOwner: '' });
  });

  it('finds what is due: active, ours, near its end or of unknown life, not backing off, soonest first', async () => {
    const due = rowOf(login('due', { expiresAt: now + 5_000 }));
    const unknown = { ...rowOf(login('unknown')), accessExpiresAt: 0 };
    const fresh = rowOf(login('fresh', { expiresAt: now + 50_000 }));
    const shared = rowOf({ ...login('shared', { expiresAt: now }), ownership: 'shared' });
    const bare = rowOf({ access_token: login('bare', { expiresAt: now + 1 }).access_token });
    const paused = { ...rowOf(login('paused', { expiresAt: now })), state: 'paused' as const };
    const waiting = { ...rowOf(login('waiting', { expiresAt: now })), refreshNotBefore: now + 1 };
    const { accounts, candidates } = await setUp(due, unknown, fresh, shared, bare, paused, waiting);
    expect((await candidates.due(now, now + 10_000, 10)).map(({ id }) => id)).toEqual([unknown.id, due.id]);
    const [first] = await candidates.due(now, now + 10_000, 1);
    expect((await candidates.due(now, now + 10_000, 10, first)).map(({ id }) => id)).toEqual([due.id]);
    await accounts.claimRefresh(unknown.id, claim('a'));
    expect((await candidates.due(now, now + 10_000, 10)).map(({ id }) => id)).toEqual([due.id]);
  });

  it('does not let an import overwrite tokens that are being renewed at this moment', async () => {
    const row = rowOf(login(1));
    const { accounts } = await setUp(row);
    const { email, plan, fedramp, ownership } = row;
    const replacement = { ...commit({ accessToken: 'imported' }), email, plan, fedramp, ownership };
    await accounts.claimRefresh(row.id, claim('a'));
    expect(await accounts.replaceTokens(row.id, 1, replacement, now)).toBe(0);
    await accounts.releaseRefresh(row.id, 'a', { now });
    expect(await accounts.replaceTokens(row.id, 2, replacement, now)).toBe(0);
    expect(await accounts.replaceTokens(row.id, 1, replacement, now)).toBe(1);
    expect(await accounts.findById(row.id)).toMatchObject({ tokenGeneration: 2, accessToken: 'imported' });
  });

  it('merges a bare refresh token into the account that it turns out to be, with everything that pointed at it', async () => {
    const known = { ...rowOf(login('known')), state: 'needs_login' as const };
    const bare = rowOf({ refresh_token: 'rt_bare' });
    const { accounts, dataSource } = await setUp(known, bare);
    const file = { contentHash: 'h', tokenHash: 't', single: true, seenAt: now, removedAt: 0 };
    await dataSource.getRepository(AccountFileEntity).insert([
      { path: '/a/bare.json', accountId: bare.id, ...file },
      { path: '/a/both.json', accountId: bare.id, ...file },
      { path: '/a/both.json', accountId: known.id, ...file },
    ]);
    const merge = { provisionalId: bare.id, targetId: known.id, owner: 'a', generation: 1, tokens: commit(), now };
    expect(await accounts.mergeProvisional(merge)).toBe(0);
    expect(await accounts.findById(known.id)).toMatchObject({ tokenGeneration: 1, accessToken: known.accessToken });
    await accounts.claimRefresh(bare.id, claim('a'));
    await accounts.claimRefresh(known.id, claim('other'));
    expect(await accounts.mergeProvisional(merge)).toBe(0);
    await accounts.releaseRefresh(known.id, 'other', { now });
    expect(await accounts.mergeProvisional(merge)).toBe(1);
    expect(await accounts.findById(bare.id)).toBeNull();
    expect(await accounts.findById(known.id)).toMatchObject({ tokenGeneration: 2, accessToken: 'sealed access', state: 'active' });
    const files = await dataSource.getRepository(AccountFileEntity).find({ order: { path: 'ASC' } });
    expect(files.map(({ path, accountId }) => [path, accountId])).toEqual([
      ['/a/bare.json', known.id],
      ['/a/both.json', known.id],
    ]);
  });

  it('rejects a commit that names an identity which another row has', async () => {
    const known = rowOf(login('known'));
    const bare = rowOf({ refresh_token: 'rt_bare' });
    const { accounts } = await setUp(known, bare);
    await accounts.claimRefresh(bare.id, claim('a'));
    const identity = { chatgptAccountId: known.chatgptAccountId, chatgptUserId: known.chatgptUserId };
    await expect(accounts.commitTokens(bare.id, 'a', 1, commit({ identity }))).rejects.toThrow();
    expect(await accounts.commitTokens(bare.id, 'a', 1, commit({ identity: { ...identity, chatgptUserId: 'new' } }))).toBe(1);
  });

  it('keeps the latest quota reading of each account', async () => {
    const rows = [rowOf(login(1)), rowOf(login(2))];
    const { accounts } = await setUp(...rows);
    const at = (instant: number) => ({ windows: [], plan: null, credits: null, at: instant });
    await accounts.saveQuotas(rows.map(({ id }) => ({ accountId: id, snapshot: at(now) })));
    await accounts.saveQuotas([{ accountId: rows[0]!.id, snapshot: at(now - 1) }]);
    expect(JSON.parse((await accounts.findById(rows[0]!.id))!.quota)).toEqual(at(now));
  });
});
