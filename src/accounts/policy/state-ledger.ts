import { Logger } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import type { AccountPool } from '../pool/account-pool.service.js';
import type { AccountEffect, PoolAccount } from '../pool/pool-account.js';
import type { AccountChangeWriter } from '../storage/account-change.writer.js';
import type { AccountState } from '../storage/account.entity.js';
import { isInferred } from '../storage/state-reason.js';
import { removalsAllowed } from './outcome-policy.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** An inferred verdict is doubted sooner than it is later on: much that looks final ends within minutes. */
const FIRST_RECHECK_MS = 5 * MINUTE_MS;

/** When an account is asked about again for the first time after an inferred verdict; `random` 0-1 keeps those of one moment apart. */
export const firstRecheckMs = (config: Config, random: number): number =>
  Math.min((config.disabledRecoveryIntervalSec || Infinity) * 1000, FIRST_RECHECK_MS) * (0.9 + 0.2 * random);

/** States change in the pool and in the database alike, and the guard against mass removal is watched over. For AccountEffects alone. */
export class StateLedger {
  private readonly logger = new Logger('AccountEffects');
  /** Accounts whose verdict the guard has held back, and when; until they work. */
  readonly #suspects = new Map<string, number>();
  #alarmedAt = -Infinity;
  /** Verdicts that the guard has held back since the start. */
  heldBack = 0;

  constructor(
    private readonly pool: AccountPool,
    private readonly writer: AccountChangeWriter,
    private readonly config: Config,
  ) {}

  /** The account leaves service. */
  leave(account: PoolAccount, { state, reason, evidence, inferred }: Extract<AccountEffect, { kind: 'state' }>, now: number): void {
    const { id, state: from } = account;
    this.cleared(id);
    this.pool.setState(id, state, reason, inferred);
    const until = inferred ? now + Math.round(firstRecheckMs(this.config, Math.random())) : 0;
    const allowed = inferred && removalsAllowed(this.pool.size, this.config.massDisableLimitPercent);
    const change = { kind: 'state', accountId: id, from, state, reason, evidence, since: now, until } as const;
    this.writer.enqueue(allowed === undefined ? change : { ...change, allowed });
    this.logger.warn({ msg: 'account is out of service', accountId: id, state, reason, evidence });
  }

  /** The account works although it was inferred that it does not. False if that is not why it is out of service. */
  comeBack(account: PoolAccount, now: number): boolean {
    const { id, state: from, stateReason: fromReason, stateSince } = account;
    if (!mayComeBack(account)) return false;
    const minutes = Math.round((now - stateSince) / MINUTE_MS);
    this.pool.setState(id, 'active', '');
    this.writer.enqueue({
      kind: 'state',
      accountId: id,
      from,
      fromReason,
      state: 'active',
      reason: '',
      evidence: '',
      since: now,
      until: 0,
    });
    this.logger.log({
      msg: 'account is back in service: the backend takes it again',
      accountId: id,
      was: from,
      reason: fromReason,
      minutes,
    });
    return true;
  }

  /** The guard has held a verdict back. */
  held(accountId: string, now: number): void {
    this.heldBack++;
    this.#suspects.set(accountId, now);
    if (now - this.#alarmedAt < HOUR_MS) return;
    this.#alarmedAt = now;
    const { massDisableLimitPercent: percent } = this.config;
    const takenOut = this.pool.takenOutBeside(null);
    this.logger.error({
      msg: 'accounts look lost that are not taken out of service: as many as mass-disable-limit-percent allows have gone within the hour',
      percent,
      takenOut,
      accounts: this.pool.size,
      accountId,
    });
  }

  /** The account works, has left, or is gone: nothing is held back about it any more. */
  cleared(accountId: string): void {
    this.#suspects.delete(accountId);
  }

  /** How many accounts looked lost within the last hour, stay in service because of the guard, and have not worked since. */
  suspects(now: number): number {
    for (const [accountId, at] of this.#suspects) if (now - at >= HOUR_MS) this.#suspects.delete(accountId);
    return this.#suspects.size;
  }

  /** Whether verdicts are being held back: until accounts may leave again, or all that looked lost have worked. */
  alarm(now: number): boolean {
    const allowed = removalsAllowed(this.pool.size, this.config.massDisableLimitPercent);
    return this.suspects(now) > 0 && this.pool.takenOutBeside(null) >= allowed;
  }
}

const RECOVERABLE: ReadonlySet<AccountState> = new Set<AccountState>(['needs_login', 'disabled']);

/** Whether the account may come back by itself: it was inferred, not said, that it is lost. */
export const mayComeBack = ({ state, stateReason }: Pick<PoolAccount, 'state' | 'stateReason'>): boolean =>
  RECOVERABLE.has(state) && isInferred(stateReason);
