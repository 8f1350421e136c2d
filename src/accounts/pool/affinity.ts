import { LruMap } from './lru-map.js';

const MAX_KEYS = 50_000;

/**
 * Which account a conversation was last answered by. The prompt cache of the backend belongs to an account, so going back to it
 * saves quota; it is a preference only: the pool decides when it yields.
 */
export class Affinity {
  readonly #accounts: LruMap<string, string>;

  constructor(maxKeys = MAX_KEYS) {
    this.#accounts = new LruMap(maxKeys);
  }

  /** Account ids in the order of preference of the keys; the id may name an account that no longer exists. */
  *preferred(keys: readonly string[]): Generator<string> {
    for (const key of keys) {
      const accountId = this.#accounts.get(key);
      if (accountId !== undefined) yield accountId;
    }
  }

  /** `changed` is called for each key that named another account, or none, before. */
  bind(keys: readonly string[], accountId: string, changed?: (key: string) => void): void {
    for (const key of keys) {
      if (changed && this.#accounts.get(key) !== accountId) changed(key);
      this.#accounts.set(key, accountId);
    }
  }
}
