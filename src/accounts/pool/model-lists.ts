import { ModelList } from './model-list.js';

/** What the backend offers to an account: the id of the list's content, and the models. */
export interface OfferedModels {
  readonly id: string;
  readonly models: ReadonlySet<string>;
}

/**
 * The model lists of all accounts, one object per content. A model that some account in service is offered is not asked of accounts
 * whose list lacks it. One that is on no list is asked all the same, for lists may hide models or be old, until the answers tell.
 */
export class ModelLists {
  readonly #byId = new Map<string, ModelList>();
  readonly #byPlan = new Map<string, ModelList>();
  #offered: ReadonlySet<string> | null = null;
  /** Accounts in service, with a list or without. */
  serving = 0;
  #onChanged: (model: string | null) => void = () => undefined;

  /** All accounts with some list were excluded for the model (null: for any), or are not any more. */
  onChanged(listener: (model: string | null) => void): void {
    this.#onChanged = listener;
  }

  ofPlan(plan: string): ModelList | null {
    return this.#byPlan.get(plan) ?? null;
  }

  setPlan(plan: string, offered: OfferedModels | null): void {
    const before = this.ofPlan(plan);
    if (offered) this.#byPlan.set(plan, this.hold(offered));
    else this.#byPlan.delete(plan);
    if (before) this.drop(before);
  }

  /** The list, for one more holder. */
  hold({ id, models }: OfferedModels): ModelList {
    const list = this.#byId.get(id) ?? new ModelList(id, models);
    this.#byId.set(id, list);
    list.holders++;
    return list;
  }

  drop(list: ModelList): void {
    if (--list.holders === 0) this.#byId.delete(list.id);
  }

  /** Whether an account with this list is no candidate for the model. */
  excludes(list: ModelList, model: string): boolean {
    return list.refused(model) || (!list.models.has(model) && this.#isOffered(model));
  }

  /** Whether some account in service is offered the model, and was not refused it. */
  offers(model: string): boolean {
    for (const list of this.#byId.values()) if (list.offers(model)) return true;
    return false;
  }

  /** Accounts in service whose list excludes the model. */
  excluded(model: string): number {
    let excluded = 0;
    for (const list of this.#byId.values()) if (list.members > 0 && this.excludes(list, model)) excluded += list.members;
    return excluded;
  }

  /** Whether no account in service has a list that leaves the model open. */
  excludesAll(model: string): boolean {
    return this.serving > 0 && this.excluded(model) >= this.serving;
  }

  join(list: ModelList, refusals: Iterable<string>): void {
    if (++list.members === 1) this.#changed();
    for (const model of refusals) this.countRefusal(list, model, 1);
  }

  leave(list: ModelList, refusals: Iterable<string>): void {
    for (const model of refusals) this.countRefusal(list, model, -1);
    if (--list.members === 0) this.#changed();
  }

  /** A member was refused the model (+1), or may ask again (-1). */
  countRefusal(list: ModelList, model: string, change: 1 | -1): void {
    const before = list.refused(model);
    list.countRefusal(model, change);
    if (before !== list.refused(model)) this.#onChanged(model);
  }

  #changed(): void {
    this.#offered = null;
    this.#onChanged(null);
  }

  /** By the lists alone: a model that its accounts are refused stays theirs. */
  #isOffered(model: string): boolean {
    this.#offered ??= new Set([...this.#byId.values()].filter(({ members }) => members > 0).flatMap(({ models }) => [...models]));
    return this.#offered.has(model);
  }
}
