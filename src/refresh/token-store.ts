import { Injectable, Logger } from '@nestjs/common';
import { claimsOfTokens, TokenClaims } from '../accounts/files/account-jwt.js';
import { isProvisional, parseRecord } from '../accounts/files/account-record.js';
import { PlainTokens, sealTokens } from '../accounts/storage/account-row.js';
import type { TokenCommit, TokenLabels } from '../accounts/storage/account-token.types.js';
import type { AccountEntity } from '../accounts/storage/account.entity.js';
import { AccountRepository } from '../accounts/storage/account.repository.js';
import { AccountsService } from '../accounts/accounts.service.js';
import { CredentialCipher } from '../accounts/storage/credential-cipher.js';
import { Clock } from '../common/clock.js';
import type { HeldLease } from './refresh-lease.js';
import { compareIdentity, Identity, TokenSet } from './token-set.js';

export type StoreResult =
  /** `row`: as it stands in the database now. */
  | { readonly kind: 'stored'; readonly row: AccountEntity }
  /** They stand in the row of the account that they name, which existed already; the provisional one is gone. */
  | { readonly kind: 'merged'; readonly accountId: string }
  /** They name another account: they were stored there, and this one has no valid token any more. */
  | { readonly kind: 'foreign' }
  /** The row has moved on, or another process holds the lease. Nothing was written. */
  | { readonly kind: 'lost' };

/** Puts new tokens into the database, durably, into the row of the account that they name. Rejects when the database is away. */
@Injectable()
export class TokenStore {
  private readonly logger = new Logger(TokenStore.name);

  constructor(
    private readonly accounts: AccountRepository,
    private readonly importer: AccountsService,
    private readonly cipher: CredentialCipher,
    private readonly clock: Clock,
  ) {}

  /** @throws SealedSecretError when the row is sealed with another key or damaged. */
  read(row: AccountEntity): PlainTokens & { accessExpiresAt: number } {
    return {
      accessToken: this.cipher.open(row.id, 'access_token', row.accessToken),
      refreshToken: this.cipher.open(row.id, 'refresh_token', row.refreshToken),
      idToken: this.cipher.open(row.id, 'id_token', row.idToken),
      accessExpiresAt: row.accessExpiresAt,
    };
  }

  /** The tokens' own row, changed only in memory, for use while the database is away. */
  preview({ row }: HeldLease, tokens: TokenSet): AccountEntity {
    const { labels, ...columns } = this.sealed(row.id, tokens, claimsOfTokens(tokens.accessToken, tokens.idToken));
    return { ...row, ...columns, ...labels, tokenGeneration: row.tokenGeneration + 1 };
  }

  async store(lease: HeldLease, tokens: TokenSet): Promise<StoreResult> {
    const claims = claimsOfTokens(tokens.accessToken, tokens.idToken);
    const verdict = compareIdentity(lease.row, claims);
    switch (verdict.kind) {
      case 'same':
        return this.commit(lease, tokens, claims);
      case 'learnt':
        return this.learn(lease, tokens, claims, verdict.identity);
      case 'foreign':
        return this.handOver(lease, tokens);
    }
  }

  private async commit({ row, owner }: HeldLease, tokens: TokenSet, claims: TokenClaims, identity?: Identity): Promise<StoreResult> {
    const commit = { ...this.sealed(row.id, tokens, claims), identity };
    if ((await this.accounts.commitTokens(row.id, owner, row.tokenGeneration, commit)) === 0) return { kind: 'lost' };
    const { labels, identity: _, ...columns } = commit;
    return { kind: 'stored', row: { ...row, ...columns, ...labels, ...identity, tokenGeneration: row.tokenGeneration + 1 } };
  }

  private async learn(lease: HeldLease, tokens: TokenSet, claims: TokenClaims, identity: Identity): Promise<StoreResult> {
    const target = await this.accounts.findByIdentity(identity.chatgptAccountId, identity.chatgptUserId);
    if (!target || target.id === lease.row.id) return this.commit(lease, tokens, claims, identity);
    if (!isProvisional(lease.row.chatgptUserId)) return this.handOver(lease, tokens);
    const { row, owner } = lease;
    const merge = { provisionalId: row.id, targetId: target.id, owner, generation: row.tokenGeneration, now: this.clock.now() };
    const merged = await this.accounts.mergeProvisional({ ...merge, tokens: this.sealed(target.id, tokens, claims) });
    // The target is being refreshed at this moment: the provisional row keeps the tokens, and the next refresh merges them.
    return merged > 0 ? { kind: 'merged', accountId: target.id } : this.commit(lease, tokens, claims);
  }

  /** The login is somebody else's: it is taken in as theirs, so that it is neither lost nor mixed into this row. */
  private async handOver({ row, owner }: HeldLease, tokens: TokenSet): Promise<StoreResult> {
    const record = { access_token: tokens.accessToken, refresh_token: tokens.refreshToken, id_token: tokens.idToken };
    const [imported] = await this.importer.importAccounts([parseRecord(record, 1)]);
    if (imported?.result === 'busy') return { kind: 'lost' };
    await this.accounts.releaseRefresh(row.id, owner, { now: this.clock.now() });
    this.logger.warn({
      msg: 'new tokens name another account',
      accountId: row.id,
      storedIn: imported?.accountId,
      result: imported?.result,
    });
    return { kind: 'foreign' };
  }

  private sealed(accountId: string, tokens: TokenSet, claims: TokenClaims): Omit<TokenCommit, 'identity'> {
    const { accessExpiresAt, lastRefreshAt } = tokens;
    return { ...sealTokens(this.cipher, accountId, tokens), accessExpiresAt, lastRefreshAt, labels: labelsOf(claims) };
  }
}

/** What the tokens do not say stays as it is. */
const labelsOf = ({ email, plan, fedramp }: TokenClaims): Partial<TokenLabels> => ({
  ...(email ? { email } : {}),
  ...(plan ? { plan } : {}),
  ...(fedramp === null ? {} : { fedramp }),
});
