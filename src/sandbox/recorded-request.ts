/** What the backend saw of one request. Tokens are never kept: `account` says whose the credential was. */
export interface RecordedRequest {
  /** Counts up from 1. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names; `authorization` is left out. */
  readonly headers: Readonly<Record<string, string>>;
  /** Key of the account whose token was sent; null: none or an unknown one. */
  account: string | null;
  /** The parsed body: JSON, form fields, or text; undefined without a body. Tokens of the OAuth form are left out. */
  body: unknown;
  /** Epoch ms of the arrival. */
  readonly at: number;
  /** The scenario that answered, as it was written; null: a refusal or a fixed answer. */
  scenario: string | null;
  /** null until the answer's head has gone out. */
  status: number | null;
  endedAt: number | null;
  /** The client left before the end of the answer. */
  aborted: boolean;
  abortedAt: number | null;
}

/** The last `limit` requests, and a way to wait for one without sleeping. */
export class RequestLog {
  readonly entries: RecordedRequest[] = [];
  #count = 0;
  readonly #watchers = new Set<() => void>();

  constructor(private readonly limit: number) {}

  nextNumber(): number {
    return ++this.#count;
  }

  add(entry: RecordedRequest): void {
    this.entries.push(entry);
    if (this.entries.length > this.limit) this.entries.shift();
    this.changed();
  }

  /** Tells those who wait that an entry is new or different. */
  changed(): void {
    for (const watch of this.#watchers) watch();
  }

  /** Resolves with the first entry that fits, now or later; rejects after `timeoutMs`. */
  waitFor(fits: (entry: RecordedRequest) => boolean, timeoutMs = 10_000): Promise<RecordedRequest> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`sandbox: no such request within ${timeoutMs} ms`));
      }, timeoutMs);
      timer.unref();
      const look = (): void => {
        const entry = this.entries.find(fits);
        if (!entry) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(entry);
      };
      this.#watchers.add(look);
      look();
    });
  }
}
