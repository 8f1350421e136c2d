import type { PoolAccount } from '../accounts/pool/pool-account.js';
import type { Sample } from './catalogue-round.js';
import { ModelHolder, ModelHolders, planScope } from './model-holders.js';
import type { OfferedList } from './offered-list.js';

/** So many accounts, and more than those that agree with it, prove that the speaker of their plan is the exception. */
const ENOUGH = 3;

/** A holder has changed, or is none any more: what the database has to learn. */
export type HolderChange = { readonly holder: ModelHolder } | { readonly dropped: string };

/** What sampled accounts were told, and what follows for their plans. */
export class ModelSamples {
  readonly #samples = new Map<string, Sample>();

  constructor(private readonly holders: ModelHolders) {}

  get all(): ReadonlyMap<string, Sample> {
    return this.#samples;
  }

  forget(id: string): void {
    this.#samples.delete(id);
  }

  /** It did not answer: it is not asked again at once. */
  missed({ id, plan }: PoolAccount, at: number): void {
    this.#samples.set(id, { at, plan, listId: null });
  }

  /** What the account that speaks for its plan is offered. */
  spoke({ id: accountId, plan }: PoolAccount, list: OfferedList, at: number): HolderChange[] {
    const before = this.holders.ofPlan(plan);
    // Those that agreed with the old list will most likely agree with the new one; they are asked again in their turn.
    if (before && before.list !== list) for (const [id, sample] of this.#samples) if (sample.listId === before.list.id) this.forget(id);
    const holder = { scope: planScope(plan), accountId, plan, list, checkedAt: at };
    this.holders.set(holder);
    const own = this.holders.dropAccount(accountId) ? [{ dropped: accountId }] : [];
    return [{ holder }, ...own];
  }

  /** What an account is offered that was asked for itself. */
  told({ id: accountId, plan }: PoolAccount, list: OfferedList, at: number): HolderChange[] {
    this.#samples.set(accountId, { at, plan, listId: list.id });
    if (this.holders.ofPlan(plan)?.list === list) return this.holders.dropAccount(accountId) ? [{ dropped: accountId }] : [];
    const holder = { scope: accountId, accountId, plan, list, checkedAt: at };
    this.holders.set(holder);
    return [{ holder }];
  }

  /** Plans whose speaker is the exception get the list that most of their sampled accounts have. */
  elect(): HolderChange[] {
    return [...this.holders.plans()].flatMap((holder) => this.#electFor(holder));
  }

  #electFor({ plan, list, accountId: speaker }: ModelHolder): HolderChange[] {
    const votes = new Map<string, string[]>([[list.id, [speaker]]]);
    for (const [id, sample] of this.#samples) {
      if (sample.plan !== plan || sample.listId === null || id === speaker) continue;
      const voters = votes.get(sample.listId);
      if (voters) voters.push(id);
      else votes.set(sample.listId, [id]);
    }
    const [winner, voters] = [...votes].reduce((best, vote) => (vote[1].length > best[1].length ? vote : best));
    const winning = this.holders.find(winner);
    if (winner === list.id || voters.length < ENOUGH || !winning) return [];
    const at = Math.max(...voters.map((id) => this.#samples.get(id)!.at));
    const holder = {
      scope: planScope(plan),
      accountId: voters[0]!,
      plan,
      list: winning,
      checkedAt: Math.max(at, this.holders.ofPlan(plan)!.checkedAt),
    };
    this.holders.set(holder);
    const dropped = voters.filter((id) => this.holders.dropAccount(id)).map((id) => ({ dropped: id }));
    const losers = (votes.get(list.id) ?? []).map((id): HolderChange => {
      const own = { scope: id, accountId: id, plan, list, checkedAt: at };
      this.holders.set(own);
      return { holder: own };
    });
    return [{ holder }, ...dropped, ...losers];
  }
}
