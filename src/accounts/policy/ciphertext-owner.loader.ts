import { Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AccountEffects } from './account-effects.service.js';
import { CiphertextOwnerRepository } from '../storage/ciphertext-owner.repository.js';

const LOADED = 10_000;
/** A conversation that was silent for so long is not expected to go on. */
const KEPT_MS = 90 * 86_400_000;

/** Brings the latest makers of compaction items into memory at start: a compacted conversation goes on after a restart. */
@Injectable()
export class CiphertextOwnerLoader implements OnApplicationBootstrap {
  private readonly logger = new Logger(CiphertextOwnerLoader.name);

  constructor(
    private readonly owners: CiphertextOwnerRepository,
    private readonly effects: AccountEffects,
    private readonly clock: Clock,
  ) {}

  /** Never rejects: without them the first request of such a conversation asks every account. */
  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.owners.deleteOlderThan(this.clock.now() - KEPT_MS);
      const latestFirst = await this.owners.findRecent(LOADED);
      for (const { hash, accountId } of latestFirst.reverse()) this.effects.restoreCiphertextOwner(hash, accountId);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.logger.warn({ msg: 'makers of compaction items could not be loaded', error: message });
    }
  }
}
