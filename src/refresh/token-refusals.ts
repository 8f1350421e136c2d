import { Injectable, Logger } from '@nestjs/common';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import type { AccountEffect } from '../accounts/pool/pool-account.js';
import type { AccountEntity } from '../accounts/storage/account.entity.js';
import { AccountRepository } from '../accounts/storage/account.repository.js';
import { Clock } from '../common/clock.js';
import { backoffUntil } from './refresh-backoff.js';
import { HeldLease, RefreshLease } from './refresh-lease.js';
import type { RefreshResult } from './refresh-result.js';
import { RefreshRules } from './refresh-rules.js';
import type { TokenOutcome } from './token-answer.js';

type Refusal = Extract<TokenOutcome, { kind: 'permanent' }>;
type Postponement = Extract<TokenOutcome, { kind: 'transient' }>;

export type RefusalResult = RefreshResult | { readonly kind: 'newer'; readonly row: AccountEntity };

const SPENT = 'an earlier refresh was cut off before its answer was stored: the token may have been spent';

/** What a refresh that brought no token means for the account. */
@Injectable()
export class TokenRefusals {
  private readonly logger = new Logger(TokenRefusals.name);
  /** Accounts whose last refresh was refused with a word that counts only when it is said twice; the word. */
  private readonly doubted = new Map<string, string>();

  constructor(
    private readonly accounts: AccountRepository,
    private readonly leases: RefreshLease,
    private readonly effects: AccountEffects,
    private readonly rules: RefreshRules,
    private readonly clock: Clock,
  ) {}

  /**
   * The vendor refuses the token for good: first the database is asked whether somebody has renewed it meanwhile. After a refresh
   * that was cut off one refusal is not enough, for whoever made it may be about to store its tokens. Rejects when the database is away.
   */
  async refuse(lease: HeldLease, { code, message, confirm, status }: Refusal): Promise<RefusalResult> {
    const { row, recovery } = lease;
    const current = await this.accounts.findById(row.id);
    if (current && current.tokenGeneration > row.tokenGeneration) return { kind: 'newer', row: current };
    const notBefore = this.pause(lease);
    if ((confirm || recovery) && this.doubted.get(row.id) !== code) {
      this.doubted.set(row.id, code);
      await this.leases.release(lease, { failure: true, notBefore, keepIntent: recovery });
      return { kind: 'unavailable', reason: `the token endpoint said ${code}; it is asked once more` };
    }
    this.doubted.delete(row.id);
    const evidence = recovery ? `${message} (${SPENT})` : message;
    await this.leases.release(lease, { failure: true, notBefore });
    const ruled = this.rules.follow(row.id, { status, message: evidence, retryAt: null, lostCode: code });
    if (!ruled) this.effects.permanentRefusal(row.id, code, evidence);
    return { kind: 'refused', code, message: evidence };
  }

  /** Nothing is known of the token: the account waits. `sent`: the intent stays open, since the vendor may have rotated it. */
  async postpone(lease: HeldLease, { reason, sent, retryAt, status }: Postponement): Promise<RefreshResult> {
    const { row, recovery } = lease;
    const ruled = status === null ? null : this.rules.follow(row.id, { status, message: reason, retryAt, lostCode: null });
    const notBefore = Math.max(this.pause(lease, retryAt), ruled?.kind === 'cooldown' ? ruled.until : 0);
    await this.leases.release(lease, { failure: true, notBefore, keepIntent: sent || recovery });
    const seconds = Math.round((notBefore - this.clock.now()) / 1000);
    this.logger.warn({ msg: 'refresh failed, trying again later', accountId: row.id, reason, failures: row.refreshFailures + 1, seconds });
    const endpoint = tellsOfEndpoint(status) ? ({ endpoint: 'failed', askedToWaitUntil: retryAt ?? undefined } as const) : null;
    return { kind: 'unavailable', reason: told(reason, ruled), ...endpoint };
  }

  /** The account was renewed, by whomever. */
  forget(accountId: string): void {
    this.doubted.delete(accountId);
    this.rules.forget(accountId);
  }

  private pause({ row, urgent }: HeldLease, retryAt: number | null = null): number {
    return backoffUntil(row.refreshFailures + 1, this.clock.now(), Math.random(), { retryAt, urgent });
  }
}

/** Silence, 429 and 5xx come from an endpoint in trouble; another refusal may well be this account's alone. */
const tellsOfEndpoint = (status: number | null): boolean => status === null || status === 429 || status >= 500;

const told = (reason: string, ruled: AccountEffect | null): string =>
  ruled?.kind === 'state' ? `${reason}: the account is ${ruled.state} now, as the configuration wants it` : reason;
