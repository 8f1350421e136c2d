import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../common/gateway-error.js';
import { isLoopback } from '../config/addresses.js';
import { presentedKeys } from './api-key.guard.js';
import { OperatorKeys, type OperatorRole } from './operator-keys.service.js';

/** The role that a route needs; `operator` where none is named. */
export const NeedsRole = Reflector.createDecorator<OperatorRole>();

const identified = new WeakSet<FastifyRequest>();

/**
 * Whether the caller has shown a key, or sits on this machine where no key is configured. Everybody else, where the service is open to
 * all, learns no e-mail address.
 */
export const isIdentified = (request: FastifyRequest): boolean => identified.has(request);

/** Lets operators through to the operator endpoints, before the body is read. A module that uses it imports AccessModule. */
@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(
    private readonly operators: OperatorKeys,
    private readonly reflector: Reflector,
  ) {}

  /** @throws GatewayError `invalid_api_key`, or `permission` for the key of a client */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const role = this.reflector.getAllAndOverride(NeedsRole, [context.getHandler(), context.getClass()]) ?? 'operator';
    const keys = presentedKeys(request.headers);
    switch (this.operators.verdict(keys, role)) {
      case 'granted':
        identified.add(request);
        return true;
      case 'unidentified':
        if (isLoopback(unmapped(request.raw.socket.remoteAddress ?? ''))) identified.add(request);
        return true;
      case 'denied':
        throw new GatewayError('permission', `This endpoint is for operators: it needs the role "${role}", which this key does not have.`);
      case 'unknown':
        throw new GatewayError('invalid_api_key', keys.length === 0 ? 'An API key is needed.' : 'The API key is not valid.');
    }
  }
}

/** An IPv4 address as a socket that listens on both families shows it. */
const unmapped = (address: string): string => address.replace(/^::ffff:/i, '');
