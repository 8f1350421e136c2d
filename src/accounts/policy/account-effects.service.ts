import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import type { Outcome } from '../../upstream/outcome.js';
import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';
import { AccountChangeWriter } from '../storage/account-change.writer.js';
import { AccountPool } from '../pool/account-pool.service.js';
import type { AccountState } from '../storage/account.entity.js';
import { AWAITING_TOKEN } from '../pool/cooldowns.js';
import { CiphertextOwners } from './ciphertext-owners.js';
import { type AttemptFacts, OutcomeHistory } from './outcome-history.js';
import { effectOf, isBackendTrouble, lost, pauseBeforeNextAttempt, type PolicyContext } from './outcome-policy.js';
import type { AccountEffect, Cooldown, PoolAccount } from '../pool/pool-account.js';
import { statusRules, type StatusRule } from '../../config/status-rules.js';
import { CooldownLedger } from './cooldown-ledger.js';
import { effectOfFailedChecks, type FailedChecks } from './check-policy.js';
import { mayComeBack, StateLedger } from './state-ledger.js';
import { QuotaLedger, type QuotaListener } from './quota-ledger.js';
import { refusalEffect, type RuledRefusal } from './refresh-policy.js';
import { isConfigurable, isDisproved, loginWorks, ruledEffect, tellsOfAccount } from './usage-policy.js';

/** An answer of the usage endpoint. */
export interface UsageAnswer {
  readonly outcome: Outcome;
  /** HTTP status; undefined where there was no answer. */
  readonly status?: number;
  /** Whether it came although the token had just been renewed for it. */
  readonly refreshed: boolean;
}

const NOT_LOST: readonly AccountState[] = ['active', 'paused'];

/** The attempt that an outcome belongs to; an AccountLease is one. Without it the attempt counts as made just now with the current token. */
export interface ReportedAttempt {
  readonly leasedAt: number;
  readonly generation: number;
}

/**
 * What answers of upstream do to accounts: history → table → pool and database. Nothing else begins a cooldown or changes a
 * state because of an answer. Synchronous; the database is written behind.
 */
@Injectable()
export class AccountEffects {
  private readonly logger = new Logger(AccountEffects.name);
  readonly #history = new OutcomeHistory();
  readonly #ciphertexts = new CiphertextOwners();
  readonly #usageRules: ReadonlyMap<number, StatusRule>;
  readonly #cooldowns: CooldownLedger;
  readonly #states: StateLedger;
  readonly #quotas: QuotaLedger;

  constructor(
    private readonly pool: AccountPool,
    private readonly writer: AccountChangeWriter,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {
    this.#cooldowns = new CooldownLedger(pool, writer);
    this.#states = new StateLedger(pool, writer, config);
    this.#quotas = new QuotaLedger(pool, writer, this.#cooldowns);
    this.#usageRules = statusRules({
      action429: config.quotaHttp429Action,
      actions: config.quotaHttpStatusActions,
      policy: config.quotaHttpStatusPolicy,
    });
    pool.onRemoved((accountId) => {
      this.#history.forget(accountId);
      this.#states.cleared(accountId);
      this.#quotas.forget(accountId);
    });
    // What led to its state says nothing of the login it has come back with.
    pool.onReturned((accountId) => this.#history.forget(accountId));
  }

