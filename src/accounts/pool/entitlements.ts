import type { ModelList } from './model-list.js';
import type { ModelLists, OfferedModels } from './model-lists.js';

/** Model names come from callers: an account keeps at most so many refusals, and then forgets the oldest. */
const MAX_MODELS = 32;
const NONE: readonly string[] = [];

/** The models that one account may use: what the backend offers to it, without what it was refused, each until it is worth asking again. */
export class Entitlements {
  #refused: Map<string, number> | null = null;
  #own: ModelList | null = null;
  #list: ModelList | null = null;
  #serving = false;

  constructor(private readonly lists: ModelLists) {}

  refuse(model: string, until: number): void {
    const refused = (this.#refused ??= new Map<string, number>());
    if (!refused.delete(model)) this.#count(model, 1);
    refused.set(model, until);
    if (refused.size <= MAX_MODELS) return;
    for (const oldest of refused.keys()) return this.#forgive(oldest);
  }

  excludes(model: string): boolean {
    return (this.#refused !== null && this.#refused.has(model)) || (this.#list !== null && this.lists.excludes(this.#list, model));
  }

  /** Whether the account is offered the model; null while nobody knows. */
  isOffered(model: string): boolean | null {
    return this.#list && this.#list.models.has(model);
  }

  /** Models that it was refused itself. */
  *models(): Generator<string> {
    yield* this.#refused?.keys() ?? NONE;
  }

  /** What is offered to this account alone; null: what its plan is offered. */
  setOwn(offered: OfferedModels | null): void {
    const before = this.#own;
    this.#own = offered && this.lists.hold(offered);
    if (before) this.lists.drop(before);
  }

  /** To be called after the lists, or the plan, have changed. */
  follow(plan: string): void {
    const list = this.#own ?? this.lists.ofPlan(plan);
    if (list === this.#list) return;
    const serving = this.#serving;
    this.setServing(false);
    this.#list = list;
    this.setServing(serving);
  }

  /** Only accounts in service speak for the others with their list. */
  setServing(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    this.lists.serving += serving ? 1 : -1;
    if (!this.#list) return;
    if (serving) this.lists.join(this.#list, this.models());
    else this.lists.leave(this.#list, this.models());
  }

  /** Another plan, or no account any more. */
  clear(): void {
    for (const model of [...this.models()]) this.#forgive(model);
    this.setOwn(null);
  }

  expire(now: number): void {
    for (const [model, until] of this.#refused ?? []) if (until <= now) this.#forgive(model);
  }

  /** When the next refusal ends; Infinity: there is none. */
  nextEnd(): number {
    let next = Infinity;
    for (const until of this.#refused?.values() ?? []) next = Math.min(next, until);
    return next;
  }

  #forgive(model: string): void {
    this.#refused!.delete(model);
    this.#count(model, -1);
  }

  #count(model: string, change: 1 | -1): void {
    if (this.#serving && this.#list) this.lists.countRefusal(this.#list, model, change);
  }
}
