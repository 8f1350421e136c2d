import { describe, expect, it } from '@jest/globals';
import { nearest } from './nearest.js';

const KEYS = ['max-retry', 'max-conns-per-host', 'listen', 'log-level', 'api-keys'];

describe('nearest', () => {
  it.each([
    ['max-retrys', 'max-retry'],
    ['max-rerty', 'max-retry'],
    ['max_retry', 'max-retry'],
    ['maxRetry', 'max-retry'],
    ['MAX_RETRY', 'max-retry'],
    ['api-key', 'api-keys'],
    ['lsiten', 'listen'],
    ['something-else-entirely', undefined],
    ['x'.repeat(100_000), undefined],
  ])('finds for %.30s: %s', (name, expected) => {
    expect(nearest(name, KEYS)).toBe(expected);
  });
});
