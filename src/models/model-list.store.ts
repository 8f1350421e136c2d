import { Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { ChangeFeed, ChangeListener, SharedTable } from '../database/change-feed.service.js';
import type { ModelHolder, ModelHolders } from './model-holders.js';
import { OWN_LIFE_MS, planScope } from './model-holders.js';
import type { ModelListHolderEntity } from './model-list.entity.js';
import { ModelListRepository } from './model-list.repository.js';
import type { HolderChange } from './model-samples.js';
import { readList } from './offered-list.js';

const MAX_HOLDERS = 20_000;
const KEPT_MS = 7 * 86_400_000;
const GATHER_MS = 100;

const scopeOf = (change: HolderChange): string => ('holder' in change ? change.holder.scope : change.dropped);

/** Keeps the lists of models in the database, and takes over what other processes have found out. The database is never waited for. */
@Injectable()
export class ModelListStore implements ChangeListener, OnApplicationShutdown {
  private readonly logger = new Logger(ModelListStore.name);
  readonly #stored = new Set<string>();
  readonly #changed = new Set<string>();
  /** Scope → the newest change that waits to be written: rows that are read meanwhile are older. */
  readonly #unwritten = new Map<string, HolderChange>();
  #holders: ModelHolders | null = null;
  #onChange: () => void = () => undefined;
  #everything = false;
  #version = '';
  #timer: NodeJS.Timeout | null = null;
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly lists: ModelListRepository,
    private readonly feed: ChangeFeed,
    private readonly clock: Clock,
  ) {}

  /** Brings what the database knows into `holders`, now and whenever another process changes it. Never rejects. */
  async follow(holders: ModelHolders, onChange: () => void): Promise<void> {
    this.#holders = holders;
    this.#onChange = onChange;
    this.feed.subscribe(this);
    await this.#queue('read', async () => {
      await this.lists.sweep(this.clock.now() - KEPT_MS);
      await this.#readAll();
    });
  }

  /** In the order of the calls; what fails is written with the next change of the same holder. */
  save(changes: readonly HolderChange[]): Promise<void> {
    if (changes.length === 0) return this.#work;
    for (const change of changes) this.#unwritten.set(scopeOf(change), change);
    return this.#queue('written', async () => {
      try {
        for (const change of changes) await ('holder' in change ? this.#put(change.holder) : this.lists.deleteHolder(change.dropped));
      } finally {
        for (const change of changes) if (this.#unwritten.get(scopeOf(change)) === change) this.#unwritten.delete(scopeOf(change));
      }
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#work;
  }

  changed(table: SharedTable, scope: string): void {
    if (table !== 'model_list_holders') return;
    this.#changed.add(scope);
    this.#schedule();
  }

  resync(): void {
    this.#everything = true;
    this.#schedule();
  }

  hint(): void {
    // Lists are in tables.
  }

  #schedule(): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#queue('read', () => this.#catchUp());
    }, GATHER_MS).unref();
  }

  async #catchUp(): Promise<void> {
    const scopes = [...this.#changed];
    const everything = this.#everything;
    this.#changed.clear();
    this.#everything = false;
    if (!everything) await this.#take(await this.lists.findHoldersOf(scopes), scopes);
    else if ((await this.lists.version()) !== this.#version) await this.#readAll();
  }

  async #readAll(): Promise<void> {
    this.#version = await this.lists.version();
    const known = [...this.#holders!.accounts()].map(({ scope }) => scope);
    await this.#take(await this.lists.findHolders(MAX_HOLDERS), known);
  }

  /** `asked`: scopes of which those without a row are gone. */
  async #take(rows: readonly ModelListHolderEntity[], asked: readonly string[]): Promise<void> {
    const holders = this.#holders!;
    const unread = [...new Set(rows.map(({ listHash }) => listHash))].filter((id) => !holders.find(id));
    for (const { hash, etag, body } of await this.lists.findLists(unread)) {
      const list = readList(body, etag);
      if (list?.id === hash) holders.keep(list);
    }
    const oldest = this.clock.now() - OWN_LIFE_MS;
    for (const { scope, accountId, plan, listHash, checkedAt } of rows) {
      const list = holders.find(listHash);
      if (!list || this.#unwritten.has(scope)) continue;
      this.#stored.add(listHash);
      if (scope === planScope(plan) || checkedAt >= oldest) holders.set({ scope, accountId, plan, list, checkedAt });
    }
    const there = new Set(rows.map(({ scope }) => scope));
    for (const scope of asked) if (!there.has(scope) && !this.#unwritten.has(scope)) holders.dropAccount(scope);
    this.#onChange();
  }

  async #put({ scope, accountId, plan, list, checkedAt }: ModelHolder): Promise<void> {
    const { id: hash, etag, body } = list;
    if (!this.#stored.has(hash)) await this.lists.putList({ hash, etag, body, seenAt: this.clock.now() });
    this.#stored.add(hash);
    await this.lists.putHolder({ scope, accountId, plan, listHash: hash, checkedAt });
  }

  #queue(what: 'read' | 'written', work: () => Promise<void>): Promise<void> {
    if (this.#closed) return this.#work;
    this.#work = this.#work.then(work).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      this.logger.warn({ msg: `lists of models cannot be ${what}`, error: message });
    });
    return this.#work;
  }
}
