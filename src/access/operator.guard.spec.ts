import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { testConfig } from '../../test/support/test-config.js';
import { ApiKeys } from './api-keys.service.js';
import { isIdentified, OperatorGuard } from './operator.guard.js';
import { OperatorKeys } from './operator-keys.service.js';

const ask = (keys: { apiKeys?: string[]; adminKeys?: string[] }, key: string | null, remoteAddress = '203.0.113.7') => {
  const config = testConfig(keys);
  const guard = new OperatorGuard(new OperatorKeys(config, new ApiKeys(config)), new Reflector());
  const headers = key === null ? {} : { authorization: `Bearer ${key}` };
  const request = { headers, raw: { socket: { remoteAddress } } } as unknown as FastifyRequest;
  const context = { switchToHttp: () => ({ getRequest: () => request }), getHandler: () => ask, getClass: () => Object };
  try {
    guard.canActivate(context as unknown as ExecutionContext);
    return isIdentified(request) ? 'identified' : 'anonymous';
  } catch (error) {
    return (error as { kind: string }).kind;
  }
};

describe('OperatorGuard', () => {
  it.each<[string, { apiKeys?: string[]; adminKeys?: string[] }, string | null, string]>([
    ['a client key while there is no admin key', { apiKeys: ['c'] }, 'c', 'identified'],
    ['a wrong key', { apiKeys: ['c'] }, 'x', 'invalid_api_key'],
    ['no key', { apiKeys: ['c'] }, null, 'invalid_api_key'],
    ['a client key beside admin keys', { apiKeys: ['c'], adminKeys: ['a'] }, 'c', 'permission'],
    ['an admin key', { apiKeys: ['c'], adminKeys: ['a', 'b'] }, 'b', 'identified'],
    ['a wrong key where only admin keys exist', { adminKeys: ['a'] }, 'x', 'invalid_api_key'],
    ['no key where only admin keys exist', { adminKeys: ['a'] }, null, 'invalid_api_key'],
    ['anybody where no key exists at all', {}, 'x', 'anonymous'],
  ])('%s', (_name, keys, key, verdict) => {
    expect(ask(keys, key)).toBe(verdict);
  });

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('knows this machine itself (%s) where no key exists', (address) => {
    expect(ask({}, null, address)).toBe('identified');
  });

  it('closes the dialects to everybody without a client key as soon as any key exists', () => {
    const keys = new ApiKeys(testConfig({ adminKeys: ['a'] }));
    expect([keys.open, keys.has('a'), new ApiKeys(testConfig()).open]).toEqual([false, false, true]);
  });
});
