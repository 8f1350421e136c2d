/** Of a model that the list does not name: so many accounts that were refused it speak for all that have the list. */
const UNLISTED_ENOUGH = 2;
/** Of one that it names: there the backend contradicts itself, and each account may still have its own answer. */
const LISTED_ENOUGH = 64;

/**
 * Models that the backend offers to a group of accounts, shared by all that it offers the same to. Counts the accounts in service that
 * have it, and who of them was refused what, so that a name that nobody may use does not go through thousands of accounts.
 */
export class ModelList {
  /** Accounts in service that have this list. */
  members = 0;
  /** Accounts in any state, and plans, that have it; without any it is forgotten. */
  holders = 0;
  /** Model → members that were refused it. */
  readonly #refusers = new Map<string, number>();

  constructor(
    /** Tells it from lists with other models. */
    readonly id: string,
    readonly models: ReadonlySet<string>,
  ) {}

  /** Whether some member has the model on its list and was not refused it. */
  offers(model: string): boolean {
    return this.models.has(model) && this.members > (this.#refusers.get(model) ?? 0) && !this.refused(model);
  }

  /** Whether so many members were refused the model that the others need not ask. */
  refused(model: string): boolean {
    const refusers = this.#refusers.get(model) ?? 0;
    return refusers >= (this.models.has(model) ? LISTED_ENOUGH : UNLISTED_ENOUGH);
  }

  /** A member was refused the model (+1), or may ask again (-1). */
  countRefusal(model: string, change: 1 | -1): void {
    const refusers = (this.#refusers.get(model) ?? 0) + change;
    if (refusers > 0) this.#refusers.set(model, refusers);
    else this.#refusers.delete(model);
  }
}
