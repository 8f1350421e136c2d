import { Injectable } from '@nestjs/common';
import { GatewayError } from '../common/gateway-error.js';
import { Config } from '../config/config.js';
import { ModelCatalogue } from './model-catalogue.service.js';
import type { ListedModel } from './model-list.js';
import { ModelResolver } from './model-resolver.service.js';

/** How long the first list waits for the backend's own; clients give up on a list after about three seconds. */
const FIRST_LIST_MS = 1_500;

/** The models a client may ask for. */
@Injectable()
export class ModelDirectory {
  constructor(
    private readonly config: Config,
    private readonly resolver: ModelResolver,
    private readonly catalogue: ModelCatalogue,
  ) {}

  async list(): Promise<ListedModel[]> {
    await this.catalogue.settle(FIRST_LIST_MS);
    const models = this.resolver.names().map((id) => this.#describe(id));
    return this.config.modelsHideUnavailable ? models.filter(({ available }) => available) : models;
  }

  /** Any name that resolves, listed or not. Throws `GatewayError('model_not_found')`. */
  async get(id: string): Promise<ListedModel> {
    await this.catalogue.settle(FIRST_LIST_MS);
    const model = this.#describe(id);
    if (this.config.modelsHideUnavailable && !model.available) {
      throw new GatewayError('model_not_found', `The model '${id.slice(0, 100)}' is not available to any account.`, { param: 'model' });
    }
    return model;
  }

  /** The backend's own catalogue, as official Codex clients read it; empty while it is not known: then they use their own. */
  async catalogueBody(): Promise<{ body: object; etag: string }> {
    await this.catalogue.settle(FIRST_LIST_MS);
    return { body: { models: this.catalogue.entries.map(({ raw }) => raw) }, etag: this.catalogue.etag };
  }

  #describe(id: string): ListedModel {
    const { slug } = this.resolver.resolve(id);
    const entry = this.catalogue.find(slug);
    const displayName = entry && id === slug ? entry.displayName : id;
    return { id, displayName, available: this.catalogue.available(slug) !== false, contextWindow: entry?.contextWindow ?? 0 };
  }
}
