import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { CanActivate, ExecutionContext, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../common/gateway-error.js';
import { Config } from '../config/config.js';

const digest = (key: string): Buffer => hash('sha256', key, 'buffer');

const BEARER = /^bearer +(\S.*)$/i;

/** The keys a request presents, in the order in which they are tried. */
export const presentedKeys = (headers: IncomingHttpHeaders): string[] => {
  const keys = [headers['x-api-key'], BEARER.exec(headers.authorization ?? '')?.[1], headers['api-key']];
  return keys.filter((key): key is string => typeof key === 'string' && key.trim() !== '').map((key) => key.trim());
};

/**
 * Lets a request through if one of the keys it presents (`x-api-key`, `Authorization: Bearer`, `api-key`) is in
 * `api-keys`; without configured keys everybody. Only digests are kept and compared, every one of them each time, so
 * the time tells nothing about a key.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate, OnApplicationBootstrap {
  private readonly logger = new Logger(ApiKeyGuard.name);
  readonly #digests: readonly Buffer[];

  constructor(private readonly config: Config) {
    this.#digests = config.apiKeys.map(digest);
  }

  onApplicationBootstrap(): void {
    if (this.#digests.length > 0 || !this.config.listensBeyondLoopback) return;
    this.logger.warn({
      msg: 'NO API KEY IS CONFIGURED: anybody who reaches this address can spend the quota of your accounts. Set api-keys, or listen on 127.0.0.1.',
      listen: this.config.listen,
    });
  }

  /** @throws GatewayError `invalid_api_key` */
  canActivate(context: ExecutionContext): boolean {
    if (this.#digests.length === 0) return true;
    const keys = presentedKeys(context.switchToHttp().getRequest<FastifyRequest>().headers);
    if (keys.some((key) => this.#isKnown(key))) return true;
    throw new GatewayError(
      'invalid_api_key',
      keys.length === 0 ? 'An API key is needed: send it as "Authorization: Bearer KEY" or "x-api-key: KEY".' : 'The API key is not valid.',
    );
  }

  #isKnown(key: string): boolean {
    const presented = digest(key);
    let found = false;
    for (const known of this.#digests) found = timingSafeEqual(presented, known) || found;
    return found;
  }
}
