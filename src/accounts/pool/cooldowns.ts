import type { Cooldown, CooldownCause } from './pool-account.js';
import { familyOf } from './limit-family.js';

const WHOLE = '*';

/** Source of the cooldown of an account whose refused token we may not renew: it ends with the next token that arrives. */
export const AWAITING_TOKEN = 'awaiting-token';

/** Only what upstream itself limits makes an account unavailable; every other cooldown merely puts it behind all others. */
export const isLimit = (cause: CooldownCause): boolean => cause === 'quota' || cause === 'rate_limit';

/**
 * The running cooldowns of one account. `limits` (quota and rate limits, for `*`, a model or a limit family) exclude it; `rest`
 * (any other cause, always for the whole account) keeps it as a last resort. Of two for the same scope the one that ends later stays.
 */
export class Cooldowns {
  #limits: Map<string, Cooldown> | null = null;
  #rest: Cooldown | null = null;

  get rest(): Cooldown | null {
    return this.#rest;
  }

  /** The limit of the whole account. */
  get limit(): Cooldown | null {
    return this.#limits?.get(WHOLE) ?? null;
  }

  /** False if a later one of the same scope is running: nothing has changed then. */
  set(cooldown: Cooldown): boolean {
    const scope = cooldown.model;
    if (!isLimit(cooldown.cause) && scope === WHOLE) return this.#setRest(cooldown);
    if ((this.#limits?.get(scope)?.until ?? 0) >= cooldown.until) return false;
    (this.#limits ??= new Map()).set(scope, cooldown);
    return true;
  }

  #setRest(cooldown: Cooldown): boolean {
    if (Math.max(this.#rest?.until ?? 0, this.limit?.until ?? 0) >= cooldown.until) return false;
    this.#rest = cooldown;
    return true;
  }

  /** Ends the cooldowns of a scope, or those of them with the cause. False if there was none. */
  lift(scope: string, cause?: CooldownCause): boolean {
    const limit = this.#limits?.get(scope);
    const liftsLimit = limit !== undefined && (cause ?? limit.cause) === limit.cause;
    const liftsRest = scope === WHOLE && this.#rest !== null && (cause ?? this.#rest.cause) === this.#rest.cause;
    if (liftsLimit) this.#limits!.delete(scope);
    if (liftsRest) this.#rest = null;
    return liftsLimit || liftsRest;
  }

  liftAwaitingToken(): void {
    if (this.#rest?.source === AWAITING_TOKEN) this.#rest = null;
  }

  /** The limit of the model, its family or the whole account that ends last. */
  limitFor(model: string): Cooldown | null {
    if (!this.#limits || this.#limits.size === 0) return null;
    const running = [WHOLE, model, familyOf(model) ?? model]
      .map((scope) => this.#limits!.get(scope))
      .filter((limit) => limit !== undefined);
    return running.reduce<Cooldown | null>((last, limit) => (last && last.until >= limit.until ? last : limit), null);
  }

  /** Whether the model or its family is limited apart from the rest of the account. */
  excludes(model: string): boolean {
    if (!this.#limits || this.#limits.size === 0) return false;
    return this.#limits.has(model) || this.#limits.has(familyOf(model) ?? model);
  }

  /** Scopes other than the whole account. */
  *scopes(): Generator<string> {
    for (const scope of this.#limits?.keys() ?? []) if (scope !== WHOLE) yield scope;
  }

  *all(): Generator<Cooldown> {
    yield* this.#limits?.values() ?? [];
    if (this.#rest) yield this.#rest;
  }

  expire(now: number): void {
    for (const [scope, limit] of this.#limits ?? []) if (limit.until <= now) this.#limits!.delete(scope);
    if (this.#rest && this.#rest.until <= now) this.#rest = null;
  }

  /** When the next one ends; Infinity: none is running. */
  nextEnd(): number {
    let next = this.#rest?.until ?? Infinity;
    for (const limit of this.#limits?.values() ?? []) next = Math.min(next, limit.until);
    return next;
  }
}
