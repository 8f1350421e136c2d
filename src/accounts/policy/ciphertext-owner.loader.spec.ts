import { Logger } from '@nestjs/common';
import { describe, expect, it, jest } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import type { AccountEffects } from './account-effects.service.js';
import { CiphertextOwnerLoader } from './ciphertext-owner.loader.js';
import type { CiphertextOwnerRepository } from '../storage/ciphertext-owner.repository.js';

Logger.overrideLogger(false);

describe('CiphertextOwnerLoader', () => {
  const restored: string[] = [];
  const effects = { restoreCiphertextOwner: (hash: string, id: string) => restored.push(`${hash}=${id}`) } as unknown as AccountEffects;

  it('restores the latest last, so that they are forgotten last, and drops what is older than 90 days', async () => {
    const clock = new FakeClock();
    const deleteOlderThan = jest.fn<(at: number) => Promise<void>>().mockResolvedValue();
    const rows = [
      { hash: 'new', accountId: 'a', at: 2 },
      { hash: 'old', accountId: 'b', at: 1 },
    ];
    const owners = { deleteOlderThan, findRecent: async () => rows } as unknown as CiphertextOwnerRepository;
    await new CiphertextOwnerLoader(owners, effects, clock).onApplicationBootstrap();
    expect(restored).toEqual(['old=b', 'new=a']);
    expect(deleteOlderThan).toHaveBeenCalledWith(clock.now() - 90 * 86_400_000);
  });

  it('does not keep the service from starting', async () => {
    const owners = { deleteOlderThan: () => Promise.reject(new Error('away')) } as unknown as CiphertextOwnerRepository;
    await expect(new CiphertextOwnerLoader(owners, effects, new FakeClock()).onApplicationBootstrap()).resolves.toBeUndefined();
  });
});
