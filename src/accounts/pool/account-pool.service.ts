import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';
import type { AccountState } from '../storage/account.entity.js';
import { AccountLease, type LeaseHolder } from './account-lease.js';
import { AccountSelection } from './account-selection.js';
import { Affinity } from './affinity.js';
import { countExclusion, type Exclusions, noExclusions } from './exclusions.js';
import type { Cooldown, CooldownCause, PoolAccount } from './pool-account.js';
import type { OfferedModels } from './model-lists.js';
import type { PoolEntry } from './pool-entry.js';
import { Removals } from './removals.js';

/** Accounts within so many points of the best remaining quota take turns. */
const ROUND_ROBIN_SPAN = 10;
const NOBODY: ReadonlySet<string> = new Set();
/** A conversation leaves its account when another one has so many points more left. */
const AFFINITY_QUOTA_GAP = 30;

export interface LeaseQuery {
  readonly model: string;
  /** Names of the conversation, the most telling first. */
  readonly affinity: readonly string[];
  /** Whether a user's turn begins: only then may quota separate a conversation from its account. */
  readonly turnStart: boolean;
  /** Accounts that this request has tried. */
  readonly tried: ReadonlySet<string>;
  /** The only account that may serve the request. */
  readonly pinned?: string;
  /** Repeat on this account, tried or not. */
  readonly sameAs?: string;
}

export type PoolCounts = Record<AccountState | 'cooling' | 'usable', number>;

/**
 * Which account serves a request. Memory only and synchronous; the database learns of changes through AccountEffects. A lease costs
 * microseconds with 20 000 accounts (bench/micro/selection.bench.ts).
 */
@Injectable()
export class AccountPool implements LeaseHolder {
  readonly #entries = new Map<string, PoolEntry>();
  readonly #affinity = new Affinity();
  readonly #addedListeners: ((id: string) => void)[] = [];
  readonly #removedListeners: ((id: string) => void)[] = [];
  readonly #returnedListeners: ((id: string) => void)[] = [];
  readonly #refusedListeners: ((id: string, model: string) => void)[] = [];
  readonly #removals = new Removals();
  #boundListener: ((affinityKey: string, accountId: string) => void) | undefined;
  readonly #selection: AccountSelection;

  constructor(
    private readonly config: Config,
    private readonly clock: Clock,
  ) {
    const span = config.selector === 'quota-first' ? 0 : ROUND_ROBIN_SPAN;
    this.#selection = new AccountSelection({ maxInFlight: config.accountMaxConcurrency, span });
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): PoolAccount | undefined {
    return this.#entries.get(id)?.account;
  }

