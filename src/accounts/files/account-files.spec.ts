import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { accountFile, login, LoginOptions } from '../../../test/support/account-files.js';
import { AccountStorage, accountStorage, temporaryDirectory } from '../../../test/support/account-storage.js';
import { describeDatabases } from '../../../test/support/databases.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { Config } from '../../config/config.js';
import { tokenHashOf } from './account-record.js';
import { sealTokens } from '../storage/account-row.js';
import type { PoolAccount } from '../pool/pool-account.js';

const HOUR = 3_600_000;

describeDatabases('account files', (database) => {
  let directory: string;
  let removeDirectory: (this: void) => Promise<void>;
  let config: Config;
  let dataSource: DataSource;
  let storage: AccountStorage;
  let replicas: AccountStorage[] = [];
  const warnings: string[] = [];

  const at = (name: string): string => join(directory, name);
  const put = (name: string, n: number | string, options?: LoginOptions): void => writeFileSync(at(name), accountFile(n, options));
  const replica = (clock = new FakeClock()): AccountStorage => {
    const made = accountStorage(dataSource, config, clock);
    replicas.push(made);
    return made;
  };
  const find = (email: string, inStorage = storage): PoolAccount | undefined =>
    [...inStorage.pool.all()].find((account) => account.email === email);
  const user = (n: number | string, inStorage = storage): PoolAccount => find(`user${n}@example.com`, inStorage)!;
  /** What the refresh does: lease, new tokens, generation + 1. */
  const rotate = async (id: string, serial: string): Promise<ReturnType<typeof login>> => {
    const row = (await storage.accounts.findById(id))!;
    const now = storage.clock.now();
    const renewed = login(0, { account: row.chatgptAccountId, user: row.chatgptUserId, email: row.email, issuedAt: now, serial });
    const plain = { accessToken: renewed.access_token, refreshToken: renewed.refresh_token, idToken: renewed.id_token };
    const { tokenGeneration: generation } = row;
    await storage.accounts.claimRefresh(id, { owner: 'test', generation, now, leaseUntil: now + HOUR });
    const sealed = sealTokens(storage.cipher, id, plain);
    await storage.accounts.commitTokens(id, 'test', generation, { ...sealed, accessExpiresAt: now + HOUR, lastRefreshAt: now });
    await storage.service.reload(id);
    await storage.files.writeBack(id, { ...plain, accessExpiresAt: now + HOUR, lastRefreshAt: now });
    return renewed;
  };
  const refreshTokenOf = async (id: string): Promise<string> => {
    const row = (await storage.accounts.findById(id))!;
    return storage.cipher.open(id, 'refresh_token', row.refreshToken);
  };

  beforeEach(async () => {
    ({ path: directory, remove: removeDirectory } = await temporaryDirectory());
    config = Object.assign(Object.create(Object.getPrototypeOf(await database.emptyDatabase())), await database.emptyDatabase(), {
      authDir: directory,
      authScanInterval: 86_400,
    }) as Config;
    dataSource = await database.open(config);
    storage = replica();
    warnings.length = 0;
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((entry: unknown) => void warnings.push((entry as { msg: string }).msg));
    jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
  });
  afterEach(async () => {
    for (const made of replicas) await made.files.beforeApplicationShutdown();
    replicas = [];
    jest.restoreAllMocks();
    await removeDirectory();
  });

  it('loads every file of the directory, and what is wrong in one does not keep the others out', async () => {
    put('a.json', 1);
    put('b.json.disabled', 2);
    writeFileSync(at('claude.json'), '{"type":"claude","access_token":"x"}');
    writeFileSync(at('broken.json'), '{\n"access_token": "sk-secret');
    writeFileSync(at('list.json'), `[${accountFile(3)},${accountFile(4)}]`);
    mkdirSync(at('folder.json'));
    await storage.files.start();
    expect([...storage.pool.all()].map(({ email }) => email).sort()).toEqual([1, 3, 4].map((n) => `user${n}@example.com`));
    expect(user(1)).toMatchObject({
      state: 'active',
      accessToken: login(1).access_token,
      refreshable: true,
      plan: 'plus',
      tokenGeneration: 1,
    });
    await storage.files.scan();
    await storage.files.scan();
    expect(warnings.filter((line) => line.includes('line'))).toEqual([
      'account file claude.json, line 1: type "claude" is not a Codex account',
      'account file broken.json, line 2: malformed JSON at line 2, column 27',
    ]);
    expect(warnings.join()).not.toContain('sk-secret');
  });

  it('has the accounts of a file that another replica took in after this one had read the database', async () => {
    const late = replica();
    put('a.json', 1);
    await storage.files.start();
    await late.files.start();
    expect(user(1, late)).toMatchObject({ state: 'active', accessToken: login(1).access_token });
  });

  it('takes in a new file while running, without being asked', async () => {
    await storage.files.start();
    put('late.json', 'late');
    while (!find('userlate@example.com')) await setImmediate();
    expect(user('late').state).toBe('active');
  });

  it('takes a new login from a changed file', async () => {
    put('a.json', 1);
    await storage.files.start();
    put('a.json', 1, { issuedAt: 1_799_500_000_000 });
    await storage.files.scan();
    expect(user(1)).toMatchObject({ tokenGeneration: 2, accessToken: login(1, { issuedAt: 1_799_500_000_000 }).access_token });
  });

  it('never lets a stale token of a file overwrite a newer one of the database', async () => {
    config = Object.assign(Object.create(Object.getPrototypeOf(config)), config, { authDirWriteBack: false }) as Config;
    storage = replica();
    put('a.json', 1);
    await storage.files.start();
    const renewed = await rotate(user(1).id, 'second');
    writeFileSync(at('a.json'), JSON.stringify({ ...JSON.parse(accountFile(1)), note: 'edited' }));
    await storage.files.scan();
    put('copy.json', 1);
    await storage.files.scan();
    expect(await refreshTokenOf(user(1).id)).toBe(renewed.refresh_token);
    expect(user(1)).toMatchObject({ state: 'active', tokenGeneration: 2 });
    const restarted = replica();
    await restarted.loader.start();
    await restarted.loader.whenLoaded;
    expect(user(1, restarted).accessToken).toBe(renewed.access_token);
  });

  it.each([
    ['old.json', 'new.json'],
    ['z-old.json', 'a-new.json'],
  ])('takes of two logins issued in the same second the one that ends later (%s, %s)', async (old, young) => {
    const issuedAt = 1_799_000_000_000;
    put(old, 1, { issuedAt, expiresAt: issuedAt + 3_600_000, serial: 'old' });
    put(young, 1, { issuedAt, expiresAt: issuedAt + 7_200_000, serial: 'new' });
    await storage.files.start();
    expect(await refreshTokenOf(user(1).id)).toBe(login(1, { issuedAt, serial: 'new' }).refresh_token);
  });

  it('lets a new login end needs_login', async () => {
    put('a.json', 1);
    await storage.files.start();
    const dead = { state: 'needs_login', reason: 'refresh_token_reused', evidence: '', since: 1, until: 0 } as const;
    await storage.service.changeState(user(1).id, 'active', dead);
    put('a.json', 1, { issuedAt: 1_799_500_000_000 });
    await storage.files.scan();
    expect(user(1).state).toBe('active');
  });

  it('waits for a file that is being rewritten, and reports it only when it stays broken', async () => {
    put('a.json', 1);
    await storage.files.start();
    const whole = accountFile(1, { issuedAt: 1_799_500_000_000 });
    writeFileSync(at('a.json'), whole.slice(0, 300));
    await storage.files.scan();
    expect(warnings).toEqual([]);
    writeFileSync(at('a.json'), whole);
    await storage.files.scan();
    expect(warnings).toEqual([]);
    expect(user(1).tokenGeneration).toBe(2);
    writeFileSync(at('a.json'), whole.slice(0, 300));
    for (let n = 0; n < 4; n++) await storage.files.scan();
    expect(warnings).toEqual([expect.stringMatching(/a\.json, line 1: malformed/)]);
    expect(user(1).state).toBe('active');
  });

  it('pauses the account of a removed file, and its return resumes it', async () => {
    put('a.json', 1);
    put('b.json', 2);
    await storage.files.start();
    renameSync(at('a.json'), at('a.json.disabled'));
    await storage.files.scan();
    expect(user(1)).toMatchObject({ state: 'paused', stateReason: 'file_removed' });
    expect(user(2).state).toBe('active');
    renameSync(at('a.json.disabled'), at('a.json'));
    await storage.files.scan();
    expect(user(1)).toMatchObject({ state: 'active', stateReason: '' });
  });

  it('follows a removal and a return later when the database is away at that moment', async () => {
    put('a.json', 1);
    put('b.json', 2);
    await storage.files.start();
    const changeState = jest.spyOn(storage.service, 'changeState');
    rmSync(at('a.json'));
    changeState.mockRejectedValueOnce(new Error('the database is away'));
    await storage.files.scan();
    await storage.files.scan();
    expect(user(1)).toMatchObject({ state: 'paused', stateReason: 'file_removed' });
    put('a.json', 1);
    changeState.mockRejectedValueOnce(new Error('the database is away'));
    await storage.files.scan();
    await storage.files.scan();
    expect(user(1).state).toBe('active');
  });

  it('does not resume what an operator has paused', async () => {
    put('a.json', 1);
    put('b.json', 2);
    await storage.files.start();
    await storage.service.changeState(user(1).id, 'active', { state: 'paused', reason: 'operator', evidence: '', since: 1, until: 0 });
    renameSync(at('a.json'), at('a.off'));
    await storage.files.scan();
    renameSync(at('a.off'), at('a.json'));
    await storage.files.scan();
    expect(user(1)).toMatchObject({ state: 'paused', stateReason: 'operator' });
  });

  it('follows a renamed file, and an account that leaves a list', async () => {
    put('a.json', 1);
    writeFileSync(at('list.json'), `[${accountFile(2)},${accountFile(3)}]`);
    await storage.files.start();
    renameSync(at('a.json'), at('z.json'));
    writeFileSync(at('list.json'), `[${accountFile(3)}]`);
    await storage.files.scan();
    expect([1, 2, 3].map((n) => user(n).state)).toEqual(['active', 'paused', 'active']);
  });

  it('pauses nobody when the directory is empty, missing or unreadable, and says so once', async () => {
    put('a.json', 1);
    await storage.files.start();
    rmSync(at('a.json'));
    await storage.files.scan();
    await storage.files.scan();
    expect(user(1).state).toBe('active');
    expect(warnings).toEqual([expect.stringMatching(/holds no account files any more/)]);
    rmSync(directory, { recursive: true });
    await storage.files.scan();
    await storage.files.scan();
    expect(user(1).state).toBe('active');
    expect(warnings.slice(1)).toEqual([expect.stringMatching(/does not exist/)]);
    mkdirSync(directory);
    put('b.json', 2);
    await storage.files.scan();
    expect(user(1).state).toBe('paused');
    expect(user(2).state).toBe('active');
  });

  it('counts only files that this instance has seen', async () => {
    put('a.json', 1);
    put('b.json', 2);
    await storage.files.start();
    rmSync(at('a.json'));
    const other = replica();
    await other.loader.start();
    await other.loader.whenLoaded;
    // The database of SQLite belongs to one machine: an earlier run of it has seen the file. A replica on Postgres has its own files.
    expect(user(1, other).state).toBe(database.type === 'sqlite' ? 'paused' : 'active');
  });

  it('writes renewed tokens back, durably private, and does not read its own write as news', async () => {
    writeFileSync(
      at('auth.json'),
      JSON.stringify({ OPENAI_API_KEY: null, tokens: login(1), last_refresh: '2026-01-01T00:00:00Z' }, null, 2),
      { mode: 0o644 },
    );
    await storage.files.start();
    expect(warnings).toEqual([expect.stringMatching(/auth\.json is a login of the official CLI/)]);
    const renewed = await rotate(user(1).id, 'second');
    const written = JSON.parse(readFileSync(at('auth.json'), 'utf8'));
    expect(written.tokens).toMatchObject({ access_token: renewed.access_token, refresh_token: renewed.refresh_token });
    expect(written.OPENAI_API_KEY).toBeNull();
    expect(statSync(at('auth.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['auth.json']);
    await storage.files.scan();
    expect(user(1).tokenGeneration).toBe(2);
    const third = await rotate(user(1).id, 'third');
    expect(readFileSync(at('auth.json'), 'utf8')).toContain(third.refresh_token);
  });

  it('brings everything back from the files when the database is lost', async () => {
    put('a.json', 1);
    await storage.files.start();
    const renewed = await rotate(user(1).id, 'second');
    config = Object.assign(Object.create(Object.getPrototypeOf(config)), await database.emptyDatabase(), { authDir: directory }) as Config;
    dataSource = await database.open(config);
    storage = replica();
    await storage.files.start();
    expect(await refreshTokenOf(user(1).id)).toBe(renewed.refresh_token);
  });

  it('does not write into a file that has changed since it was read, nor into a list', async () => {
    put('a.json', 1);
    writeFileSync(at('list.json'), `[${accountFile(2)},${accountFile(3)}]`);
    await storage.files.start();
    const edited = `${accountFile(1)}\n`;
    writeFileSync(at('a.json'), edited);
    await rotate(user(1).id, 'second');
    await rotate(user(2).id, 'second');
    expect(readFileSync(at('a.json'), 'utf8')).toBe(edited);
    expect(readFileSync(at('list.json'), 'utf8')).toBe(`[${accountFile(2)},${accountFile(3)}]`);
  });

  it('imports disabled accounts paused and follows when the file enables them', async () => {
    writeFileSync(at('a.json'), JSON.stringify({ ...login(1), disabled: true }));
    await storage.files.start();
    expect(user(1)).toMatchObject({ state: 'paused', stateReason: 'file_disabled' });
    put('a.json', 1);
    await storage.files.scan();
    expect(user(1).state).toBe('active');
  });

  it('does not spend a bare refresh token twice when another copy of the file turns up', async () => {
    writeFileSync(at('a.json'), '{"refresh_token":"rt_bare","email":"bare@example.com"}');
    await storage.files.start();
    const { id } = find('bare@example.com')!;
    const now = storage.clock.now();
    await storage.accounts.claimRefresh(id, { owner: 'test', generation: 1, now, leaseUntil: now + HOUR });
    const sealed = sealTokens(storage.cipher, id, { accessToken: 'a', refreshToken: 'rt_next', idToken: '' });
    const identity = { chatgptAccountId: 'real', chatgptUserId: 'real' };
    await storage.accounts.commitTokens(id, 'test', 1, { ...sealed, accessExpiresAt: 0, lastRefreshAt: now, identity });
    writeFileSync(at('b.json'), '{"refresh_token":"rt_bare"}');
    await storage.files.scan();
    expect(storage.pool.size).toBe(1);
    expect(await refreshTokenOf(id)).toBe('rt_next');
    expect((await storage.fileRows.findByAccount(id)).map(({ tokenHash }) => tokenHash)).toEqual([
      tokenHashOf('rt_bare'),
      tokenHashOf('rt_bare'),
    ]);
  });

  it('takes the newer of two logins of one account that stand in different files', async () => {
    const [older, newer] = [1_798_000_000_000, 1_799_000_000_000];
    put('a.json', 1, { issuedAt: newer });
    put('b.json', 1, { issuedAt: older });
    put('c.json', 2, { issuedAt: older });
    put('d.json', 2, { issuedAt: newer });
    await storage.files.start();
    expect(await refreshTokenOf(user(1).id)).toBe(login(1, { issuedAt: newer }).refresh_token);
    expect(await refreshTokenOf(user(2).id)).toBe(login(2, { issuedAt: newer }).refresh_token);
  });

  it('makes one account of a bare refresh token that stands in several files at once', async () => {
    const { refresh_token, account_id } = login(1);
    writeFileSync(at('a.json'), JSON.stringify({ refresh_token }));
    writeFileSync(at('b.json'), JSON.stringify({ refresh_token, account_id, type: 'codex' }));
    put('c.json', 2);
    writeFileSync(at('d.json'), JSON.stringify({ refresh_token: login(2).refresh_token }));
    await storage.files.start();
    expect(storage.pool.size).toBe(2);
    rmSync(at('d.json'));
    await storage.files.scan();
    expect(user(2).state).toBe('active');
  });

  it('leaves out links that lead out of the directory, and huge files, with a warning', async () => {
    const outside = await temporaryDirectory();
    writeFileSync(join(outside.path, 'x.json'), accountFile(9));
    symlinkSync(join(outside.path, 'x.json'), at('x.json'));
    put('real.data', 1);
    symlinkSync('real.data', at('inside.json'));
    put('huge.json', 8);
    truncateSync(at('huge.json'), 17 * 1024 * 1024);
    await storage.files.start();
    await outside.remove();
    expect([...storage.pool.all()].map(({ email }) => email)).toEqual(['user1@example.com']);
    expect(warnings.sort()).toEqual([expect.stringMatching(/symbolic link/), expect.stringMatching(/larger than 16 MB/)].sort());
  });

  it('stores each account once when two replicas read the same files at once', async () => {
    for (let n = 0; n < 120; n++) put(`${n}.json`, n);
    const two = [storage, replica()];
    await Promise.all(two.map(({ files }) => files.start()));
    expect(two.map(({ pool }) => pool.size)).toEqual([120, 120]);
    expect(await storage.accounts.findAllPage('', 1_000)).toHaveLength(120);
    expect(user(7, two[0]).id).toBe(user(7, two[1]).id);
  });
});
