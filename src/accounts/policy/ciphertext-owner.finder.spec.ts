import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { FakeClock } from '../../../test/support/fake-clock.js';
import type { AccountEffects } from './account-effects.service.js';
import type { AccountPool } from '../pool/account-pool.service.js';
import type { AccountsService } from '../accounts.service.js';
import { CiphertextOwnerFinder } from './ciphertext-owner.finder.js';
import type { CiphertextOwnerRepository } from '../storage/ciphertext-owner.repository.js';

interface World {
  memory?: Record<string, string>;
  stored?: (hashes: readonly string[]) => Promise<Map<string, string>>;
  /** Accounts in the pool, and those that only the database has. */
  loaded?: string[];
  unloaded?: string[];
}

function setUp({ memory = {}, stored = () => Promise.resolve(new Map()), loaded = [], unloaded = [] }: World) {
  const clock = new FakeClock();
  const pool = new Set(loaded);
  const remembered = new Map(Object.entries(memory));
  const finder = new CiphertextOwnerFinder(
    {
      ciphertextOwner: (hash: string) => remembered.get(hash),
      restoreCiphertextOwner: (hash: string, owner: string) => void remembered.set(hash, owner),
    } as unknown as AccountEffects,
    { findOwners: stored } as unknown as CiphertextOwnerRepository,
    { reload: async (id: string) => void (unloaded.includes(id) && pool.add(id)) } as unknown as AccountsService,
    { get: (id: string) => (pool.has(id) ? { id } : undefined) } as unknown as AccountPool,
    clock,
  );
  return { finder, clock, pool, remembered };
}

describe('who made a compaction item', () => {
  beforeEach(() => void jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined));
  afterEach(() => void jest.restoreAllMocks());

  it('is known from memory without the database', async () => {
    const stored = jest.fn(() => Promise.resolve(new Map<string, string>()));
    const { finder } = setUp({ memory: { h2: 'a' }, stored, loaded: ['a'] });
    expect(await finder.find(['h1', 'h2'])).toBe('a');
    expect(stored).not.toHaveBeenCalled();
  });

  it('is read from the database where another process saw it, and remembered', async () => {
    const { finder, remembered } = setUp({ stored: () => Promise.resolve(new Map([['h', 'a']])), loaded: ['a'] });
    expect(await finder.find(['h'])).toBe('a');
    expect(remembered.get('h')).toBe('a');
  });

  it('is brought into the pool when it is not loaded yet: only an account that the database does not have is gone', async () => {
    const { finder, pool } = setUp({ memory: { h: 'a', other: 'gone' }, unloaded: ['a'] });
    expect(await finder.find(['h'])).toBe('a');
    expect(pool.has('a')).toBe(true);
    expect(await finder.find(['other'])).toBe('gone');
    expect(pool.has('gone')).toBe(false);
  });

  it('counts as unknown when the database fails, or does not answer within a second', async () => {
    const failing = setUp({ stored: () => Promise.reject(new Error('away')) });
    expect(await failing.finder.find(['h'])).toBeUndefined();
    const silent = setUp({ stored: () => new Promise(() => undefined) });
    const answer = silent.finder.find(['h']);
    silent.clock.advance(1_000);
    expect(await answer).toBeUndefined();
  });
});
