import { Injectable } from '@nestjs/common';
import { RefreshCandidate, RefreshCandidateRepository } from '../accounts/storage/refresh-candidate.repository.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { refreshHorizonMs } from './refresh-due.js';
import { RefreshLease } from './refresh-lease.js';

/** `open-intent`: a refresh whose end is not known; `due`: the token's own life asks for one. */
export type DueKind = 'open-intent' | 'due';

export interface DuePage {
  readonly rows: readonly RefreshCandidate[];
  /** Where the next page begins; null: this was the last one. */
  readonly last: RefreshCandidate | null;
}

const AUTO_SIZE = 500;

/** Accounts for a sweep, in pages of `refresh-batch-size`; without those that another process is at work on or may come back to. */
@Injectable()
export class DueAccounts {
  private readonly size: number;

  constructor(
    private readonly candidates: RefreshCandidateRepository,
    private readonly leases: RefreshLease,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {
    this.size = config.refreshBatchSize || AUTO_SIZE;
  }

  /** Rejects when the database is away. */
  async page(kind: DueKind, after: RefreshCandidate | null): Promise<DuePage> {
    try {
      const rows = await this.read(kind, after);
      return { rows: rows.filter((row) => this.leases.mayTake(row)), last: rows.length < this.size ? null : rows.at(-1)! };
    } catch (error) {
      this.leases.noteOutage();
      throw error;
    }
  }

  private read(kind: DueKind, after: RefreshCandidate | null): Promise<RefreshCandidate[]> {
    const now = this.clock.now();
    if (kind === 'open-intent') return this.candidates.openIntents(now, this.size, after?.id);
    return this.candidates.due(now, now + refreshHorizonMs(this.config.refreshInterval), this.size, after ?? undefined);
  }
}
