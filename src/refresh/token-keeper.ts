import { Injectable } from '@nestjs/common';
import type { PlainTokens } from '../accounts/storage/account-row.js';
import type { AccountEntity } from '../accounts/storage/account.entity.js';
import { crashPoint } from '../common/crash-points.js';
import type { HeldLease } from './refresh-lease.js';
import type { RefreshResult } from './refresh-result.js';
import { RescueService } from './rescue.service.js';
import { TokenPublisher } from './token-publisher.js';
import type { TokenSet } from './token-set.js';
import { StoreResult, TokenStore } from './token-store.js';

const RENEWED: RefreshResult = { kind: 'renewed' };

/** From the vendor's answer to tokens in service: in the database, or at least in a rescue file, before anybody uses them. */
@Injectable()
export class TokenKeeper {
  constructor(
    private readonly store: TokenStore,
    private readonly rescues: RescueService,
    private readonly publisher: TokenPublisher,
  ) {
    rescues.whenStored((result, tokens, row) => this.publisher.publish(result, tokens, row));
  }

  /** Room for the tokens that a call will bring. False: the call must not be made. Never rejects. */
  prepare(accountId: string): Promise<boolean> {
    return this.rescues.prepare(accountId);
  }

  /** After the call, whatever came of it. Never rejects. */
  relax(accountId: string): Promise<void> {
    return this.rescues.relax(accountId);
  }

  /** Whether the newest tokens of the account still wait for the database. */
  isWaiting(accountId: string): boolean {
    return this.rescues.has(accountId);
  }

  /** @throws SealedSecretError when the row is sealed with another key or damaged. */
  read(row: AccountEntity): PlainTokens & { accessExpiresAt: number } {
    return this.store.read(row);
  }

  /** What another process has renewed. */
  adopt(row: AccountEntity): RefreshResult {
    this.publisher.use(row);
    return RENEWED;
  }

  /** Never rejects: a database that does not take the tokens gets them later. */
  async keep(lease: HeldLease, tokens: TokenSet): Promise<RefreshResult> {
    const result = await this.store.store(lease, tokens).catch((): StoreResult => ({ kind: 'lost' }));
    if (result.kind === 'lost') return this.rescue(lease, tokens);
    crashPoint('after-commit');
    await this.publisher.publish(result, tokens, lease.row);
    return result.kind === 'foreign'
      ? { kind: 'refused', code: 'identity_changed', message: 'the renewed tokens name another account' }
      : RENEWED;
  }

  /** Only this process uses them until they are stored. */
  private async rescue(lease: HeldLease, tokens: TokenSet): Promise<RefreshResult> {
    await this.rescues.keep(lease, tokens);
    this.publisher.use(this.store.preview(lease, tokens));
    return RENEWED;
  }
}
