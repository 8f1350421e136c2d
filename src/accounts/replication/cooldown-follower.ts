import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AccountPool } from '../pool/account-pool.service.js';
import type { Cooldown } from '../pool/pool-account.js';
import { AccountChangeWriter } from '../storage/account-change.writer.js';
import { CooldownRepository } from '../storage/cooldown.repository.js';

/** Brings cooldowns that another process has begun, changed or ended into this one's pool. Rejects when the database is away. */
@Injectable()
export class CooldownFollower {
  constructor(
    private readonly cooldowns: CooldownRepository,
    private readonly pool: AccountPool,
    private readonly writer: AccountChangeWriter,
    private readonly clock: Clock,
  ) {}

  async follow(ids: readonly string[]): Promise<void> {
    const { mark } = this.writer;
    const rows = Map.groupBy(await this.cooldowns.findByAccounts(ids, this.clock.now()), ({ accountId }) => accountId);
    for (const id of ids) this.#reconcile(id, rows.get(id) ?? [], mark);
  }

  /** Compares all of them. */
  async followAll(): Promise<void> {
    const { mark } = this.writer;
    const rows = Map.groupBy(await this.cooldowns.findActive(this.clock.now()), ({ accountId }) => accountId);
    for (const { id } of this.pool.all()) {
      const own = rows.get(id);
      if (own || this.pool.cooldowns(id).length > 0) this.#reconcile(id, own ?? [], mark);
    }
  }

  /** What this process has not written yet, or only after the rows were asked for, is newer than they are. */
  #reconcile(accountId: string, rows: readonly Cooldown[], mark: number): void {
    const byModel = new Map(rows.map((row) => [row.model, row]));
    for (const known of this.pool.cooldowns(accountId)) {
      if (this.writer.hasCooldown(accountId, known.model, mark)) continue;
      const row = byModel.get(known.model);
      const replaced = row?.cause === known.cause && row.until !== known.until;
      if (!row || replaced) this.pool.liftCooldown(accountId, known.model, known.cause);
    }
    for (const row of rows) if (!this.writer.hasCooldown(accountId, row.model, mark)) this.pool.applyCooldown(row);
  }
}
