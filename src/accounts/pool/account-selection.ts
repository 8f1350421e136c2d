import { AccountRotation, NOWHERE, RESTING } from './account-rotation.js';
import { ModelLists } from './model-lists.js';
import { ModelRotations } from './model-rotations.js';
import type { PoolAccount } from './pool-account.js';
import { PoolEntry } from './pool-entry.js';
import { remainingPercent } from './remaining-quota.js';
import { SlotHeap } from './slot-heap.js';

/** What is due by the clock is brought up to date by the choices themselves, so many accounts at each, so that none of them is slow. */
const DUE_PER_CHOICE = 5;

export interface SelectionRules {
  /** Leases of one account at the same time; 0 = no limit. */
  readonly maxInFlight: number;
  /** The choice rotates among the accounts within so many points of the best remaining quota. */
  readonly span: number;
}

/** Who is still wanted for a request: the model, and the accounts that it has not tried. */
export interface Wanted {
  readonly model: string;
  readonly tried: ReadonlySet<string>;
}

/**
 * All accounts in the order in which they are chosen. Needs no timer: each account has one alarm, the next instant at which a
 * cooldown, a refusal, a quota window or its token ends, and due alarms are handled when somebody chooses.
 */
export class AccountSelection {
  readonly #entries: (PoolEntry | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #keys = { picked: [] as number[], restUntil: [] as number[] };
  readonly #wakeAt: number[] = [];
  readonly #alarms = new SlotHeap(this.#wakeAt, []);
  readonly #common = new AccountRotation(this.#keys);
  readonly lists = new ModelLists();
  readonly #models = new ModelRotations(this.#keys, this.#common, this.lists);
  #picks = 0;
  /** Accounts that were never picked come first, in the order of their arrival. */
  #arrivals = -Number.MAX_SAFE_INTEGER;

  constructor(private readonly rules: SelectionRules) {}

  add(account: PoolAccount, now: number): PoolEntry {
    const slot = this.#freeSlots.pop() ?? this.#entries.length;
    const entry = new PoolEntry(slot, account, this.lists);
    this.#entries[slot] = entry;
    this.#keys.picked[slot] = this.#arrivals++;
    this.#keys.restUntil[slot] = 0;
    this.#wakeAt[slot] = Infinity;
    this.#alarms.add(slot);
    this.refresh(entry, now);
    return entry;
  }

  remove(entry: PoolEntry): void {
    this.#alarms.remove(entry.slot);
    this.#common.place(entry.slot, NOWHERE);
    this.#models.remove(entry);
    entry.entitlements.setServing(false);
    entry.entitlements.clear();
    this.#entries[entry.slot] = undefined;
    this.#freeSlots.push(entry.slot);
  }

  /** To be called after anything of the entry has changed. */
  refresh(entry: PoolEntry, now: number): void {
    const { slot } = entry;
    entry.expire(now);
    entry.entitlements.follow(entry.account.plan);
    entry.entitlements.setServing(entry.isServing(now));
    this.#wakeAt[slot] = entry.nextChange(now);
    this.#alarms.moved(slot);
    this.#keys.restUntil[slot] = entry.cooldowns.rest?.until ?? 0;
    const shelf = this.#shelfFor(entry, now);
    this.#common.place(slot, shelf);
    this.#models.place(entry, shelf);
  }

  /** Handles what has become due for one account. */
  catchUp(entry: PoolEntry, now: number): void {
    if (this.#wakeAt[entry.slot]! <= now) this.refresh(entry, now);
  }

  /** To be called when a lease of the entry was given out: it goes to the end of the queue. */
  picked(entry: PoolEntry, now: number): void {
    entry.inFlight++;
    entry.pickedAt = now;
    this.#keys.picked[entry.slot] = ++this.#picks;
    if (this.#isFull(entry)) return this.refresh(entry, now);
    this.#common.touched(entry.slot);
    this.#models.touched(entry.slot);
  }

  /** To be called when a lease was given back. */
  released(entry: PoolEntry, now: number): void {
    const wasFull = this.#isFull(entry);
    entry.inFlight--;
    if (wasFull && this.#entries[entry.slot] === entry) this.refresh(entry, now);
  }

  /** The next account for the request; null if there is none, except perhaps a resting one. */
  next(wanted: Wanted, now: number): PoolEntry | null {
    this.#wake(now, DUE_PER_CHOICE);
    const accept = this.#accepts(wanted);
    const slot = this.#rotationFor(wanted.model).pick(this.rules.span, accept);
    if (slot >= 0) return this.#entries[slot]!;
    return this.#wake(now, Infinity) ? this.next(wanted, now) : null;
  }

  /** The account whose cooldown, of another kind than quota and rate limit, ends soonest. */
  lastResort(wanted: Wanted): PoolEntry | null {
    const slot = this.#rotationFor(wanted.model).soonest(this.#accepts(wanted));
    return slot >= 0 ? this.#entries[slot]! : null;
  }

  /** By how many points of remaining quota a candidate lies behind the best one. */
  lag(entry: PoolEntry, wanted: Wanted, now: number): number {
    this.#wake(now, DUE_PER_CHOICE);
    return this.#rotationFor(wanted.model).best(this.#accepts(wanted)) - this.#common.shelfOf(entry.slot);
  }

  /** Whether this account can be chosen: `yes`, only as a last resort, or not. */
  availability(entry: PoolEntry, wanted: Wanted, now: number): 'yes' | 'resting' | 'no' {
    this.catchUp(entry, now);
    const shelf = this.#common.shelfOf(entry.slot);
    if (shelf === NOWHERE || !this.#accepts(wanted)(entry.slot)) return 'no';
    return shelf === RESTING ? 'resting' : 'yes';
  }

  /** Handles up to `limit` due alarms; false if none was due. */
  #wake(now: number, limit: number): boolean {
    let woken = 0;
    while (woken < limit && this.#alarms.size > 0 && this.#wakeAt[this.#alarms.min]! <= now) {
      this.refresh(this.#entries[this.#alarms.min]!, now);
      woken++;
    }
    return woken > 0;
  }

  #rotationFor(model: string): AccountRotation {
    return this.#models.for(model, () => this.#entries.filter((entry) => entry !== undefined));
  }

  #accepts({ model, tried }: Wanted): (slot: number) => boolean {
    return (slot) => {
      const entry = this.#entries[slot]!;
      return !entry.excludes(model) && (tried.size === 0 || !tried.has(entry.account.id));
    };
  }

  #shelfFor(entry: PoolEntry, now: number): number {
    if (!entry.isServing(now) || this.#isFull(entry) || entry.cooldowns.limit) return NOWHERE;
    return entry.cooldowns.rest ? RESTING : remainingPercent(entry.account.quota, now);
  }

  #isFull(entry: PoolEntry): boolean {
    return this.rules.maxInFlight > 0 && entry.inFlight >= this.rules.maxInFlight;
  }
}
