import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';
import type { PoolAccount } from './pool-account.js';
import { Cooldowns } from './cooldowns.js';
import { Entitlements } from './entitlements.js';
import type { ModelLists } from './model-lists.js';
import { newerReading } from './quota-reading.js';
import { nextReset } from './remaining-quota.js';

const NOTHING: ReadonlySet<string> = new Set();

/** An account in the pool with everything that decides whether it can be chosen. */
export class PoolEntry {
  readonly cooldowns = new Cooldowns();
  readonly entitlements: Entitlements;
  /** Leases that are held now. */
  inFlight = 0;
  /** When it was chosen last, epoch ms; 0: not by this process. */
  pickedAt = 0;
  /** As of the last update: the account object is shared and may have been changed in place. */
  #plan: string;
  #generation: number;

  constructor(
    /** Its number in the selection's arrays; free for another account after it has left. */
    readonly slot: number,
    public account: PoolAccount,
    lists: ModelLists,
  ) {
    this.entitlements = new Entitlements(lists);
    this.#plan = account.plan;
    this.#generation = account.tokenGeneration;
  }

  /**
   * A new reading of the account. Of tokens and quota the newer ones are kept: a reading of the database may be older than what
   * memory already knows.
   */
  update(incoming: PoolAccount): void {
    const known = this.account;
    incoming.quota = newerReading(known.quota, incoming.quota);
    incoming.takenOutAt = Math.max(known.takenOutAt, incoming.takenOutAt);
    if (known.tokenGeneration > incoming.tokenGeneration) {
      const { accessToken, accessExpiresAt, tokenGeneration } = known;
      Object.assign(incoming, { accessToken, accessExpiresAt, tokenGeneration });
    }
    this.account = incoming;
    this.#noticePlan();
    if (incoming.tokenGeneration > this.#generation) this.cooldowns.liftAwaitingToken();
    this.#generation = incoming.tokenGeneration;
  }

  setQuota(quota: QuotaSnapshot): void {
    this.account.quota = quota;
    if (quota.plan) this.account.plan = quota.plan;
    this.#noticePlan();
  }

  /** Another plan may use other models. */
  #noticePlan(): void {
    if (this.account.plan === this.#plan) return;
    this.entitlements.clear();
    this.#plan = this.account.plan;
  }

  /** Whether the account has, or can get, a token. One that somebody else rotates waits for a newer file when its token has ended. */
  hasCredential(now: number): boolean {
    const { refreshable, accessToken, accessExpiresAt } = this.account;
    return refreshable || (accessToken !== '' && (accessExpiresAt === 0 || accessExpiresAt > now));
  }

  isServing(now: number): boolean {
    return this.account.state === 'active' && !this.account.draining && this.hasCredential(now);
  }

  /** Whether the model cannot be used while the account itself can. */
  excludes(model: string): boolean {
    return this.entitlements.excludes(model) || this.cooldowns.excludes(model);
  }

  excludedScopes(): ReadonlySet<string> {
    const scopes = [...this.cooldowns.scopes(), ...this.entitlements.models()];
    return scopes.length === 0 ? NOTHING : new Set(scopes);
  }

  expire(now: number): void {
    this.cooldowns.expire(now);
    this.entitlements.expire(now);
  }

  /** The next instant at which something of this changes by itself; Infinity: never. */
  nextChange(now: number): number {
    const { accessExpiresAt, refreshable, quota } = this.account;
    const tokenEnd = !refreshable && accessExpiresAt > now ? accessExpiresAt : Infinity;
    return Math.min(this.cooldowns.nextEnd(), this.entitlements.nextEnd(), nextReset(quota, now), tokenEnd);
  }
}
