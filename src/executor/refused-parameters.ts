import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';

const REMEMBER_MS = 3_600_000;
const MAX_MODELS = 200;

/** Optional parameters the backend refused for a model, left out from then on for an hour. */
@Injectable()
export class RefusedParameters {
  readonly #byModel = new Map<string, Map<string, number>>();

  constructor(private readonly clock: Clock) {}

  remember(model: string, parameter: string): void {
    const known = this.#byModel.get(model) ?? new Map<string, number>();
    known.set(parameter, this.clock.now() + REMEMBER_MS);
    if (!this.#byModel.has(model) && this.#byModel.size >= MAX_MODELS) this.#byModel.delete(this.#byModel.keys().next().value!);
    this.#byModel.set(model, known);
  }

  /** The parameters to leave out of a request for `model`; empty for almost every request. */
  of(model: string): readonly string[] {
    const known = this.#byModel.get(model);
    if (!known) return [];
    const now = this.clock.now();
    for (const [parameter, until] of known) if (until <= now) known.delete(parameter);
    if (known.size === 0) this.#byModel.delete(model);
    return [...known.keys()];
  }
}
