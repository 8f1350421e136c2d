import { Injectable, Logger } from '@nestjs/common';
import { AccountPool } from '../../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../../accounts/pool/pool-account.js';
import { AccountChangeWriter } from '../../accounts/storage/account-change.writer.js';
import { redactText } from '../../common/redact.js';
import { RefreshService } from '../../refresh/refresh.service.js';
import { LostLoginFiles } from './lost-login-files.service.js';
import { ReturnToService } from './return-to-service.service.js';

export interface Recovery {
  readonly id: string;
  readonly email: string;
  readonly result: 'recovered' | 'failed' | 'skipped';
  /** State of the account now. */
  readonly status: string;
  readonly reason: string;
  /** New names of its files, where they were renamed. */
  readonly renamed?: readonly string[];
}

/** One account back into service: its token is renewed now, whatever was said of it before, and only what the vendor says now counts. */
@Injectable()
export class AccountRecovery {
  private readonly logger = new Logger(AccountRecovery.name);

  constructor(
    private readonly pool: AccountPool,
    private readonly writer: AccountChangeWriter,
    private readonly refresh: RefreshService,
    private readonly service: ReturnToService,
    private readonly files: LostLoginFiles,
  ) {}

  /** Never rejects. */
  async recover(id: string): Promise<Recovery> {
    const account = this.pool.get(id);
    if (!account) return { id, email: '', result: 'skipped', status: 'gone', reason: 'the account is gone' };
    const obstacle = obstacleOf(account);
    if (obstacle) return this.#told(account, obstacle.result, obstacle.reason);
    try {
      return await this.#renew(account);
    } catch (error) {
      this.logger.warn({
        msg: 'account could not be recovered',
        accountId: id,
        error: error instanceof Error ? error.message : String(error),
      });
      return this.#told(account, 'failed', 'the database does not answer');
    }
  }

  async #renew(account: PoolAccount): Promise<Recovery> {
    const { id, tokenGeneration } = account;
    // A verdict that still waits to be written would take the account out of service again.
    if (this.writer.hasState(id)) await this.writer.flush();
    const needsProof = this.service.needsProof(id);
    const result = await this.refresh.renew(id, tokenGeneration, { force: true, recover: true });
    switch (result.kind) {
      case 'renewed':
        return this.#renewed(account, needsProof);
      case 'refused': {
        const renamed = await this.files.disable(id);
        const told = this.#told(account, 'failed', redactText(`${result.code}: ${result.message}`).slice(0, 300));
        return renamed.length > 0 ? { ...told, renamed } : told;
      }
      case 'unavailable':
        return this.#told(account, 'failed', redactText(result.reason));
    }
  }

  async #renewed(account: PoolAccount, needsProof: boolean): Promise<Recovery> {
    const { id } = account;
    if (await this.service.activate(id)) this.logger.log({ msg: 'account recovered', accountId: id });
    const doubt = needsProof ? await this.service.prove(id) : '';
    const now = this.pool.get(id);
    if (now === undefined) return this.#told(account, 'recovered', 'its login is that of another account here, which has the tokens now');
    if (now.state === 'active') return this.#told(account, 'recovered', doubt);
    return this.#told(account, 'failed', `its token was renewed, but the account is ${now.state} (${now.stateReason})`);
  }

  #told({ id, email }: PoolAccount, result: Recovery['result'], reason: string): Recovery {
    return { id, email, result, status: this.pool.get(id)?.state ?? 'gone', reason };
  }
}

function obstacleOf({ state, stateReason, ownership, refreshable }: PoolAccount): Pick<Recovery, 'result' | 'reason'> | null {
  if (ownership === 'shared') return { result: 'skipped', reason: 'somebody else renews this login (shared)' };
  if (state === 'paused' || state === 'retired')
    return { result: 'skipped', reason: `the account is ${state}${stateReason && ` (${stateReason})`}` };
  return refreshable ? null : { result: 'failed', reason: 'it has no refresh token: it needs a new login' };
}
