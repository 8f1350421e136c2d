import { describe, expect, it } from '@jest/globals';
import { ConfigError } from './config-error.js';
import { configFrom } from './load-config.js';
import { statusRules } from './status-rules.js';

const fault = (key: string, value: unknown): string => {
  try {
    configFrom([{ key, value, where: 'test' }]);
    return '';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
};

describe('actions for statuses of the usage endpoint', () => {
  it.each<[string, unknown, string]>([
    ['quota-http-429-action', '', ''],
    ['quota-http-429-action', 'remove', ''],
    ['quota-http-429-action', 'delete', 'must be empty, remove, disable or cooldown'],
    ['quota-http-status-actions', {}, ''],
    ['quota-http-status-actions', { 403: 'cooldown', 500: 'disable' }, ''],
    ['quota-http-status-actions', { 200: 'disable' }, 'must name statuses from 400 to 599, not "200"'],
    ['quota-http-status-actions', { forbidden: 'disable' }, 'must name statuses from 400 to 599, not "forbidden"'],
    ['quota-http-status-actions', { 401: 'cooldown', 403: 'ban' }, 'must give 403 one of remove, disable or cooldown'],
    ['quota-http-status-actions', ['cooldown'], 'must be a map, not a list'],
    ['quota-http-status-policy', { 401: { phase: 'refresh_once', final: 'remove' }, 402: { final: 'disable' } }, ''],
    ['quota-http-status-policy', { 401: 'disable' }, 'must give 401 a map with phase and final'],
    [
      'quota-http-status-policy',
      { 403: { phase: 'wait', final: 'disable' } },
      'must have as phase of 403 one of none, refresh_once or cooldown_then_retry',
    ],
    ['quota-http-status-policy', { 403: { phase: 'none' } }, 'must have as final of 403 one of remove, disable or cooldown'],
    ['quota-http-status-policy', { 403: { final: 'disable', after: 3 } }, 'must give 403 only phase and final; "after" is neither'],
    ['quota-http-status-policy', { 99: { final: 'disable' } }, 'must name statuses from 400 to 599, not "99"'],
  ])('%s: %j', (key, value, words) => {
    expect(fault(key, value)).toContain(words);
    expect(fault(key, value) === '').toBe(words === '');
  });

  it('a policy replaces an action, which replaces the action for 429', () => {
    expect([...statusRules({ action429: 'cooldown' })]).toEqual([[429, { phase: 'none', final: 'cooldown' }]]);
    const rules = statusRules({
      action429: 'cooldown',
      actions: { 429: 'disable', 403: 'disable' },
      policy: { 403: { phase: 'cooldown_then_retry', final: 'remove' } },
    });
    expect(rules.get(429)).toEqual({ phase: 'none', final: 'disable' });
    expect(rules.get(403)).toEqual({ phase: 'cooldown_then_retry', final: 'remove' });
    expect(statusRules({}).size).toBe(0);
  });
});
