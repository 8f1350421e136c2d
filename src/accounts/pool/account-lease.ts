import type { PoolAccount } from './pool-account.js';
import type { PoolEntry } from './pool-entry.js';

/** What a lease does to the pool that gave it out. */
export interface LeaseHolder {
  bind(affinityKeys: readonly string[], accountId: string): void;
  release(entry: PoolEntry): void;
}

/** The right to send one attempt through an account. Give it back with `using`. */
export class AccountLease implements Disposable {
  /** Token and its generation as they were when the lease was given out; a newer token needs a new lease (`sameAs`). */
  readonly accessToken: string;
  readonly generation: number;
  #held = true;

  constructor(
    private readonly entry: PoolEntry,
    private readonly holder: LeaseHolder,
    /** Epoch ms. */
    readonly leasedAt: number,
  ) {
    this.accessToken = entry.account.accessToken;
    this.generation = entry.account.tokenGeneration;
  }

  /** The account as it is now. */
  get account(): PoolAccount {
    return this.entry.account;
  }

  /** The conversation that these keys name goes to this account from now on, if it can. */
  succeeded(affinityKeys: readonly string[]): void {
    this.holder.bind(affinityKeys, this.account.id);
  }

  [Symbol.dispose](): void {
    if (!this.#held) return;
    this.#held = false;
    this.holder.release(this.entry);
  }
}
