/** A tool call of the history. `callId` is the backend's form; null: the call was left out, and so is its result. */
export interface HistoryCall {
  readonly kind: 'function' | 'custom';
  readonly name: string;
  readonly callId: string | null;
  /** Index of the message that made it. */
  readonly message: number;
}

/** The calls seen so far, so that results find theirs: by id, or, where a client names none, by their order. */
export class HistoryCalls {
  /** The latest call of each id, as the client writes it. */
  readonly #byId = new Map<string, HistoryCall>();
  readonly #open: HistoryCall[] = [];
  #legacy = 0;

  add(id: string | undefined, call: HistoryCall): void {
    if (id) this.#byId.set(id, call);
    this.#open.push(call);
  }

  /** The call of that id; undefined where none came yet. */
  answer(id: string): HistoryCall | undefined {
    const call = this.#byId.get(id);
    if (call) this.#close(call);
    return call;
  }

  /**
   * The call that a result without id belongs to: of the nearest message with an open one, the first. So the results of parallel
   * calls go to them in their order. `name`: only calls of that tool.
   */
  answerNearest(name?: string): HistoryCall | undefined {
    const fits = (call: HistoryCall): boolean => name === undefined || call.name === name;
    const nearest = this.#open.findLast(fits);
    const call = nearest && this.#open.find((other) => other.message === nearest.message && fits(other));
    if (call) this.#close(call);
    return call;
  }

  /** A legacy call has no id: results name the function only. */
  legacyId(): string {
    return `call_legacy_${++this.#legacy}`;
  }

  #close(call: HistoryCall): void {
    const index = this.#open.lastIndexOf(call);
    if (index >= 0) this.#open.splice(index, 1);
  }
}
