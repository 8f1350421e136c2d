import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { QuotaSnapshot } from '../../upstream/quota-snapshot.js';
import { AccountRepository } from './account.repository.js';
import { AccountsService } from '../accounts.service.js';
import { CiphertextOwnerRepository } from './ciphertext-owner.repository.js';
import { CooldownRepository } from './cooldown.repository.js';
import { isWrongInItself } from './faulty-write.js';
import { ModelRefusalRepository } from './model-refusal.repository.js';
import type { AccountChange } from '../pool/pool-account.js';

type StateChange = Extract<AccountChange, { kind: 'state' }>;
type QueuedChange = Exclude<AccountChange, { kind: 'quota' }>;

interface Entry {
  change: QueuedChange;
  attempts: number;
}

/** States, cooldowns and refusals are few per account; beyond this only bindings of ciphertext can be the crowd. */
const MAX_PENDING = 50_000;
/** More than are written while somebody reads rows. */
const MAX_LATEST = 5_000;
const QUOTA_INTERVAL_MS = 10_000;
/** An answer of the usage endpoint spares other processes the question: it must be there before they ask. */
const QUOTA_SOON_MS = 300;
const QUOTA_CHUNK = 500;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** A change that the database has refused so often for what it says is given up. */
const MAX_ATTEMPTS = 5;
const FLUSH_PATIENCE_MS = 5_000;

/**
 * Carries what happens to accounts into the database: at once, but never awaited by a request. While the database is away
 * changes wait, merged per account and kind. Quota readings are written together, at most once per account in 10 s; those of the usage
 * endpoint within a third of a second.
 */
@Injectable()
export class AccountChangeWriter implements OnApplicationShutdown {
  private readonly logger = new Logger(AccountChangeWriter.name);
  private readonly queue = new Map<string, Entry>();
  private readonly quotas = new Map<string, QuotaSnapshot>();
  private readonly closing = new AbortController();
  private draining: Promise<void> | null = null;
  private gathering: Promise<void> | null = null;
  private readonly urgent = new Set<string>();
  private hurrying: Promise<void> | null = null;
  private failures = 0;
  private writes = 0;
  /** Which write of this process was the last of a key; those of long ago are forgotten. */
  private readonly latest = new Map<string, number>();
  /** Changes that were given up because too many were waiting, or because they are wrong in themselves. */
  dropped = 0;

  constructor(
    private readonly accounts: AccountRepository,
    private readonly cooldowns: CooldownRepository,
    private readonly owners: CiphertextOwnerRepository,
    private readonly service: AccountsService,
    private readonly clock: Clock,
    private readonly refusals: ModelRefusalRepository,
  ) {}

  /** Changes that are not in the database yet. */
  get pending(): number {
    return this.queue.size + this.quotas.size;
  }

  /** The last write went through. */
  get healthy(): boolean {
    return this.failures === 0;
  }

  /** For who is about to read rows: a place in the order of what is written. */
  get mark(): number {
    return this.writes;
  }

  /** Whether a state of the account waits to be written, or was written after `mark`: a row that was read then is older. */
  hasState(accountId: string, mark = Infinity): boolean {
    return this.isAhead(stateKey(accountId), mark);
  }

  /** The same of a cooldown, begun or ended. */
  hasCooldown(accountId: string, model: string, mark = Infinity): boolean {
    return this.isAhead(cooldownKey(accountId, model), mark);
  }

  private isAhead(key: string, mark: number): boolean {
    return this.queue.has(key) || (this.latest.get(key) ?? 0) > mark;
  }

  enqueue(change: AccountChange): void {
    if (change.kind === 'quota') {
      this.quotas.set(change.accountId, change.snapshot);
      if (change.soon) this.writeSoon(change.accountId);
      this.gathering ??= this.writeQuotasInTurn().finally(() => (this.gathering = null));
      return;
    }
    const key = keyOf(change);
    const waiting = this.queue.get(key);
    if (!waiting && this.queue.size >= MAX_PENDING && change.kind !== 'state') {
      this.dropped++;
      return;
    }
    this.queue.set(key, { change: waiting ? merged(waiting.change, change) : change, attempts: 0 });
    this.draining ??= this.drain().finally(() => (this.draining = null));
  }

  /** Resolves when everything is written, or when the database has not answered for five seconds. */
  async flush(): Promise<void> {
    const patience = new AbortController();
    const limit = this.clock.sleep(FLUSH_PATIENCE_MS, patience.signal).catch(() => undefined);
    await Promise.race([this.writeQuotas().then(() => this.draining), limit]).catch(() => undefined);
    patience.abort();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await this.flush();
    if (this.pending > 0) this.logger.warn({ msg: 'changes of accounts could not be written before the end', pending: this.pending });
  }

  private async drain(): Promise<void> {
    // A microtask later, so that changes of one and the same moment are merged.
    await Promise.resolve();
    for (let next = this.first(); next; next = this.first()) {
      const [key, entry] = next;
      try {
        await this.write(entry.change);
        this.written(key, entry);
        await this.agree(entry.change);
      } catch (error) {
        await this.failed(key, entry, error);
        if (this.closing.signal.aborted) return;
      }
    }
  }

  private first(): [string, Entry] | undefined {
    return this.queue.entries().next().value;
  }

  /** What came in meanwhile for the same key stays; its state starts from what is stored now. */
  private written(key: string, entry: Entry): void {
    this.failures = 0;
    this.latest.delete(key);
    this.latest.set(key, ++this.writes);
    if (this.latest.size > MAX_LATEST) this.latest.delete(this.latest.keys().next().value!);
    const present = this.queue.get(key);
    this.queue.delete(key);
    if (!present || present === entry) return;
    const { change } = present;
    if (change.kind === 'state' && entry.change.kind === 'state')
      present.change = { ...change, from: entry.change.state, fromReason: undefined };
    this.queue.set(key, present);
  }

