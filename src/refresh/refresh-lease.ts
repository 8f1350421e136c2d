import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Injectable, Logger } from '@nestjs/common';
import { tokenHashOf } from '../accounts/files/account-record.js';
import type { RefreshRelease } from '../accounts/storage/account-token.types.js';
import type { AccountEntity } from '../accounts/storage/account.entity.js';
import { AccountRepository } from '../accounts/storage/account.repository.js';
import type { RefreshCandidate } from '../accounts/storage/refresh-candidate.repository.js';
import { isPausing } from '../accounts/storage/refresh-pause.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { isRefreshDue, refreshHorizonMs } from './refresh-due.js';
import { messageOf } from './message-of.js';
import type { RenewOptions } from './refresh-result.js';

/** Beyond the limit of the call itself: for the database before and after it. */
const SLACK_MS = 15_000;
/**
 * A holder whose lease has run out while its intent stands open has crashed, or cannot reach the database and has new tokens in its
 * hands. It gets so long to come back: many times the longest pause after which it tries again (RescueService).
 */
const SILENCE_MS = 60_000;
/** A sweep leaves its token alone even longer, as long as the access token serves. */
const LATE_HORIZON_MS = 300_000;
const HOST = hostname().slice(0, 36);

/** The right to rotate one account, until `until` (epoch ms). */
export interface HeldLease {
  readonly row: AccountEntity;
  readonly owner: string;
  readonly until: number;
  /** An intent stood open when the lease was taken: the token may have been spent by a refresh whose end nobody saw. */
  readonly recovery: boolean;
  /** The account cannot serve until it has a new token. */
  readonly urgent: boolean;
}

export type LeaseResult =
  | { readonly kind: 'held'; readonly lease: HeldLease }
  /** The database has a newer generation than the one that was seen. */
  | { readonly kind: 'newer'; readonly row: AccountEntity }
  /** Another process holds it. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'unavailable'; readonly reason: string };

const MAY_COME_BACK = 'the process that was renewing it may still come back with its new tokens';
const unavailable = (reason: string): LeaseResult => ({ kind: 'unavailable', reason });

/** Which process may rotate an account: a lease on its row, and the intent that says what it is about to spend. */
@Injectable()
export class RefreshLease {
  private readonly logger = new Logger(RefreshLease.name);
  readonly owner = `${process.pid}@${HOST}#${randomBytes(6).toString('hex')}`;
  readonly durationMs: number;
  /** Since when this process has had an answer to every question. */
  private answeredSince: number;

