import { Injectable, Logger } from '@nestjs/common';
import type { PlainTokens } from '../accounts/storage/account-row.js';
import { SealedSecretError } from '../accounts/storage/credential-cipher.js';
import { Clock } from '../common/clock.js';
import { crashPoint } from '../common/crash-points.js';
import { messageOf } from './message-of.js';
import { HeldLease, LeaseResult, RefreshLease } from './refresh-lease.js';
import type { RefreshResult, RenewOptions } from './refresh-result.js';
import type { TokenOutcome } from './token-answer.js';
import { TokenClient } from './token.client.js';
import { TokenKeeper } from './token-keeper.js';
import { RefusalResult, TokenRefusals } from './token-refusals.js';
import { combineTokens } from './token-set.js';

/** `busy`: another process holds the lease; look again in a moment. */
export type RotationResult = RefreshResult | { readonly kind: 'busy' };

const UNREADABLE = { kind: 'transient', sent: false, retryAt: null, status: null } as const;
const unavailable = (reason: string): RefreshResult => ({ kind: 'unavailable', reason });

/**
 * One refresh of one account, in the only order that loses no token: room on the disk → lease → the row as it is now → intent → call → database (or
 * rescue file) → pool → file. A newer generation at any of these steps is adopted instead.
 */
@Injectable()
export class Rotation {
  private readonly logger = new Logger(Rotation.name);

  constructor(
    private readonly leases: RefreshLease,
    private readonly client: TokenClient,
    private readonly keeper: TokenKeeper,
    private readonly refusals: TokenRefusals,
    private readonly clock: Clock,
  ) {}

  /** How long one may take. */
  get longestMs(): number {
    return this.leases.durationMs;
  }

  async rotate(accountId: string, seenGeneration: number, options: RenewOptions): Promise<RotationResult> {
    if (this.keeper.isWaiting(accountId)) return unavailable('the newest tokens are not in the database yet');
    if (!(await this.keeper.prepare(accountId))) return unavailable('the disk has no room for new tokens');
    return this.rotatePrepared(accountId, seenGeneration, options).finally(() => this.keeper.relax(accountId));
  }

  private async rotatePrepared(accountId: string, seenGeneration: number, options: RenewOptions): Promise<RotationResult> {
    let taken: LeaseResult;
    try {
      taken = await this.leases.take(accountId, seenGeneration, options);
    } catch (error) {
      return this.databaseAway(accountId, error);
    }
    switch (taken.kind) {
      case 'busy':
      case 'unavailable':
        return taken;
      case 'newer':
        this.refusals.forget(accountId);
        return this.keeper.adopt(taken.row);
      case 'held':
        return this.rotateHeld(taken.lease);
    }
  }

  private async rotateHeld(lease: HeldLease): Promise<RefreshResult> {
    let old: PlainTokens & { accessExpiresAt: number };
    try {
      old = this.keeper.read(lease.row);
      crashPoint('before-intent');
      if (!(await this.leases.intend(lease, old.refreshToken))) {
        await this.leases.release(lease, { keepIntent: lease.recovery });
        return unavailable('the lease ran out before the call');
      }
    } catch (error) {
      if (error instanceof SealedSecretError) return this.refusals.postpone(lease, { ...UNREADABLE, reason: error.message });
      await this.leases.release(lease, { keepIntent: lease.recovery });
      return this.databaseAway(lease.row.id, error);
    }
    crashPoint('after-intent');
    const outcome = await this.client.renew(old.refreshToken);
    crashPoint('after-answer');
    return outcome.kind === 'renewed' ? this.renewed(lease, old, outcome) : this.failed(lease, outcome);
  }

  private async renewed(
    lease: HeldLease,
    old: PlainTokens & { accessExpiresAt: number },
    { tokens }: Extract<TokenOutcome, { kind: 'renewed' }>,
  ): Promise<RefreshResult> {
    this.refusals.forget(lease.row.id);
    const result = await this.keeper.keep(lease, combineTokens(old, tokens, this.clock.now()));
    if (result.kind === 'renewed') this.logger.log({ msg: 'token renewed', accountId: lease.row.id, recovery: lease.recovery });
    return result;
  }

  private async failed(lease: HeldLease, outcome: Exclude<TokenOutcome, { kind: 'renewed' }>): Promise<RefreshResult> {
    if (outcome.kind === 'transient') return this.refusals.postpone(lease, outcome);
    let result: RefusalResult;
    try {
      result = await this.refusals.refuse(lease, outcome);
    } catch (error) {
      return this.databaseAway(lease.row.id, error);
    }
    return result.kind === 'newer' ? this.keeper.adopt(result.row) : result;
  }

  private databaseAway(accountId: string, error: unknown): RefreshResult {
    this.leases.noteOutage();
    this.logger.warn({ msg: 'no refresh: the database does not answer', accountId, error: messageOf(error) });
    return unavailable('the database does not answer');
  }
}
