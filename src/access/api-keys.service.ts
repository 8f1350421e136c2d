import { hash, timingSafeEqual } from 'node:crypto';
import { Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../config/config.js';

/** As hex text: asking `hash` for a buffer takes twice as long. */
const digest = (key: string): Buffer => Buffer.from(hash('sha256', key), 'latin1');

/** The keys of `api-keys`. Only digests are kept and compared, every one of them each time, so the time tells nothing about a key. */
@Injectable()
export class ApiKeys implements OnApplicationBootstrap {
  private readonly logger = new Logger(ApiKeys.name);
  readonly #digests: readonly Buffer[];

  constructor(private readonly config: Config) {
    this.#digests = config.apiKeys.map(digest);
  }

  /** No key is configured: everybody may call. */
  get open(): boolean {
    return this.#digests.length === 0;
  }

  has(key: string): boolean {
    const presented = digest(key);
    let found = false;
    for (const known of this.#digests) found = timingSafeEqual(presented, known) || found;
    return found;
  }

  onApplicationBootstrap(): void {
    if (!this.open || !this.config.listensBeyondLoopback) return;
    this.logger.warn({
      msg: 'NO API KEY IS CONFIGURED: anybody who reaches this address can spend the quota of your accounts. Set api-keys, or listen on 127.0.0.1.',
      listen: this.config.listen,
    });
  }
}
