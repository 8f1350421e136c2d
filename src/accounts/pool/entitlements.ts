/** Model names come from callers: an account keeps at most so many refusals, and then forgets the oldest. */
const MAX_MODELS = 32;

/** Models that the backend said one account may not use, each until it is worth asking again. */
export class Entitlements {
  #refused: Map<string, number> | null = null;

  refuse(model: string, until: number): void {
    const refused = (this.#refused ??= new Map<string, number>());
    refused.delete(model);
    refused.set(model, until);
    if (refused.size <= MAX_MODELS) return;
    for (const oldest of refused.keys()) {
      refused.delete(oldest);
      return;
    }
  }

  excludes(model: string): boolean {
    return this.#refused !== null && this.#refused.has(model);
  }

  *models(): Generator<string> {
    yield* this.#refused?.keys() ?? [];
  }

  clear(): void {
    this.#refused = null;
  }

  expire(now: number): void {
    for (const [model, until] of this.#refused ?? []) if (until <= now) this.#refused!.delete(model);
  }

  /** When the next refusal ends; Infinity: there is none. */
  nextEnd(): number {
    let next = Infinity;
    for (const until of this.#refused?.values() ?? []) next = Math.min(next, until);
    return next;
  }
}
