import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { recordOf, RefreshProcess, RefreshWorld } from '../../test/support/refresh-harness.js';
import { AccountFilesService } from '../accounts/files/account-files.service.js';
import { sandboxAccountFile } from '../sandbox/sandbox.seed.js';

const RENEWED = { kind: 'renewed' };

describe('whose tokens a refresh brings', () => {
  let world: RefreshWorld;
  let process: RefreshProcess;
  beforeEach(async () => {
    world = await RefreshWorld.open();
    process = await world.process();
  });
  afterEach(() => world.close());

  it('a bare refresh token learns who it is', async () => {
    const account = world.account(1);
    const id = await process.import({ refresh_token: account.refreshToken });
    expect(await process.refresh.renew(id, 1, { ifDue: true })).toEqual(RENEWED);
    const known = { chatgptAccountId: account.accountId, chatgptUserId: account.userId, email: account.email, plan: 'plus' };
    expect(await process.row(id)).toMatchObject({ ...known, tokenGeneration: 2 });
    expect(process.pool.get(id)).toMatchObject({ ...known, accessToken: world.backend.state.account(1).tokens.accessToken });
  });

  it('a bare refresh token of an account that exists is merged into it', async () => {
    const account = world.account(1);
    const id = await process.import(recordOf(account));
    const again = world.backend.state.signIn(1);
    const bare = await process.import({ refresh_token: again.refreshToken });
    expect(bare).not.toBe(id);
    expect(await process.refresh.renew(bare, 1, { ifDue: true })).toEqual(RENEWED);
    expect(await process.rows.findById(bare)).toBeNull();
    expect(process.pool.get(bare)).toBeUndefined();
    expect(process.pool.get(id)).toMatchObject({ tokenGeneration: 2, accessToken: world.backend.state.account(1).tokens.accessToken });
    expect(await process.storedRefreshToken(id)).toBe(world.backend.state.account(1).tokens.refreshToken);
  });

  it('tokens that name somebody else are stored as theirs, and never in this row', async () => {
    const mine = world.account(1);
    const theirs = world.account(2);
    const id = await process.import({ ...recordOf(mine), refresh_token: theirs.refreshToken });
    expect(await process.refresh.renew(id, 1)).toMatchObject({ kind: 'refused', code: 'identity_changed' });
    await process.settled();
    expect(await process.row(id)).toMatchObject({ state: 'needs_login', chatgptUserId: mine.userId, refreshIntentAt: 0, refreshOwner: '' });
    const other = await process.rows.findByIdentity(theirs.accountId, theirs.userId);
    expect(await process.storedRefreshToken(other!.id)).toBe(world.backend.state.account(2).tokens.refreshToken);
  });
});

describe('the file a renewed account came from', () => {
  let world: RefreshWorld;
  afterEach(() => world.close());

  const open = async (write: boolean): Promise<{ process: RefreshProcess; path: string; id: string }> => {
    world = await RefreshWorld.open();
    const authDir = join(world.dir, 'auths');
    mkdirSync(authDir);
    const { name, content } = sandboxAccountFile(world.account(1, { accessTokenLifeSec: -1 }));
    writeFileSync(join(authDir, name), content, { mode: 0o600 });
    const process = await world.process({ authDir, authDirWriteBack: write });
    await process.module.get(AccountFilesService, { strict: false }).start();
    return { process, path: join(authDir, name), id: [...process.pool.all()][0]!.id };
  };

  it('holds the new tokens, so that losing the database loses no login', async () => {
    const { process, path, id } = await open(true);
    expect(await process.sweep.run()).toEqual({ renewed: 1, refused: 0, unavailable: 0 });
    const { tokens } = world.backend.state.account(1);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      type: 'codex',
      refresh_token: tokens.refreshToken,
      access_token: tokens.accessToken,
      expired: new Date(tokens.accessTokenExpiresAt).toISOString(),
    });
    await process.module.get(AccountFilesService, { strict: false }).scan();
    expect(await process.row(id)).toMatchObject({ tokenGeneration: 2 });
  });

  it('stays as it is when write-back is off', async () => {
    const { process, path } = await open(false);
    const before = readFileSync(path, 'utf8');
    await process.sweep.run();
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});
