import { LruMap } from '../pool/lru-map.js';

const MAX_OWNERS = 50_000;

/** Which account made a compaction item, by the SHA-256 of its ciphertext: no other account can read it. */
export class CiphertextOwners {
  readonly #owners = new LruMap<string, string>(MAX_OWNERS);

  /** False if this was known already. */
  remember(hash: string, accountId: string): boolean {
    const known = this.#owners.get(hash) === accountId;
    if (!known) this.#owners.set(hash, accountId);
    return !known;
  }

  ownerOf(hash: string): string | undefined {
    return this.#owners.get(hash);
  }
}
