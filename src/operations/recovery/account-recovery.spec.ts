import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { recordOf, RefreshProcess, RefreshWorld } from '../../../test/support/refresh-harness.js';
import { AccountFileDisabler } from '../../accounts/files/account-file-disabler.js';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { AccountState } from '../../accounts/storage/account.entity.js';
import { AccountChangeWriter } from '../../accounts/storage/account-change.writer.js';
import { testConfig } from '../../../test/support/test-config.js';
import type { QuotaCheck, QuotaCheckService } from '../../quota/quota-check.service.js';
import { AccountRecovery } from './account-recovery.service.js';
import { LostLoginFiles } from './lost-login-files.service.js';
import { ReturnToService } from './return-to-service.service.js';

const WORKS = { outcome: { kind: 'ok' }, snapshot: null, fromCache: false } as unknown as QuotaCheck;

describe('AccountRecovery', () => {
  let world: RefreshWorld;
  let one: RefreshProcess;
  let recovery: AccountRecovery;
  let accounts: AccountsService;
  const check = jest.fn<QuotaCheckService['check']>();

  beforeEach(async () => {
    world = await RefreshWorld.open();
    one = await world.process();
    accounts = one.module.get(AccountsService, { strict: false });
    const writer = one.module.get(AccountChangeWriter, { strict: false });
    const back = new ReturnToService(one.pool, accounts, { check } as unknown as QuotaCheckService, world.clock);
    const disabler = one.module.get(AccountFileDisabler, { strict: false });
    const files = new LostLoginFiles(testConfig({ recoverAuthRenameDisabled: true }), accounts, writer, disabler);
    recovery = new AccountRecovery(one.pool, writer, one.refresh, back, files);
    check.mockReset().mockResolvedValue(WORKS);
  });
  afterEach(() => world.close());

  const inState = async (state: AccountState, reason = 'because'): Promise<string> => {
    const id = await one.import(recordOf(world.account(1)));
    await accounts.changeState(id, 'active', { state, reason, evidence: 'words', since: 1, until: 0 });
    return id;
  };

  it.each(['needs_login', 'disabled'] as const)(
    'brings an account back from %s, in database and pool, and has it proved',
    async (state) => {
      const id = await inState(state);
      expect(await world.pass(recovery.recover(id))).toMatchObject({ result: 'recovered', status: 'active', reason: '' });
      expect(await one.row(id)).toMatchObject({ state: 'active', stateReason: '', stateEvidence: '', tokenGeneration: 2 });
      expect(one.pool.get(id)).toMatchObject({ state: 'active', tokenGeneration: 2 });
      expect(check).toHaveBeenCalledWith(id, { force: true });
    },
  );

  it('renews a healthy account as well, without asking further', async () => {
    const id = await one.import(recordOf(world.account(1)));
    expect(await world.pass(recovery.recover(id))).toMatchObject({ result: 'recovered', status: 'active' });
    expect(check).not.toHaveBeenCalled();
  });

  it('has an account proved that rests because its token was refused, and tells a doubt that is left', async () => {
    const id = await one.import(recordOf(world.account(1)));
    const until = world.clock.now() + 600_000;
    one.pool.applyCooldown({ accountId: id, model: '*', until, since: 0, cause: 'unauthorized', source: 'default' });
    check.mockResolvedValue({ ...(WORKS as object), outcome: { kind: 'forbidden', code: null, message: '' } } as QuotaCheck);
    expect(await world.pass(recovery.recover(id))).toMatchObject({
      result: 'recovered',
      reason: 'the usage endpoint answered: forbidden',
    });
  });

  it('leaves paused and shared accounts alone', async () => {
    const id = await inState('paused', 'file_removed');
    expect(await recovery.recover(id)).toMatchObject({ result: 'skipped', reason: 'the account is paused (file_removed)' });
    const shared = await one.import({ ...recordOf(world.account(2)), ownership: 'shared' });
    expect(await recovery.recover(shared)).toMatchObject({ result: 'skipped' });
    expect(await recovery.recover('nobody')).toMatchObject({ result: 'skipped', status: 'gone' });
    expect(world.tokenCalls).toHaveLength(0);
  });

  it('changes nothing when the token endpoint is away, or the refusal is final', async () => {
    const id = await inState('disabled', 'forbidden');
    world.backend.state.next('500', { endpoint: 'token' });
    expect(await world.pass(recovery.recover(id))).toMatchObject({ result: 'failed', status: 'disabled' });
    expect(await one.row(id)).toMatchObject({ state: 'disabled', stateReason: 'forbidden' });
    world.backend.state.always('expired', { endpoint: 'token' });
    let last = await world.pass(recovery.recover(id));
    if (!last.reason.includes('refresh_token_expired')) last = await world.pass(recovery.recover(id));
    expect(last).toMatchObject({ result: 'failed', status: 'disabled' });
    expect(await one.row(id)).toMatchObject({ state: 'disabled' });
  });

  it('respects what an operator has done meanwhile', async () => {
    const id = await inState('needs_login');
    world.backend.state.next('ok,tail=500', { endpoint: 'token' });
    const recovering = recovery.recover(id);
    await world.tokenCall();
    await one.rows.updateState(id, 'needs_login', { state: 'paused', reason: 'operator', evidence: '', since: 2, until: 0 });
    await accounts.reload(id);
    expect(await world.pass(recovering)).toMatchObject({
      result: 'failed',
      status: 'paused',
      reason: 'its token was renewed, but the account is paused (operator)',
    });
    expect(await one.row(id)).toMatchObject({ state: 'paused', tokenGeneration: 2 });
  });

  it('spends no token while the database is away', async () => {
    const id = await inState('needs_login');
    await one.dataSource.destroy();
    expect(await recovery.recover(id)).toMatchObject({ result: 'failed', status: 'needs_login', reason: 'the database does not answer' });
    expect(world.tokenCalls).toHaveLength(0);
  });
});
