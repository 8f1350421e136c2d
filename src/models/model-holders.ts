import type { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { OfferedList } from './offered-list.js';

/** Lists with different models; an account beyond them is taken for one of its plan. */
const MAX_LISTS = 64;
/** So long an account's own list counts without being asked for again. */
export const OWN_LIFE_MS = 6 * 3_600_000;

/** Who has a list: a plan, or one account. `checkedAt`: when the backend last said so. */
export interface ModelHolder {
  readonly scope: string;
  readonly accountId: string;
  readonly plan: string;
  readonly list: OfferedList;
  readonly checkedAt: number;
}

const PLAN = 'plan/';
const MAX_SCOPE = 80;

/** Without colons, which separate the parts of a notice. */
export const planScope = (plan: string): string => (PLAN + encodeURIComponent(plan)).slice(0, MAX_SCOPE);

/** What the backend offers to plans and accounts, as this process knows it; the pool follows. Equal lists are one object. */
export class ModelHolders {
  readonly #plans = new Map<string, ModelHolder>();
  /** By account. */
  readonly #own = new Map<string, ModelHolder>();
  readonly #lists = new Map<string, OfferedList>();

  constructor(private readonly pool: AccountPool) {
    pool.onAdded((id) => this.#offer(id));
    pool.onRemoved((id) => this.#own.delete(id));
  }

  ofPlan(plan: string): ModelHolder | undefined {
    return this.#plans.get(plan);
  }

  /** What this account alone is offered; undefined: what its plan is. */
  ofAccount(id: string, plan: string): ModelHolder | undefined {
    const own = this.#own.get(id);
    return own?.plan === plan ? own : undefined;
  }

  plans(): Iterable<ModelHolder> {
    return this.#plans.values();
  }

  accounts(): Iterable<ModelHolder> {
    return this.#own.values();
  }

  /** Lists that somebody has. */
  inUse(): Set<OfferedList> {
    return new Set([...this.#plans.values(), ...this.#own.values()].map(({ list }) => list));
  }

  find(listId: string): OfferedList | undefined {
    return this.#lists.get(listId);
  }

  /** The list that is kept of this content; null: there are too many. */
  keep(list: OfferedList): OfferedList | null {
    const known = this.#lists.get(list.id);
    // Another answer with the same models may have another tag: the latest one is asked with.
    if (known && known.etag === list.etag) return known;
    if (!known && this.#lists.size >= MAX_LISTS && !this.#makeRoom()) return null;
    const kept = known ? Object.assign(known, { etag: list.etag }) : list;
    this.#lists.set(list.id, kept);
    return kept;
  }

  /** False if it says less than what is known. */
  set(holder: ModelHolder): boolean {
    const isPlan = holder.scope.startsWith(PLAN);
    const known = isPlan ? this.#plans.get(holder.plan) : this.#own.get(holder.accountId);
    if (known && known.checkedAt > holder.checkedAt) return false;
    if (isPlan) {
      this.#plans.set(holder.plan, holder);
      this.pool.offerToPlan(holder.plan, holder.list);
    } else {
      this.#own.set(holder.accountId, holder);
      this.#offer(holder.accountId);
    }
    return true;
  }

  /** The account has what its plan has. False if it had. */
  dropAccount(id: string): boolean {
    if (!this.#own.delete(id)) return false;
    this.pool.offerToAccount(id, null);
    return true;
  }

  dropPlan(plan: string): void {
    this.#plans.delete(plan);
    this.pool.offerToPlan(plan, null);
  }

  dropOlder(now: number): void {
    for (const { accountId, checkedAt } of this.#own.values()) if (now - checkedAt > OWN_LIFE_MS) this.dropAccount(accountId);
  }

  #offer(id: string): void {
    const own = this.#own.get(id);
    if (own && this.pool.get(id)?.plan === own.plan) this.pool.offerToAccount(id, own.list);
  }

  #makeRoom(): boolean {
    const used = this.inUse();
    for (const list of this.#lists.values()) if (!used.has(list)) this.#lists.delete(list.id);
    return this.#lists.size < MAX_LISTS;
  }
}
