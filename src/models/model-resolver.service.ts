import { Injectable } from '@nestjs/common';
import { GatewayError } from '../common/gateway-error.js';
import { Config } from '../config/config.js';
import { nearest } from '../config/nearest.js';
import { clampEffort, EFFORT_ORDER, Effort, isEffort } from './effort.js';
import { flagships, ModelAliases, NEWEST_FLAGSHIP } from './model-aliases.js';
import { ModelCatalogue } from './model-catalogue.service.js';
import { looksLikeVendorModel, ModelName, parseModelName } from './model-name.js';
import { TABLE_IDS, tableLevels } from './model-table.js';
import type { AskedOfModel, ResolvedModel } from './resolved-model.js';

/** From the name a client uses to what the backend is asked for. */
@Injectable()
export class ModelResolver {
  readonly #aliases: ModelAliases;
  readonly #fast: boolean;
  readonly #image: boolean;

  constructor(
    config: Config,
    private readonly catalogue: ModelCatalogue,
  ) {
    this.#aliases = new ModelAliases(config.modelAliases);
    this.#fast = config.enableModelSuffixFast;
    this.#image = config.enableModelSuffixImage;
  }

  /**
   * Order: an operator's alias of that very name; the catalogue and the built-in table; aliases with globs; a name that looks like
   * one of the vendor's. A suffix of the name beats the effort of the body. Throws `GatewayError`: `model_not_found`
   * with the nearest known name, `invalid_request` for an effort that no model has.
   */
  readonly resolve = (requested: string, asked: AskedOfModel = {}): ResolvedModel => {
    this.catalogue.touch();
    const name = parseModelName(requested, (base) => this.#isBase(base));
    const target = this.#target(name, requested);
    const body = readEffort(asked);
    const wanted = name.effort ?? target.effort ?? body;
    const entry = this.catalogue.find(target.base);
    const levels = entry?.levels ?? tableLevels(target.base);
    return {
      requested,
      slug: target.base,
      effort: wanted === null || wanted === 'auto' ? null : clampEffort(wanted, levels),
      askedEffort: wanted,
      priority: name.fast || target.fast,
      image: name.image || target.image,
      supportsVerbosity: entry?.supportsVerbosity ?? true,
      supportsSummary: entry?.supportsSummary ?? true,
    };
  };

  /** Every name that resolves, as far as names can be listed. */
  names(): string[] {
    const table = [...TABLE_IDS.keys()].filter((id) => this.#fast || !id.endsWith('-fast'));
    return [...new Set([...table, ...this.catalogue.entries.map(({ slug }) => slug), ...this.#aliases.listed()])];
  }

  /** The name nearest to one that nobody may use, of those that some account may; the newest of the catalogue where none is near. */
  nearestUsable(name: string): string | undefined {
    const usable = this.catalogue.entries.filter(({ slug }) => slug !== name && this.catalogue.available(slug));
    const near = nearest(
      name,
      usable.map(({ slug }) => slug),
    );
    return near ?? (usable.find(({ listed }) => listed) ?? usable[0])?.slug;
  }

  #isBase(name: string): boolean {
    return this.#aliases.exact(name) !== null || this.#isKnown(name) || this.#isKnown(name.toLowerCase());
  }

  #isKnown(name: string): boolean {
    return this.catalogue.find(name) !== undefined || tableLevels(name) !== null;
  }

  #target(name: ModelName, requested: string): ModelName {
    const exact = this.#aliases.exact(name.base);
    if (exact) return this.#choose(exact);
    const base = this.#isKnown(name.base) ? name.base : name.base.toLowerCase();
    const isOff = (name.fast && !this.#fast) || (name.image && !this.#image);
    if (this.#isKnown(base) && !isOff) return { base, effort: null, fast: false, image: false };
    const glob = this.#aliases.glob(name.base) ?? this.#aliases.glob(requested);
    if (glob) return this.#choose(glob);
    if (looksLikeVendorModel(base) && !isOff) return { base, effort: null, fast: false, image: false };
    throw this.#unknown(requested);
  }

  /** The first of an alias's models that an account has; the first of all while nobody knows. */
  #choose(targets: readonly string[]): ModelName {
    const names = targets
      .flatMap((target) => (target === NEWEST_FLAGSHIP ? flagships(this.catalogue.entries) : [target]))
      .map((target) => parseModelName(target, (base) => this.#isKnown(base)));
    return names.find(({ base }) => this.catalogue.available(base) !== false) ?? names[0]!;
  }

  #unknown(requested: string): GatewayError {
    const close = nearest(requested, this.names());
    const hint = close === undefined ? '' : ` Did you mean '${close}'?`;
    return new GatewayError('model_not_found', `The model '${requested.slice(0, 100)}' does not exist.${hint}`, { param: 'model' });
  }
}

/** `auto` is what clients write when they mean the backend's own choice. */
function readEffort({ effort, param = 'reasoning.effort' }: AskedOfModel): Effort | 'auto' | null {
  if (effort == null) return null;
  if (effort === 'auto' || isEffort(effort)) return effort;
  throw new GatewayError('invalid_request', `Invalid value: '${effort.slice(0, 64)}'. Supported values are: ${EFFORT_ORDER.join(', ')}.`, {
    param,
    code: 'invalid_value',
  });
}
