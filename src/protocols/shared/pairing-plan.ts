import type { JsonObject } from '../../upstream/upstream-event.js';
import { codeCallId } from './call-id.js';
import { abortedOutput, callPrint, isCall, isOutput, orphanMessage, outputFor } from './pairing-items.js';

/** A call that stays. */
interface Call {
  /** As it goes out: with an id of its own where the client's was used before. */
  readonly item: JsonObject;
  readonly group: number;
  answered: boolean;
}

/** Calls of one id in one group. */
interface Batch {
  readonly group: number;
  readonly calls: Call[];
  /** How many have their result. */
  answered: number;
  /** Of its calls, once there are two to compare. */
  prints: Set<string> | null;
}

/** Everything with one id. */
interface Thread {
  readonly calls: Call[];
  /** Batches with calls that wait for a result, the latest last. */
  readonly open: Batch[];
  /** Indices of results that stand before every call. */
  readonly early: number[];
  copies: number;
}

/**
 * What becomes of the items of a conversation so that the backend takes it. Calls and results are read from left to right; a result
 * belongs to the latest group with a waiting call of its id, and there to the first one. A group is a run of calls with nothing
 * but reasoning between them: what a model asked for at once.
 */
export class PairingPlan {
  /** By index: what stands there instead; null: nothing. */
  readonly replaced = new Map<number, JsonObject | null>();
  /** Outputs to be put behind a group, by the index of its last call. */
  readonly inserted = new Map<number, JsonObject[]>();
  readonly #threads = new Map<string, Thread>();
  readonly #calls: Call[] = [];
  readonly #groupEnds: number[] = [];
  /** Ids that a numbered one must not meet; few conversations need it. */
  #taken: Set<unknown> | null = null;

  constructor(private readonly items: readonly JsonObject[]) {
    this.#scan();
    this.#settleEarly();
    for (const call of this.#calls) if (!call.answered) this.#insert(call, abortedOutput(call.item));
  }

  #scan(): void {
    let inGroup = false;
    for (let index = 0; index < this.items.length; index++) {
      const item = this.items[index]!;
      const id = item.call_id;
      const calls = typeof id === 'string' && isCall(item);
      if (calls) {
        if (inGroup) this.#groupEnds[this.#groupEnds.length - 1] = index;
        else this.#groupEnds.push(index);
        this.#call(index, item, id);
      } else if (typeof id === 'string' && isOutput(item)) this.#output(index, item, id);
      inGroup = calls || (inGroup && item.type === 'reasoning');
    }
  }

  #thread(id: string): Thread {
    let thread = this.#threads.get(id);
    if (!thread) this.#threads.set(id, (thread = { calls: [], open: [], early: [], copies: 1 }));
    return thread;
  }

  #call(index: number, item: JsonObject, id: string): void {
    const thread = this.#thread(id);
    const batch = this.#batch(thread);
    if (isRepeated(item, batch)) return void this.replaced.set(index, null);
    let own = item;
    if (thread.calls.length > 0) {
      own = { ...item, call_id: this.#freeId(id, thread) };
      this.replaced.set(index, own);
    }
    const call: Call = { item: own, group: batch.group, answered: false };
    thread.calls.push(call);
    batch.calls.push(call);
    this.#calls.push(call);
  }

  #batch(thread: Thread): Batch {
    const group = this.#groupEnds.length - 1;
    const latest = thread.open.at(-1);
    if (latest?.group === group) return latest;
    const batch: Batch = { group, calls: [], answered: 0, prints: null };
    thread.open.push(batch);
    return batch;
  }

  /** The backend pairs by id alone, so later calls of an id are numbered. */
  #freeId(id: string, thread: Thread): string {
    this.#taken ??= new Set(this.items.map((item) => item.call_id));
    for (;;) {
      const next = codeCallId(`${id}__${++thread.copies}`);
      if (this.#taken.has(next)) continue;
      this.#taken.add(next);
      return next;
    }
  }

  #output(index: number, item: JsonObject, id: string): void {
    const thread = this.#thread(id);
    if (thread.calls.length === 0) return void thread.early.push(index);
    const call = nextWaiting(thread);
    if (!call) return void this.replaced.set(index, null);
    const own = outputFor(call.item, item);
    if (own !== item) this.replaced.set(index, own);
  }

  /** A result before its call goes behind it, unless the call has one already: then it belongs to a call that is gone. */
  #settleEarly(): void {
    const moved: { index: number; call: Call }[] = [];
    for (const { early, calls } of this.#threads.values()) {
      if (early.length === 0) continue;
      const waiting = calls.filter((call) => !call.answered);
      early.forEach((index, n) => {
        const call = waiting[n];
        if (call) moved.push({ index, call });
        else this.replaced.set(index, waiting.length > 0 ? null : orphanMessage(this.items[index]!));
      });
    }
    moved.sort((a, b) => a.index - b.index);
    for (const { index, call } of moved) {
      this.replaced.set(index, null);
      call.answered = true;
      this.#insert(call, outputFor(call.item, this.items[index]!));
    }
  }

  #insert({ group }: Call, output: JsonObject): void {
    const end = this.#groupEnds[group]!;
    const behind = this.inserted.get(end);
    if (behind) behind.push(output);
    else this.inserted.set(end, [output]);
  }
}

/** Whether a group has a call that says the same under the same id. */
function isRepeated(item: JsonObject, batch: Batch): boolean {
  if (batch.calls.length === 0) return false;
  batch.prints ??= new Set(batch.calls.map((call) => callPrint(call.item)));
  const print = callPrint(item);
  if (batch.prints.has(print)) return true;
  batch.prints.add(print);
  return false;
}

function nextWaiting({ open }: Thread): Call | undefined {
  const batch = open.at(-1);
  if (!batch) return undefined;
  const call = batch.calls[batch.answered++]!;
  call.answered = true;
  if (batch.answered === batch.calls.length) open.pop();
  return call;
}
