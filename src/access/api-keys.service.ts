import { Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../config/config.js';
import { KeyRing } from './key-ring.js';

/** The keys of clients (`api-keys`). */
@Injectable()
export class ApiKeys implements OnApplicationBootstrap {
  private readonly logger = new Logger(ApiKeys.name);
  readonly #keys: KeyRing;

  constructor(private readonly config: Config) {
    this.#keys = new KeyRing(config.apiKeys);
  }

  /** No key of any kind is configured: everybody may call. */
  get open(): boolean {
    return this.#keys.empty && this.config.adminKeys.length === 0;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  onApplicationBootstrap(): void {
    if (this.open && this.config.listensBeyondLoopback) {
      this.logger.warn({
        msg: 'NO API KEY IS CONFIGURED: anybody who reaches this address can spend the quota of your accounts. Set api-keys, or listen on 127.0.0.1.',
        listen: this.config.listen,
      });
    }
    if (this.#keys.empty && !this.open) {
      this.logger.warn({
        msg: 'admin-keys are set but api-keys are not: no client may call. Admin keys are for the operator endpoints only.',
      });
    }
  }
}
