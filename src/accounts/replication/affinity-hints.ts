import { ChangeFeed } from '../../database/change-feed.service.js';
import type { AccountPool } from '../pool/account-pool.service.js';

const GATHER_MS = 20;
/** A hint is worth little when there are so many: the rest of this moment's is not told. */
const MAX_WAITING = 2_000;
/** So many fit into one notice with certainty. */
const HINTS_TOGETHER = 60;
const PREFIX = 'affinity ';

/** Tells other replicas which account a conversation is on, so that its prompt cache is found wherever its next request arrives. */
export class AffinityHints {
  readonly #waiting = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly feed: ChangeFeed,
    private readonly pool: AccountPool,
  ) {
    pool.onBound((key, accountId) => this.#note(key, accountId));
  }

  /** Another replica's hint; anything else is ignored. */
  take(text: string): void {
    if (!text.startsWith(PREFIX)) return;
    for (const pair of text.slice(PREFIX.length).split(' ')) {
      const [key, accountId] = pair.split('=');
      if (key && accountId) this.pool.hintAffinity(key, accountId);
    }
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #note(key: string, accountId: string): void {
    if (this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(key, accountId);
    this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS).unref();
  }

  #tell(): void {
    this.#timer = null;
    const pairs = [...this.#waiting].map(([key, accountId]) => `${key}=${accountId}`);
    this.#waiting.clear();
    for (let start = 0; start < pairs.length; start += HINTS_TOGETHER) {
      this.feed.tell(PREFIX + pairs.slice(start, start + HINTS_TOGETHER).join(' '));
    }
  }
}