  *all(): Generator<PoolAccount> {
    for (const entry of this.#entries.values()) yield entry.account;
  }

  /** A new account, or a new reading of a known one, whose leases, cooldowns and affinity stay; the newer tokens and quota are kept. */
  upsert(account: PoolAccount): void {
    const entry = this.#entries.get(account.id);
    const now = this.clock.now();
    this.#removals.note(account.id, account.takenOutAt);
    if (!entry) {
      this.#entries.set(account.id, this.#selection.add(account, now));
      for (const listener of this.#addedListeners) listener(account.id);
      return;
    }
    const before = entry.account.state;
    entry.update(account);
    this.#selection.refresh(entry, now);
    this.#noticeReturn(account.id, before, account.state);
  }

  remove(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#selection.remove(entry);
    for (const listener of this.#removedListeners) listener(id);
  }

  /** For what a new account may need at once, such as a first token. */
  onAdded(listener: (id: string) => void): void {
    this.#addedListeners.push(listener);
  }

  /** For what is kept about accounts elsewhere and must go with them. */
  onRemoved(listener: (id: string) => void): void {
    this.#removedListeners.push(listener);
  }

  /** For what is kept about accounts elsewhere and is no longer true of one that comes back into service. */
  onReturned(listener: (id: string) => void): void {
    this.#returnedListeners.push(listener);
  }

  /** Accounts that inferred verdicts have taken out of service within the last hour, in any process; without the one named. */
  takenOutBeside(id: string | null): number {
    return this.#removals.others(id, this.clock.now());
  }

  /** The account to send the next attempt through; null if there is no candidate (`explain` says why). */
  lease(query: LeaseQuery): AccountLease | null {
    const now = this.clock.now();
    const entry = this.#choose(query, now);
    if (!entry) return null;
    this.#selection.picked(entry, now);
    return new AccountLease(entry, this, now);
  }

  /** The account that `lease` would give out; gives nothing out. */
  peek(query: LeaseQuery): Readonly<PoolAccount> | null {
    return this.#choose(query, this.clock.now())?.account ?? null;
  }

  #choose(query: LeaseQuery, now: number): PoolEntry | null {
    if (query.sameAs !== undefined) return this.#only(query.sameAs, { model: query.model, tried: NOBODY }, now);
    if (query.pinned !== undefined) return this.#only(query.pinned, query, now);
    return this.#preferred(query, now) ?? this.#selection.next(query, now) ?? this.#selection.lastResort(query);
  }

  #only(id: string, wanted: Pick<LeaseQuery, 'model' | 'tried'>, now: number): PoolEntry | null {
    const entry = this.#entries.get(id);
    return entry && this.#selection.availability(entry, wanted, now) !== 'no' ? entry : null;
  }

  #preferred(query: LeaseQuery, now: number): PoolEntry | null {
    for (const id of this.#affinity.preferred(query.affinity)) {
      const entry = this.#entries.get(id);
      if (!entry || this.#selection.availability(entry, query, now) !== 'yes') continue;
      if (query.turnStart && this.#selection.lag(entry, query, now) >= AFFINITY_QUOTA_GAP) continue;
      return entry;
    }
    return null;
  }

  /** Why accounts are no candidates. Looks at every account: for the failure path only. */
  explain(query: Pick<LeaseQuery, 'model' | 'tried' | 'pinned'>): Exclusions {
    const now = this.clock.now();
    const counts = noExclusions();
    for (const entry of this.#entries.values()) {
      if (query.pinned !== undefined && entry.account.id !== query.pinned) continue;
      this.#selection.catchUp(entry, now);
      countExclusion(counts, entry, query, this.config.accountMaxConcurrency, now);
    }
    return counts;
  }

  /** `cooling`: active, but with a cooldown of the whole account. `usable`: active, and could be chosen for some model. */
  counts(): PoolCounts {
    const now = this.clock.now();
    const counts: PoolCounts = { active: 0, paused: 0, needs_login: 0, disabled: 0, retired: 0, cooling: 0, usable: 0 };
    for (const entry of this.#entries.values()) {
      counts[entry.account.state]++;
      if (entry.account.state !== 'active') continue;
      const limited = (entry.cooldowns.limit?.until ?? 0) > now;
      const resting = (entry.cooldowns.rest?.until ?? 0) > now;
      if (limited || resting) counts.cooling++;
      else if (entry.isServing(now)) counts.usable++;
    }
    return counts;
  }

  /** The running cooldowns of an account. */
  cooldowns(id: string): Cooldown[] {
    const now = this.clock.now();
    return [...(this.#entries.get(id)?.cooldowns.all() ?? [])].filter((cooldown) => cooldown.until > now);
  }

  /** The running cooldowns of all accounts in service. */
  *coolingDown(): Generator<Cooldown> {
    const now = this.clock.now();
    for (const entry of this.#entries.values()) {
      if (!entry.isServing(now)) continue;
      for (const cooldown of entry.cooldowns.all()) if (cooldown.until > now) yield cooldown;
    }
  }

  /** When the account was chosen last, epoch ms; 0: never by this process. */
  lastUsedAt(id: string): number {
    return this.#entries.get(id)?.pickedAt ?? 0;
  }

  /** The one that keeps the account as a last resort: for the whole account, and neither quota nor rate limit. */
  restingCooldown(id: string): Cooldown | null {
    const rest = this.#entries.get(id)?.cooldowns.rest;
    return rest && rest.until > this.clock.now() ? rest : null;
  }

  /** Starts a cooldown; false if the account is unknown or a later one of the same kind is running. For AccountEffects and the loader. */
  applyCooldown(cooldown: Cooldown): boolean {
    return this.#change(cooldown.accountId, (entry) => cooldown.until > this.clock.now() && entry.cooldowns.set(cooldown));
  }

  /** The limit ends at another instant, earlier or later; false if it is not running any more. For AccountEffects. */
  moveCooldown(cooldown: Cooldown): boolean {
    const { accountId, model, cause } = cooldown;
    return this.liftCooldown(accountId, model, cause) && this.applyCooldown(cooldown);
  }

  /** Ends the cooldowns of a scope (those with the cause); false if there was none. */
  liftCooldown(id: string, model: string, cause?: CooldownCause): boolean {
    return this.#change(id, (entry) => entry.cooldowns.lift(model, cause));
  }

  /** For AccountEffects. */
  refuseModel(id: string, model: string, until: number): boolean {
    const changed = this.restoreRefusal(id, model, until);
    if (changed) for (const listener of this.#refusedListeners) listener(id, model);
    return changed;
  }

  /** What the database knows of a refusal. */
  restoreRefusal(id: string, model: string, until: number): boolean {
    return until > this.clock.now() && this.#change(id, (entry) => (entry.entitlements.refuse(model, until), true));
  }

  /** For who finds out what an account that was refused a model may use. */
  onModelRefused(listener: (id: string, model: string) => void): void {
    this.#refusedListeners.push(listener);
  }

  /** What the backend offers to accounts of a plan; null: nobody knows. Goes through all accounts. */
  offerToPlan(plan: string, offered: OfferedModels | null): void {
    const now = this.clock.now();
    if (this.#selection.lists.ofPlan(plan)?.id === offered?.id) return;
    this.#selection.lists.setPlan(plan, offered);
    for (const entry of this.#entries.values()) if (entry.account.plan === plan) this.#selection.refresh(entry, now);
  }

  /** What it offers to this account, where that is not what its plan is offered; null: it is. Forgotten when the plan changes. */
  offerToAccount(id: string, offered: OfferedModels | null): boolean {
    return this.#change(id, (entry) => (entry.entitlements.setOwn(offered), true));
  }

  /** Whether some account in service is offered the model, and was not refused it. */
  offers(model: string): boolean {
    return this.#selection.lists.offers(model);
  }

  /** For AccountEffects. `inferred`: by a verdict that counts against the guard. */
  setState(id: string, state: AccountState, reason: string, inferred = false): boolean {
    const now = this.clock.now();
    const before = this.get(id)?.state;
    const changed = this.#change(id, ({ account }) => {
      Object.assign(account, { state, stateReason: reason, stateSince: now, ...(inferred && { takenOutAt: now }) });
      return true;
    });
    if (inferred) this.#removals.note(id, now);
    if (before) this.#noticeReturn(id, before, state);
    return changed;
  }

  /** For AccountEffects. */
  setQuota(id: string, quota: QuotaSnapshot): boolean {
    return this.#change(id, (entry) => (entry.setQuota(quota), true));
  }

  /** For AccountLease. */
  bind(affinityKeys: readonly string[], accountId: string): void {
    this.#affinity.bind(affinityKeys, accountId, this.#boundListener && ((key) => this.#boundListener!(key, accountId)));
  }

  /** For who tells other processes which account a conversation is on. */
  onBound(listener: (affinityKey: string, accountId: string) => void): void {
    this.#boundListener = listener;
  }

  /** What another process says; its word is not passed on. */
  hintAffinity(affinityKey: string, accountId: string): void {
    this.#affinity.bind([affinityKey], accountId);
  }

  /** For AccountLease. */
  release(entry: PoolEntry): void {
    this.#selection.released(entry, this.clock.now());
  }

  #noticeReturn(id: string, before: AccountState, after: AccountState): void {
    if (before !== 'active' && after === 'active') for (const listener of this.#returnedListeners) listener(id);
  }

  #change(id: string, change: (entry: PoolEntry) => boolean): boolean {
    const entry = this.#entries.get(id);
    if (!entry || !change(entry)) return false;
    this.#selection.refresh(entry, this.clock.now());
    return true;
  }
}