  constructor(
    private readonly accounts: AccountRepository,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {
    this.durationMs = config.refreshSingleTimeoutSec * 1000 + SLACK_MS;
    this.answeredSince = clock.now();
  }

  /** Rejects when the database is away. */
  async take(accountId: string, seenGeneration: number, options: RenewOptions): Promise<LeaseResult> {
    const row = await this.accounts.findById(accountId);
    const now = this.clock.now();
    if (row && row.tokenGeneration > seenGeneration) return { kind: 'newer', row };
    const reason = row ? this.obstacle(row, options, now) : 'the account does not exist any more';
    if (!row || reason !== null) return unavailable(reason ?? '');
    const isForeign = row.refreshIntentAt > 0 && row.refreshOwner !== '' && !this.isLeftBehind(row.refreshOwner);
    if (isForeign && this.mayComeBack(row.refreshLeaseUntil, await this.accounts.instant(now))) return unavailable(MAY_COME_BACK);
    const lease = await this.claim(row, options);
    return lease ? { kind: 'held', lease } : { kind: 'busy' };
  }

  /** The database has not answered: whoever else it did not answer needs time to come back as well. */
  noteOutage(): void {
    this.answeredSince = this.clock.now();
  }

  /** Whether a sweep may look at the row now; `take` decides. */
  mayTake({ refreshOwner, refreshLeaseUntil, ...row }: RefreshCandidate): boolean {
    const now = this.clock.now();
    if (refreshOwner === '' || this.isLeftBehind(refreshOwner)) return true;
    if (refreshLeaseUntil >= now) return false;
    if (row.refreshIntentAt === 0) return true;
    return row.accessExpiresAt <= now + LATE_HORIZON_MS && !this.mayComeBack(refreshLeaseUntil, now);
  }

  /**
   * For who holds tokens newer than the row's: the lease, whoever has it. Null: the row has moved on. Rejects when the database is away.
   */
  async seize(row: AccountEntity): Promise<HeldLease | null> {
    const now = this.clock.now();
    const until = now + this.durationMs;
    const claim = { owner: this.owner, generation: row.tokenGeneration, leaseUntil: until, now };
    if ((await this.accounts.seizeRefresh(row.id, claim)) === 0) return null;
    return { row: { ...row, refreshOwner: this.owner }, owner: this.owner, until, recovery: true, urgent: false };
  }

  /** Tells everybody that the holder is alive. False: somebody else has the lease by now. Rejects when the database is away. */
  async extend({ row, owner }: HeldLease): Promise<boolean> {
    const now = this.clock.now();
    return (await this.accounts.extendRefresh(row.id, owner, now + this.durationMs, now)) > 0;
  }

  /** The lease for the row as it was read; null: somebody else has it. */
  private async claim(row: AccountEntity, { ifDue }: RenewOptions): Promise<HeldLease | null> {
    const now = this.clock.now();
    if (this.isLeftBehind(row.refreshOwner)) {
      await this.accounts.releaseRefresh(row.id, row.refreshOwner, { keepIntent: true, now });
    }
    const until = now + this.durationMs;
    const recovery = row.refreshIntentAt > 0;
    const claim = { owner: this.owner, generation: row.tokenGeneration, leaseUntil: until, now, recovery };
    if ((await this.accounts.claimRefresh(row.id, { ...claim, silentForMs: recovery ? SILENCE_MS : 0 })) === 0) return null;
    // Only what is read under the lease is certain.
    const held = await this.accounts.findById(row.id);
    if (held?.refreshOwner !== this.owner) return null;
    const urgent = ifDue !== true || held.accessToken === '' || held.accessExpiresAt <= now;
    return { row: held, owner: this.owner, until, recovery, urgent };
  }

  /**
   * Writes, durably, that this token is about to be spent. False: the lease is lost, or what is left of it is shorter than the
   * call may take; the call must not be made. Rejects when the database is away.
   */
  async intend({ row, owner, until }: HeldLease, refreshToken: string): Promise<boolean> {
    const now = this.clock.now();
    if (now + this.config.refreshSingleTimeoutSec * 1000 > until) return false;
    return (await this.accounts.recordIntent(row.id, owner, row.tokenGeneration, tokenHashOf(refreshToken), now)) > 0;
  }

  /** Gives the lease back. When the database is away it runs out by itself. */
  async release({ row, owner }: HeldLease, release: Omit<RefreshRelease, 'now'> = {}): Promise<void> {
    try {
      await this.accounts.releaseRefresh(row.id, owner, { ...release, now: this.clock.now() });
    } catch (error) {
      this.logger.warn({ msg: 'refresh lease could not be given back', accountId: row.id, error: messageOf(error) });
    }
  }

  private obstacle(row: AccountEntity, { ifDue, force, recover }: RenewOptions, now: number): string | null {
    const lost = row.state === 'needs_login' || row.state === 'disabled';
    if (row.state !== 'active' && !(recover && lost)) return `the account is ${row.state}`;
    if (row.ownership === 'shared') return 'somebody else rotates this login (shared)';
    if (row.refreshToken === '') return 'the account has no refresh token';
    if (!force && isPausing(row, now)) return `waiting after ${row.refreshFailures} failed refreshes`;
    const resting = ifDue && row.refreshIntentAt === 0 && !isRefreshDue(row, now, refreshHorizonMs(this.config.refreshInterval));
    return resting ? 'the token is not due' : null;
  }

  /** Whether a holder that has not closed its intent is waited for although its lease has run out. `now`: by the database's clock. */
  private mayComeBack(leaseUntil: number, now: number): boolean {
    if (leaseUntil >= now) return false;
    return now - leaseUntil <= SILENCE_MS || this.clock.now() - this.answeredSince <= SILENCE_MS;
  }

  /**
   * Whether the holder is at work no more: ourselves, when the lease could not be given back (one refresh per account runs in a process),
   * or a process of this host that has ended. The latter is asked on SQLite only, whose file one host alone uses: a process id says
   * nothing across containers that share a Postgres.
   */
  private isLeftBehind(owner: string): boolean {
    if (owner === this.owner) return true;
    if (this.config.databaseDriver !== 'sqlite') return false;
    const [pid, host] = owner.split(/[@#]/);
    return owner !== '' && host === HOST && (Number(pid) === process.pid || !isAlive(Number(pid)));
  }
}

/** A process that we may not signal is alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