  /** Every outcome of every attempt and probe; returns what it did to the account. */
  report(accountId: string, model: string, outcome: Outcome, attempt?: ReportedAttempt): AccountEffect {
    const account = this.pool.get(accountId);
    if (!account) return { kind: 'none' };
    if (account.state !== 'active' && outcome.kind !== 'ok') return this.#outOfService(account, outcome);
    const now = this.clock.now();
    const wasVendorWide = this.#history.vendorWide401(now);
    const resting = this.pool.restingCooldown(accountId);
    const facts = this.#facts(account, resting, attempt, now);
    this.#history.record(accountId, outcome, facts, now);
    if (outcome.kind === 'ok') this.#states.cleared(accountId);
    if (!wasVendorWide && this.#history.vendorWide401(now)) this.#blameVendor();
    const effect = effectOf(outcome, this.#context(accountId, model, facts, resting, now));
    const applied = this.#apply(account, effect, now);
    if (applied && outcome.kind === 'payment_required' && effect.kind === 'cooldown') this.#history.paymentPaused(accountId, effect.until);
    return effect;
  }

  /** Health checks that were refused so often that it is time for a verdict; each of them was reported by itself before. */
  reportFailedChecks(accountId: string, outcome: Outcome, checks: FailedChecks): AccountEffect {
    const account = this.pool.get(accountId);
    if (!account) return { kind: 'none' };
    const context = this.#contextNow(account);
    const othersWork = checks.othersAnswered || this.#history.othersWorkedSince(accountId, checks.previousAt);
    const effect = effectOfFailedChecks(outcome, { ...checks, othersWork }, context);
    this.#apply(account, effect, context.now);
    return effect;
  }

  /** The backend took the account in a call that began at `askedAt`. False unless an inferred verdict had put it out of service before. */
  comeBack(accountId: string, askedAt: number): boolean {
    const account = this.pool.get(accountId);
    if (!account || askedAt <= account.stateSince || !this.#states.comeBack(account, this.clock.now())) return false;
    const cause = this.pool.restingCooldown(accountId)?.cause;
    return cause === undefined || !isDisproved(cause) || this.#cooldowns.lift(accountId, cause);
  }

  /**
   * The guard against mass removal: whether it holds verdicts back now, how many it has held back since the start, and how many accounts
   * are in service although they look lost.
   */
  get guard(): { readonly alarm: boolean; readonly heldBack: number; readonly suspects: number } {
    const now = this.clock.now();
    return { alarm: this.#states.alarm(now), heldBack: this.#states.heldBack, suspects: this.#states.suspects(now) };
  }

  /** What the configuration says of a failed answer of the usage endpoint, instead of the built-in rules. */
  usageRule({ outcome, status }: Pick<UsageAnswer, 'outcome' | 'status'>): StatusRule | undefined {
    return status !== undefined && isConfigurable(outcome) ? this.#usageRules.get(status) : undefined;
  }

  /**
   * Every answer of the usage endpoint, instead of `report`: it tells of login and workspace, not of turns, so a limit or a failure of
   * the usage endpoint itself does nothing, unless the configuration says otherwise.
   */
  reportUsage(accountId: string, answer: UsageAnswer, attempt?: ReportedAttempt): AccountEffect {
    const account = this.pool.get(accountId);
    const rule = this.usageRule(answer);
    if (!account || (!rule && !tellsOfAccount(answer.outcome))) return { kind: 'none' };
    if (!rule && answer.outcome.kind !== 'ok') return this.report(accountId, '*', answer.outcome, attempt);
    if (account.state !== 'active') return { kind: 'none' };
    const context = this.#contextNow(account, attempt);
    return rule ? this.#followRule(account, answer, rule, context) : this.#loginWorks(account, context);
  }

  /** A 401 that is answered by a forced refresh, instead of a report; what comes with the new token is reported. */
  noteUnauthorized(accountId: string, attempt?: ReportedAttempt): void {
    const account = this.pool.get(accountId);
    if (account) this.#history.noteRefusal(accountId, attempt?.generation ?? account.tokenGeneration, this.clock.now());
  }

  /**
   * Not while the vendor refuses everybody, nor while the account rests because a renewed token was refused as well, nor for a
   * token that a forced refresh has just brought: otherwise each request would rotate the tokens of an account that is refused.
   */
  mayForceRefresh(accountId: string, attempt?: ReportedAttempt): boolean {
    const generation = attempt?.generation ?? this.pool.get(accountId)?.tokenGeneration ?? 0;
    if (this.#history.isForced(accountId, generation, this.clock.now())) return false;
    const resting = this.pool.restingCooldown(accountId);
    return !this.vendorWide401() && (resting?.cause !== 'unauthorized' || resting.source === AWAITING_TOKEN);
  }

  /** Whether several accounts' fresh tokens are refused at the same time: then no token is renewed because of a 401. */
  vendorWide401(now = this.clock.now()): boolean {
    return this.#history.vendorWide401(now);
  }

  /** Whether another account has worked at `since` (epoch ms) or later. */
  othersWorkedSince(accountId: string, since: number): boolean {
    return this.#history.othersWorkedSince(accountId, since);
  }

  /** The same of a failure, a page of the edge or an overload. */
  othersFailedSince(accountId: string, since: number): boolean {
    return this.#history.othersFailedSince(accountId, since);
  }

  /** How long a request waits before its next attempt; never before its first one. */
  backoffBeforeNextAttemptMs(outcome: Outcome, random = Math.random()): number {
    const now = this.clock.now();
    const trouble = outcome.kind === 'unauthorized' ? this.vendorWide401(now) : isBackendTrouble(this.#history.overall(now));
    return pauseBeforeNextAttempt(outcome, trouble, random);
  }

  /** The token endpoint refused the refresh token for good. */
  permanentRefusal(accountId: string, code: string, message: string): AccountEffect {
    const account = this.pool.get(accountId);
    const effect = lost('needs_login', code, message);
    const from = account && mayComeBack(account) ? [account.state] : NOT_LOST;
    if (account) this.#apply(account, effect, this.clock.now(), from);
    return effect;
  }

  /**
   * An answer of the token endpoint for whose status the configuration has a rule. None where the account is out of service already, or
   * was put so by an operator.
   */
  reportRefusal(accountId: string, refusal: RuledRefusal): AccountEffect {
    const account = this.pool.get(accountId);
    if (!account) return { kind: 'none' };
    const context = this.#contextNow(account);
    const effect = refusalEffect(refusal, context);
    const from = refusal.lostCode === null ? undefined : mayComeBack(account) ? [account.state] : NOT_LOST;
    this.#apply(account, effect, context.now, from);
    return effect;
  }

  /** The token endpoint has given new tokens: what it said before is over. */
  tokenRenewed(accountId: string): void {
    this.#cooldowns.lift(accountId, 'token_answer');
  }

  /**
   * Quota as an answer or the usage endpoint showed it; `at` is when the headers or the event arrived. An older reading than the one
   * known is ignored. A cooldown is a hypothesis: a newer reading that shows room ends it, for the vendor resets limits early; what the
   * usage endpoint says of the reset moves its end. `askedAt`: when the call went out; it ends no cooldown that began later.
   */
  observeQuota(accountId: string, snapshot: QuotaSnapshot, askedAt: number = snapshot.at): void {
    this.#quotas.observe(accountId, snapshot, askedAt, this.clock.now());
  }

  /** For who keeps a history of the readings; called synchronously, on the way of requests. */
  onQuota(listener: QuotaListener): void {
    this.#quotas.onReading(listener);
  }

  /** Keeps the maker of a compaction item; `hash`: SHA-256 (hex) of its ciphertext. */
  rememberCiphertext(hash: string, accountId: string): void {
    if (this.#ciphertexts.remember(hash, accountId)) {
      this.writer.enqueue({ kind: 'ciphertext_owner', hash, accountId, at: this.clock.now() });
    }
  }

  /** What the database knows of a maker, without writing it again. */
  restoreCiphertextOwner(hash: string, accountId: string): void {
    this.#ciphertexts.remember(hash, accountId);
  }

  ciphertextOwner(hash: string): string | undefined {
    return this.#ciphertexts.ownerOf(hash);
  }

  #facts(account: PoolAccount, resting: Cooldown | null, attempt: ReportedAttempt | undefined, now: number): AttemptFacts {
    const startedAt = attempt?.leasedAt ?? now;
    const generation = attempt?.generation ?? account.tokenGeneration;
    return {
      startedAt,
      generation,
      refreshable: account.refreshable,
      staleToken: generation < account.tokenGeneration,
      duringPause: resting?.cause === 'unauthorized',
    };
  }

  #contextNow(account: PoolAccount, attempt?: ReportedAttempt): PolicyContext {
    const now = this.clock.now();
    const resting = this.pool.restingCooldown(account.id);
    return this.#context(account.id, '*', this.#facts(account, resting, attempt, now), resting, now);
  }

  #context(accountId: string, model: string, attempt: AttemptFacts, resting: Cooldown | null, now: number): PolicyContext {
    return {
      now,
      model,
      attempt,
      resting,
      recent: this.#history.recent(accountId, now, this.pool.takenOutBeside(accountId)),
      poolSize: this.pool.size,
      cooldown401Ms: this.config.cooldown401Sec * 1000,
      cooldown429Ms: this.config.cooldown429Sec * 1000,
      massDisableLimitPercent: this.config.massDisableLimitPercent,
    };
  }

  /** False if nothing has changed: a later cooldown is running, or an operator has put the account into another state. */
  #apply(account: PoolAccount, effect: AccountEffect, now: number, from: readonly AccountState[] = ['active']): boolean {
    if ('held' in effect) this.#states.held(account.id, now);
    switch (effect.kind) {
      case 'none':
        return false;
      case 'cooldown':
        return this.#cooldowns.begin({ ...effect, accountId: account.id, since: now });
      case 'cooldown_lifted':
        return this.#cooldowns.lift(account.id, effect.cause);
      case 'not_entitled':
        return this.#refuseModel(account, effect);
      case 'state':
        if (!from.includes(account.state)) return false;
        this.#states.leave(account, effect, now);
        return true;
    }
  }

  #refuseModel({ id: accountId, plan }: PoolAccount, { model, until }: Extract<AccountEffect, { kind: 'not_entitled' }>): boolean {
    if (!this.pool.refuseModel(accountId, model, until)) return false;
    this.writer.enqueue({ kind: 'model_refused', accountId, model, plan, until });
    return true;
  }

  #loginWorks(account: PoolAccount, context: PolicyContext): AccountEffect {
    const effect = loginWorks(context);
    // While the pause goes on the refusals that led to it stay known, or the next one would renew the token again.
    if (effect.kind === 'cooldown_lifted') this.#history.loginWorks(account.id);
    else if (!context.resting) this.#history.usageWorks(account.id);
    if (effect.kind === 'cooldown_lifted' || !context.resting) this.#states.cleared(account.id);
    this.#apply(account, effect, context.now);
    return effect;
  }

  #followRule(account: PoolAccount, answer: UsageAnswer, rule: StatusRule, context: PolicyContext): AccountEffect {
    const { outcome, refreshed } = answer;
    const status = answer.status!;
    const effect = ruledEffect({ status, outcome, rule, refreshed, pausedUntil: this.#history.usagePause(account.id, status) }, context);
    this.#apply(account, effect, context.now);
    if (effect.kind === 'cooldown') this.#history.usagePaused(account.id, status, effect.until);
    return effect;
  }

  /** It serves nobody, so its failures say nothing that is not known; but a code may name the login as lost for good. */
  #outOfService(account: PoolAccount, outcome: Outcome): AccountEffect {
    if (outcome.kind !== 'unauthorized' || !outcome.dead || !mayComeBack(account)) return { kind: 'none' };
    return this.permanentRefusal(account.id, outcome.code ?? 'unauthorized', outcome.message);
  }

  /** It is nobody's fault: those who were refused first rest no longer. */
  #blameVendor(): void {
    const accounts = this.#history.refusedByVendor();
    for (const accountId of accounts) this.#cooldowns.lift(accountId, 'unauthorized');
    this.logger.warn({ msg: 'fresh tokens of several accounts are refused: the backend is at fault', accounts });
  }
}
