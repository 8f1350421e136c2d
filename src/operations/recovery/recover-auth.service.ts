import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AccountFileRegistry } from '../../accounts/files/account-file-registry.js';
import { AccountPool } from '../../accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../../accounts/pool/pool-account.js';
import { Clock } from '../../common/clock.js';
import { GatewayError } from '../../common/gateway-error.js';
import { Config } from '../../config/config.js';
import { accountFilePath } from './account-file-path.js';
import { AccountRecovery, Recovery } from './account-recovery.service.js';
import type { RecoverRequest } from './recover-request.js';

/** Which accounts an operator means, and their recovery, `refresh-concurrency` at a time. */
@Injectable()
export class RecoverAuth {
  #all: Promise<Recovery[]> | null = null;

  constructor(
    private readonly pool: AccountPool,
    private readonly registry: AccountFileRegistry,
    private readonly recovery: AccountRecovery,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** Resolves when every account has had its turn. @throws GatewayError where the request names no account */
  async run(request: RecoverRequest): Promise<Recovery[]> {
    if ('all' in request) return (this.#all ??= this.#everybody().finally(() => (this.#all = null)));
    const accounts = 'email' in request ? this.#byEmail(request.email) : await this.#byFile(request.filePath);
    return this.#each(accounts, ({ id }) => this.recovery.recover(id));
  }

  /** Healthy accounts are left alone: each refresh spends a token, and thousands of them are no recovery. */
  #everybody(): Promise<Recovery[]> {
    return this.#each([...this.pool.all()], async (account) => {
      if (account.state === 'paused' || this.#isAiling(account)) return this.recovery.recover(account.id);
      const { id, email, state } = account;
      return { id, email, result: 'skipped', status: state, reason: 'it needs no recovery' };
    });
  }

  /** It is out of service, its token was refused, or its token has ended. */
  #isAiling({ id, state, accessToken, accessExpiresAt }: PoolAccount): boolean {
    if (state === 'needs_login' || state === 'disabled') return true;
    const ended = accessToken === '' || (accessExpiresAt > 0 && accessExpiresAt <= this.clock.now());
    return ended || this.pool.restingCooldown(id)?.cause === 'unauthorized';
  }

  #byEmail(email: string): PoolAccount[] {
    const wanted = email.toLowerCase();
    const found = [...this.pool.all()].filter((account) => account.email.toLowerCase() === wanted);
    if (found.length > 0) return found;
    throw new GatewayError('not_found', 'No account has this address.', { param: 'email', code: 'account_not_found' });
  }

  async #byFile(named: string): Promise<PoolAccount[]> {
    const path = await accountFilePath(this.config.authDir, named);
    const file = this.registry.get(resolve(path));
    const found = file?.removed ? [] : (file?.accountIds ?? []).flatMap((id) => this.pool.get(id) ?? []);
    if (found.length > 0) return found;
    throw new GatewayError('not_found', 'No account was taken in from this file.', { param: 'file_path', code: 'account_not_found' });
  }

  async #each(accounts: readonly PoolAccount[], recover: (account: PoolAccount) => Promise<Recovery>): Promise<Recovery[]> {
    const results: Recovery[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < accounts.length) {
        const at = next++;
        results[at] = await recover(accounts[at]!);
        if (at % 100 === 99) await setImmediate();
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.config.refreshConcurrency, accounts.length) }, worker));
    return results;
  }
}