  /** A row that was read before the write may have come into the pool meanwhile. */
  private async agree(change: QueuedChange): Promise<void> {
    if (change.kind !== 'state' || this.hasState(change.accountId)) return;
    await this.service.agree(change.accountId, change.state).catch(() => undefined);
  }

  private async failed(key: string, entry: Entry, error: unknown): Promise<void> {
    this.failures++;
    entry.attempts++;
    if (this.failures === 1) this.logger.warn({ msg: 'database does not take changes of accounts, they wait', error: messageOf(error) });
    // To the end: whatever is wrong with it must not hold up the others.
    const present = this.queue.get(key)!;
    this.queue.delete(key);
    if (present !== entry || entry.attempts < MAX_ATTEMPTS || !isWrongInItself(error)) this.queue.set(key, present);
    else {
      this.dropped++;
      this.logger.error({ msg: 'change of an account cannot be written and is dropped', kind: entry.change.kind, error: messageOf(error) });
      return;
    }
    await this.clock.sleep(pauseAfter(this.failures), this.closing.signal).catch(() => undefined);
  }

  private write(change: QueuedChange): Promise<void> {
    switch (change.kind) {
      case 'state':
        return this.writeState(change);
      case 'cooldown':
        return this.cooldowns.put(change.cooldown);
      case 'cooldown_lifted':
        return this.cooldowns.lift(change.accountId, change.model);
      case 'model_refused':
        return this.refusals.put(change);
      case 'ciphertext_owner':
        return this.owners.put({ hash: change.hash, accountId: change.accountId, at: change.at });
    }
  }

  /** What somebody else (an operator, another replica) has made of the account meanwhile counts, and the pool learns of it. */
  private async writeState(change: StateChange): Promise<void> {
    const { accountId, from, fromReason, allowed, state, reason, evidence, since, until } = change;
    const patch = { state, reason, evidence, since, until };
    const written =
      allowed === undefined
        ? await this.accounts.updateState(accountId, from, patch, fromReason)
        : await this.accounts.takeOut(accountId, from, patch, allowed);
    if (written > 0) return;
    this.logger.warn({
      msg:
        allowed === undefined
          ? 'state of an account was changed by somebody else first'
          : 'account stays in service: its state was changed by somebody else first, or replicas have reached mass-disable-limit-percent',
      accountId,
      from,
      state,
    });
    await this.service.reload(accountId);
  }

  private async writeQuotasInTurn(): Promise<void> {
    let pauseMs = QUOTA_INTERVAL_MS;
    while (this.quotas.size > 0 && !this.closing.signal.aborted) {
      await this.clock.sleep(pauseMs, this.closing.signal).catch(() => undefined);
      pauseMs = await this.writeQuotas().then(
        () => QUOTA_INTERVAL_MS,
        (error: unknown) => this.quotasFailed(error),
      );
    }
  }

  /** How long to wait: not a whole interval, or the service would call itself degraded for so long after the database is back. */
  private quotasFailed(error: unknown): number {
    this.failures++;
    if (this.failures === 1) this.logger.warn({ msg: 'database does not take quota readings, they wait', error: messageOf(error) });
    return pauseAfter(this.failures);
  }

  /** Many come together (a round of checks): they are written together, without the others. What fails is written in its turn. */
  private writeSoon(accountId: string): void {
    this.urgent.add(accountId);
    this.hurrying ??= this.clock
      .sleep(QUOTA_SOON_MS, this.closing.signal)
      .then(() => {
        const ids = [...this.urgent];
        this.urgent.clear();
        this.hurrying = null;
        return this.writeQuotas(ids.map((id): [string, QuotaSnapshot | undefined] => [id, this.quotas.get(id)]).filter(isThere));
      })
      .catch(() => undefined);
  }

  private async writeQuotas(due: readonly [string, QuotaSnapshot][] = [...this.quotas]): Promise<void> {
    for (let start = 0; start < due.length; start += QUOTA_CHUNK) {
      const chunk = due.slice(start, start + QUOTA_CHUNK);
      await this.accounts.saveQuotas(chunk.map(([accountId, snapshot]) => ({ accountId, snapshot })));
      for (const [accountId, snapshot] of chunk) if (this.quotas.get(accountId) === snapshot) this.quotas.delete(accountId);
      this.failures = 0;
      await setImmediate();
    }
  }
}

const pauseAfter = (failures: number): number => Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
const isThere = (entry: [string, QuotaSnapshot | undefined]): entry is [string, QuotaSnapshot] => entry[1] !== undefined;

const stateKey = (accountId: string): string => `state:${accountId}`;
const cooldownKey = (accountId: string, model: string): string => `cooldown:${accountId}:${model}`;

function keyOf(change: QueuedChange): string {
  switch (change.kind) {
    case 'state':
      return stateKey(change.accountId);
    case 'cooldown':
      return cooldownKey(change.cooldown.accountId, change.cooldown.model);
    case 'cooldown_lifted':
      return cooldownKey(change.accountId, change.model);
    case 'model_refused':
      return `refusal:${change.accountId}:${change.model}`;
    case 'ciphertext_owner':
      return `owner:${change.hash}`;
  }
}

/** The later change counts; a state still starts from what the database holds. */
const merged = (earlier: QueuedChange, later: QueuedChange): QueuedChange =>
  earlier.kind === 'state' && later.kind === 'state' ? { ...later, from: earlier.from, fromReason: earlier.fromReason } : later;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
