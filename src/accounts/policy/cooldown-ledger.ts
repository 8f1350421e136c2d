import { Logger } from '@nestjs/common';
import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';
import type { AccountPool } from '../pool/account-pool.service.js';
import type { Cooldown, CooldownCause } from '../pool/pool-account.js';
import type { AccountChangeWriter } from '../storage/account-change.writer.js';
import { quotaVerdicts } from './quota-evidence.js';

/** Cooldowns begin, move and end in the pool and in the database alike. For AccountEffects alone. */
export class CooldownLedger {
  private readonly logger = new Logger('AccountEffects');

  constructor(
    private readonly pool: AccountPool,
    private readonly writer: AccountChangeWriter,
  ) {}

  /** False if a later one of the same kind is running. */
  begin({ accountId, model, until, since, cause, source }: Cooldown): boolean {
    const cooldown: Cooldown = { accountId, model, until, since, cause, source };
    if (!this.pool.applyCooldown(cooldown)) return false;
    this.writer.enqueue({ kind: 'cooldown', cooldown });
    this.logger.log({ msg: 'account cools down', accountId, model, cause, source, seconds: Math.round((until - since) / 1000) });
    return true;
  }

  /** False if there was none. */
  lift(accountId: string, cause: CooldownCause, model = '*'): boolean {
    if (!this.pool.liftCooldown(accountId, model, cause)) return false;
    this.writer.enqueue({ kind: 'cooldown_lifted', accountId, model });
    // The database keeps one row for the whole account, memory up to two cooldowns: the other one takes the row.
    for (const cooldown of this.pool.cooldowns(accountId)) {
      if (cooldown.model === model) this.writer.enqueue({ kind: 'cooldown', cooldown });
    }
    return true;
  }

  /** Holds a reading of the quota against the cooldowns of its account. */
  confront(accountId: string, reading: QuotaSnapshot, now: number, askedAt: number): void {
    for (const verdict of quotaVerdicts(reading, this.pool.cooldowns(accountId), now, askedAt)) {
      if (verdict.kind === 'begin') {
        this.begin({ accountId, model: verdict.model, until: verdict.until, since: now, cause: 'quota', source: 'usage' });
      } else if (verdict.kind === 'replace') {
        this.#move({ ...verdict.cooldown, until: verdict.until, source: 'usage' });
      } else {
        this.#disprove(verdict.cooldown, now);
      }
    }
  }

  #disprove({ accountId, model, cause, since }: Cooldown, now: number): void {
    if (!this.lift(accountId, cause, model)) return;
    this.logger.log({ msg: 'account has room again', accountId, model, cause, afterSeconds: Math.round((now - since) / 1000) });
  }

  #move(cooldown: Cooldown): void {
    if (!this.pool.moveCooldown(cooldown)) return;
    this.writer.enqueue({ kind: 'cooldown', cooldown });
    const { accountId, model, until } = cooldown;
    this.logger.log({ msg: 'limit of an account ends at another time', accountId, model, until: new Date(until).toISOString() });
  }
}
