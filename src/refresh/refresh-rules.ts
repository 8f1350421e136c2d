import { Injectable } from '@nestjs/common';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import type { AccountEffect } from '../accounts/pool/pool-account.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { StatusRule, statusRules } from '../config/status-rules.js';

/** A refused refresh, as far as rules for statuses look at it. */
export interface RefusedStatus {
  readonly status: number;
  readonly message: string;
  readonly retryAt: number | null;
  readonly lostCode: string | null;
}

interface Seen {
  readonly status: number;
  /** Before this instant a second answer of the same sort counts for nothing. */
  readonly until: number;
}

/** What the configuration says of statuses of the token endpoint (`refresh-http-429-action`, `refresh-http-status-policy`). */
@Injectable()
export class RefreshRules {
  private readonly rules: ReadonlyMap<number, StatusRule>;
  /** Accounts of which a rule wants to hear the same status once more. At most one small record an account. */
  private readonly seen = new Map<string, Seen>();

  constructor(
    config: Config,
    private readonly effects: AccountEffects,
    private readonly clock: Clock,
  ) {
    this.rules = statusRules({ action429: config.refreshHttp429Action, policy: config.refreshHttpStatusPolicy });
  }

  /** Null: there is no rule for the status. */
  follow(accountId: string, refused: RefusedStatus): AccountEffect | null {
    const rule = this.rules.get(refused.status);
    if (!rule) return null;
    const now = this.clock.now();
    const before = this.seen.get(accountId);
    const again = before?.status === refused.status && now >= before.until;
    const effect = this.effects.reportRefusal(accountId, { ...refused, rule, again });
    if (effect.kind === 'state') this.seen.delete(accountId);
    else if (before?.status !== refused.status || again) this.remember(accountId, refused.status, effect, now);
    return effect;
  }

  /** The account was renewed, by whomever. */
  forget(accountId: string): void {
    this.seen.delete(accountId);
    this.effects.tokenRenewed(accountId);
  }

  private remember(accountId: string, status: number, effect: AccountEffect, now: number): void {
    this.seen.set(accountId, { status, until: effect.kind === 'cooldown' ? effect.until : now });
  }
}
