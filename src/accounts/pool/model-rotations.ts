import { AccountRotation, NOWHERE, type RotationKeys } from './account-rotation.js';
import { familyOf } from './limit-family.js';
import type { ModelLists } from './model-lists.js';
import type { PoolEntry } from './pool-entry.js';

/** From so many excluded accounts on, a model gets a rotation of its own; below, they are skipped in the common one. */
const CROWDED = 64;
/** Hysteresis, so that a model at the limit is not rebuilt again and again. */
const NO_LONGER_CROWDED = 32;
/** Every pick is repeated in each of them. Model names come from callers: beyond this many, the excluded accounts are skipped one by one. */
const MAX_ROTATIONS = 32;

const NONE: ReadonlySet<string> = new Set();

/**
 * Rotations without the accounts that a model cannot use. Excluded accounts are never picked, so they would gather at the front of
 * the common rotation, and each choice for that model would have to step over all of them.
 */
export class ModelRotations {
  readonly #rotations = new Map<string, AccountRotation>();
  readonly #nobody: AccountRotation;
  /** Scope (model or limit family) → number of accounts that it excludes. */
  readonly #excluded = new Map<string, number>();
  readonly #counted = new Map<PoolEntry, ReadonlySet<string>>();

  constructor(
    private readonly keys: RotationKeys,
    private readonly common: AccountRotation,
    private readonly lists: ModelLists,
  ) {
    this.#nobody = new AccountRotation(keys);
    lists.onChanged((model) => (model === null ? this.#rotations.clear() : this.#rotations.delete(model)));
  }

  /** The rotation to choose from for the model; what it holds must still be checked against the model. */
  for(model: string, entries: () => Iterable<PoolEntry>): AccountRotation {
    // Names that nobody may use take no room from others.
    if (this.lists.excludesAll(model)) return this.#nobody;
    const single = (this.#excluded.get(model) ?? 0) + (this.#excluded.get(familyOf(model) ?? '') ?? 0);
    const crowd = single + this.lists.excluded(model);
    const existing = this.#rotations.get(model);
    if (existing && crowd >= NO_LONGER_CROWDED) return existing;
    if (existing) this.#rotations.delete(model);
    if (crowd <= CROWDED || !this.#makeRoom()) return this.common;
    return this.#build(model, entries());
  }

  /** To be called after the account's exclusions or its shelf may have changed. */
  place(entry: PoolEntry, shelf: number): void {
    this.#recount(entry, entry.excludedScopes());
    for (const [model, rotation] of this.#rotations) rotation.place(entry.slot, entry.excludes(model) ? NOWHERE : shelf);
  }

  touched(slot: number): void {
    for (const rotation of this.#rotations.values()) rotation.touched(slot);
  }

  remove(entry: PoolEntry): void {
    this.#recount(entry, NONE);
    for (const rotation of this.#rotations.values()) rotation.place(entry.slot, NOWHERE);
  }

  #build(model: string, entries: Iterable<PoolEntry>): AccountRotation {
    const rotation = new AccountRotation(this.keys);
    for (const entry of entries) if (!entry.excludes(model)) rotation.place(entry.slot, this.common.shelfOf(entry.slot));
    this.#rotations.set(model, rotation);
    return rotation;
  }

  #makeRoom(): boolean {
    if (this.#rotations.size < MAX_ROTATIONS) return true;
    for (const model of this.#rotations.keys()) {
      if ((this.#excluded.get(model) ?? 0) + this.lists.excluded(model) < NO_LONGER_CROWDED) this.#rotations.delete(model);
    }
    return this.#rotations.size < MAX_ROTATIONS;
  }

  #recount(entry: PoolEntry, scopes: ReadonlySet<string>): void {
    const before = this.#counted.get(entry) ?? NONE;
    for (const scope of before) if (!scopes.has(scope)) this.#add(scope, -1);
    for (const scope of scopes) if (!before.has(scope)) this.#add(scope, 1);
    if (scopes.size > 0) this.#counted.set(entry, scopes);
    else this.#counted.delete(entry);
  }

  #add(scope: string, change: 1 | -1): void {
    const count = (this.#excluded.get(scope) ?? 0) + change;
    if (count > 0) this.#excluded.set(scope, count);
    else this.#excluded.delete(scope);
  }
}
