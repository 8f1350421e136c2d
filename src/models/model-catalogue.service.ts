import { hash } from 'node:crypto';
import { Injectable, Logger, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { Clock } from '../common/clock.js';
import { CatalogueEntry } from './catalogue-entry.js';
import { CatalogueClient } from './catalogue.client.js';
import { PLAN_FRESH_MS, planRound } from './catalogue-round.js';
import { ModelHolders } from './model-holders.js';
import { ModelListStore } from './model-list.store.js';
import { HolderChange, ModelSamples } from './model-samples.js';
import { joinLists, OfferedList } from './offered-list.js';

const RETRY_MS = 60_000;
/** While no account is usable: looking for one goes through all of them. */
const NOBODY_MS = 1_000;
/** Calls of this process within five minutes, however many accounts there are. */
const CALLS_PER_PERIOD = 16;
const CALLS_TOGETHER = 4;
const MAX_SUSPECTS = 256;

/**
 * What the backend offers: a list per plan, and those of single accounts that differ, found by samples and by refusals. Asked for when
 * somebody wants it and it is old; a failure changes nothing. No turn ever waits for it: until it is known, the built-in table has to
 * do. The pool learns who may use what; the database keeps it (docs/adr/0012-model-entitlement.md).
 */
@Injectable()
export class ModelCatalogue implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ModelCatalogue.name);
  readonly #holders: ModelHolders;
  readonly #samples: ModelSamples;
  readonly #suspects = new Set<string>();
  readonly #stop = new AbortController();
  #entries: readonly CatalogueEntry[] = [];
  #bySlug = new Map<string, CatalogueEntry>();
  #etag = '';
  #joined = '';
  #nextRound = 0;
  #period = { until: 0, calls: 0 };
  #fetching: Promise<void> | null = null;

  constructor(
    private readonly pool: AccountPool,
    private readonly client: CatalogueClient,
    private readonly store: ModelListStore,
    private readonly clock: Clock,
  ) {
    this.#holders = new ModelHolders(pool);
    this.#samples = new ModelSamples(this.#holders);
    pool.onRemoved((id) => (this.#samples.forget(id), this.#suspects.delete(id)));
    pool.onAdded(() => this.#soon());
    pool.onModelRefused((id, model) => this.#suspect(id, model));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.store.follow(this.#holders, () => this.#join());
  }

  /** Whether the backend has told its list. */
  get known(): boolean {
    return this.#entries.length > 0;
  }

  get entries(): readonly CatalogueEntry[] {
    return this.#entries;
  }

  /** Changes with the list; empty while it is not known. */
  get etag(): string {
    return this.#etag;
  }

  find(slug: string): CatalogueEntry | undefined {
    return this.#bySlug.get(slug);
  }

  /** Whether some account in service is offered the model, and was not refused it; null while nobody knows. */
  available(slug: string): boolean | null {
    return this.known ? this.pool.offers(slug) : null;
  }

  /** Starts a round of calls in the background if something is old. */
  touch(): void {
    if (this.#fetching || this.clock.now() < this.#nextRound || this.#stop.signal.aborted) return;
    this.#fetching = this.#round().finally(() => (this.#fetching = null));
  }

  /** As `touch`; while nothing is known yet it waits for the answer, at most `limitMs`. */
  async settle(limitMs: number): Promise<void> {
    this.touch();
    if (this.known || !this.#fetching) return;
    const done = new AbortController();
    const limit = this.clock.sleep(limitMs, done.signal).catch(() => undefined);
    await Promise.race([this.#fetching, limit]);
    done.abort();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stop.abort(new Error('shutting down'));
    await this.#fetching;
  }

  /** A model that its list names: the list does not hold for the account. */
  #suspect(id: string, model: string): void {
    const plan = this.pool.get(id)?.plan ?? '';
    const holder = this.#holders.ofAccount(id, plan) ?? this.#holders.ofPlan(plan);
    if (holder && !holder.list.models.has(model)) return;
    if (this.#suspects.size >= MAX_SUSPECTS) return;
    this.#suspects.add(id);
    this.#soon();
    this.touch();
  }

  /** A new account, or a suspect: the next request begins a round, if calls are left. */
  #soon(): void {
    const now = this.clock.now();
    if (this.known && this.#nextRound > now && this.#callsLeft(now) > 0) this.#nextRound = Math.min(this.#nextRound, now + NOBODY_MS);
  }

  async #round(): Promise<void> {
    const now = this.clock.now();
    this.#holders.dropOlder(now);
    const { plans, accounts } = planRound(
      { accounts: this.pool.all(), holders: this.#holders, samples: this.#samples.all, suspects: this.#suspects, now },
      this.#callsLeft(now),
    );
    this.#period.calls += plans.length + accounts.length;
    if (plans.length + accounts.length === 0 && !this.known) {
      this.#nextRound = now + NOBODY_MS;
      return;
    }
    const told = await Promise.all(plans.map((account) => this.#askForPlan(account)));
    // What plans have is enough to answer with; single accounts may take their time.
    this.#join();
    for (let start = 0; start < accounts.length; start += CALLS_TOGETHER) {
      await Promise.all(accounts.slice(start, start + CALLS_TOGETHER).map((account) => this.#askForItself(account)));
    }
    this.#nextRound = this.clock.now() + (told.includes(false) ? RETRY_MS : PLAN_FRESH_MS);
    if (this.#suspects.size > 0) this.#soon();
    this.#save(this.#samples.elect());
    this.#forgetPlans();
    this.#join();
  }

  #callsLeft(now: number): number {
    if (now >= this.#period.until) this.#period = { until: now + PLAN_FRESH_MS, calls: 0 };
    return Math.max(0, CALLS_PER_PERIOD - this.#period.calls);
  }

  /** False if the backend did not tell. */
  async #askForPlan(account: PoolAccount): Promise<boolean> {
    const list = await this.#ask(account, this.#holders.ofPlan(account.plan)?.list);
    if (list) this.#save(this.#samples.spoke(account, list, this.clock.now()));
    return list !== null;
  }

  async #askForItself(account: PoolAccount): Promise<void> {
    const { id, plan } = account;
    const known = this.#holders.ofAccount(id, plan) ?? this.#holders.ofPlan(plan);
    const list = await this.#ask(account, known?.list);
    if (list) this.#save(this.#samples.told(account, list, this.clock.now()));
    else this.#samples.missed(account, this.clock.now());
  }

  async #ask(account: PoolAccount, known: OfferedList | undefined): Promise<OfferedList | null> {
    this.#suspects.delete(account.id);
    try {
      return this.#holders.keep(await this.client.ask(account, known, this.#stop.signal));
    } catch (error) {
      if (!this.#stop.signal.aborted)
        this.logger.debug({ msg: 'model catalogue not fetched', accountId: account.id, error: String(error) });
      return null;
    }
  }

  #save(changes: readonly HolderChange[]): void {
    void this.store.save(changes);
  }

  /** Plans that no account has any more are not listed. */
  #forgetPlans(): void {
    const present = new Set<string>();
    for (const { plan } of this.pool.all()) present.add(plan);
    for (const { plan } of [...this.#holders.plans()]) if (!present.has(plan)) this.#holders.dropPlan(plan);
  }

  #join(): void {
    const lists = [...this.#holders.inUse()];
    const ids = lists.map(({ id }) => id).join();
    if (ids === this.#joined) return;
    this.#joined = ids;
    this.#entries = joinLists(lists);
    this.#bySlug = new Map(this.#entries.map((entry) => [entry.slug, entry]));
    this.#etag = this.known ? `"${hash('sha256', JSON.stringify(this.#entries.map(({ raw }) => raw))).slice(0, 16)}"` : '';
  }
}
