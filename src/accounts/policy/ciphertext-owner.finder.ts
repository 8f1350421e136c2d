import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AccountEffects } from './account-effects.service.js';
import { AccountPool } from '../pool/account-pool.service.js';
import { AccountsService } from '../accounts.service.js';
import { CiphertextOwnerRepository } from '../storage/ciphertext-owner.repository.js';

/** A request waits for the database no longer than this; without its answer the maker counts as unknown. */
const PATIENCE_MS = 1_000;
/** The latest items are the ones that are still needed. */
const MAX_ASKED = 50;

/**
 * Which account made the compaction items of a request. Memory knows what this process has seen; what another replica made, or what is
 * long ago, stands in the database. That is the one question that a request asks there, and only where memory has no answer.
 */
@Injectable()
export class CiphertextOwnerFinder {
  private readonly logger = new Logger(CiphertextOwnerFinder.name);

  constructor(
    private readonly effects: AccountEffects,
    private readonly owners: CiphertextOwnerRepository,
    private readonly accounts: AccountsService,
    private readonly pool: AccountPool,
    private readonly clock: Clock,
  ) {}

  /**
   * The account's id; undefined: nobody knows. `hashes`: SHA-256 (hex) of each ciphertext. An account that is not in the pool then is
   * really gone: it was looked for in the database. Never rejects.
   */
  async find(hashes: readonly string[]): Promise<string | undefined> {
    const known = hashes.map((hash) => this.effects.ciphertextOwner(hash)).find((owner) => owner !== undefined);
    if (known !== undefined && this.pool.get(known)) return known;
    return this.inTime(this.search(hashes, known));
  }

  private async search(hashes: readonly string[], known: string | undefined): Promise<string | undefined> {
    const owner = known ?? (await this.stored(hashes));
    // Accounts that are still being loaded, or that another replica took in, are not in the pool yet.
    if (owner !== undefined && !this.pool.get(owner)) await this.accounts.reload(owner);
    return owner;
  }

  private async stored(hashes: readonly string[]): Promise<string | undefined> {
    const asked = hashes.slice(-MAX_ASKED);
    const owners = await this.owners.findOwners(asked);
    for (const [hash, owner] of owners) this.effects.restoreCiphertextOwner(hash, owner);
    return asked.map((hash) => owners.get(hash)).find((owner) => owner !== undefined);
  }

  private async inTime(search: Promise<string | undefined>): Promise<string | undefined> {
    const patience = new AbortController();
    const answered = search.catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      this.logger.warn({ msg: 'the maker of a compaction item could not be looked up', error: message });
      return undefined;
    });
    try {
      return await Promise.race([
        answered,
        this.clock.sleep(PATIENCE_MS, patience.signal).then(
          () => undefined,
          () => undefined,
        ),
      ]);
    } finally {
      patience.abort();
    }
  }
}
