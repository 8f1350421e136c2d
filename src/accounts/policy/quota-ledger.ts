import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';
import type { AccountPool } from '../pool/account-pool.service.js';
import { isUsageAnswer, newerReading } from '../pool/quota-reading.js';
import { sameReading } from '../pool/remaining-quota.js';
import type { AccountChangeWriter } from '../storage/account-change.writer.js';
import type { CooldownLedger } from './cooldown-ledger.js';

/** An unchanged reading of the quota is stored again after so long, so that its age stays true. */
const REWRITE_MS = 60_000;

export type QuotaListener = (accountId: string, snapshot: QuotaSnapshot) => void;

/** What is known of the quotas: in the pool at once, in the database behind it, and against the cooldowns. */
export class QuotaLedger {
  /** When each account's quota was last handed to the database. */
  readonly #written = new Map<string, number>();
  #listener: QuotaListener | undefined;

  constructor(
    private readonly pool: AccountPool,
    private readonly writer: AccountChangeWriter,
    private readonly cooldowns: CooldownLedger,
  ) {}

  /** See `AccountEffects.observeQuota`. */
  observe(accountId: string, snapshot: QuotaSnapshot, askedAt: number, now: number): void {
    const account = this.pool.get(accountId);
    const known = account?.quota ?? null;
    if (!account || (known && known.at > snapshot.at)) return;
    const reading = newerReading(known, snapshot)!;
    const soon = isUsageAnswer(snapshot);
    const changed = soon || !known || !sameReading(known, reading);
    this.pool.setQuota(accountId, reading);
    if (changed || snapshot.at - (this.#written.get(accountId) ?? 0) >= REWRITE_MS) {
      this.#written.set(accountId, snapshot.at);
      this.writer.enqueue({ kind: 'quota', accountId, snapshot: reading, ...(soon && { soon }) });
    }
    this.#listener?.(accountId, reading);
    this.cooldowns.confront(accountId, reading, now, askedAt);
  }

  onReading(listener: QuotaListener): void {
    this.#listener = listener;
  }

  forget(accountId: string): void {
    this.#written.delete(accountId);
  }
}
