import type { IncomingHttpHeaders } from 'node:http';
import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../common/gateway-error.js';
import { ApiKeys } from './api-keys.service.js';

const BEARER = /^bearer +(\S.*)$/i;

/** The keys a request presents, in the order in which they are tried. */
export const presentedKeys = (headers: IncomingHttpHeaders): string[] => {
  const keys = [headers['x-api-key'], BEARER.exec(headers.authorization ?? '')?.[1], headers['api-key']];
  return keys.filter((key): key is string => typeof key === 'string' && key.trim() !== '').map((key) => key.trim());
};

/**
 * Lets a request through if one of the keys it presents (`x-api-key`, `Authorization: Bearer`, `api-key`) is in
 * `api-keys`; without configured keys everybody. It runs before the body is read. Nest makes one instance per module that
 * uses it, so it holds nothing; such a module imports AccessModule.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(private readonly apiKeys: ApiKeys) {}

  /** @throws GatewayError `invalid_api_key` */
  canActivate(context: ExecutionContext): boolean {
    if (this.apiKeys.open) return true;
    const keys = presentedKeys(context.switchToHttp().getRequest<FastifyRequest>().headers);
    if (keys.some((key) => this.apiKeys.has(key))) return true;
    throw new GatewayError(
      'invalid_api_key',
      keys.length === 0 ? 'An API key is needed: send it as "Authorization: Bearer KEY" or "x-api-key: KEY".' : 'The API key is not valid.',
    );
  }
}
