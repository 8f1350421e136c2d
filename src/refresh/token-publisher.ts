import { Injectable, Logger } from '@nestjs/common';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import { AccountFilesService } from '../accounts/files/account-files.service.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { toPoolAccount } from '../accounts/storage/account-row.js';
import type { AccountEntity } from '../accounts/storage/account.entity.js';
import { AccountsService } from '../accounts/accounts.service.js';
import { CredentialCipher } from '../accounts/storage/credential-cipher.js';
import { messageOf } from './message-of.js';
import type { TokenSet } from './token-set.js';
import type { StoreResult } from './token-store.js';

/** Brings tokens into service: into the pool, and back into the file they came from. Cooldowns stay, unless they are another login's. */
@Injectable()
export class TokenPublisher {
  private readonly logger = new Logger(TokenPublisher.name);

  constructor(
    private readonly pool: AccountPool,
    private readonly cipher: CredentialCipher,
    private readonly files: AccountFilesService,
    private readonly accounts: AccountsService,
    private readonly effects: AccountEffects,
  ) {}

  /**
   * A row that this or another process has stored. The row was read before the call, so a state that the pool has come to
   * meanwhile is the newer one.
   */
  use(row: AccountEntity): void {
    const account = toPoolAccount(row, this.cipher);
    const known = this.pool.get(row.id);
    if (known) {
      const { state, stateReason, stateSince, draining } = known;
      Object.assign(account, { state, stateReason, stateSince, draining });
    }
    this.pool.upsert(account);
  }

  /** After the database has the tokens. Never rejects. */
  async publish(result: StoreResult, tokens: TokenSet, before: AccountEntity): Promise<void> {
    switch (result.kind) {
      case 'stored':
        this.use(result.row);
        await this.acquit(before, tokens);
        return this.files.writeBack(result.row.id, { ...tokens, chatgptAccountId: result.row.chatgptAccountId, email: result.row.email });
      case 'merged':
        await this.reload(result.accountId);
        this.pool.liftCooldown(result.accountId, '*', 'unauthorized');
        await this.reload(before.id);
        return this.files.writeBack(result.accountId, tokens);
      case 'foreign':
        this.effects.permanentRefusal(before.id, 'identity_changed', 'the renewed tokens name another account; they were stored there');
        return;
      case 'lost':
        return this.reload(before.id);
    }
  }

  /** Refused while these tokens waited to be stored: what another process was refused is the token that was spent for them. */
  private async acquit({ id, state, stateReason, stateSince }: AccountEntity, { lastRefreshAt }: TokenSet): Promise<void> {
    if (state !== 'needs_login' || stateSince < lastRefreshAt) return;
    try {
      await this.accounts.resume(id, state, stateReason);
    } catch (error) {
      this.logger.warn({ msg: 'account could not be brought back into service', accountId: id, error: messageOf(error) });
    }
  }

  private async reload(accountId: string): Promise<void> {
    try {
      await this.accounts.reload(accountId);
    } catch (error) {
      this.logger.warn({ msg: 'account could not be read again', accountId, error: messageOf(error) });
    }
  }
}
