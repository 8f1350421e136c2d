import { Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import type { Cancellation } from '../../../common/cancellation.js';
import { Clock } from '../../../common/clock.js';
import type { CodexBody } from '../../../executor/codex-request.js';
import { BlockCounts, blockKey } from './block-counts.js';
import { TextBlock, TextBlocks } from './text-blocks.js';
import { estimateText } from './text-estimate.js';
import { TokenizerThread } from './tokenizer-thread.js';

const REMEMBERED_BLOCKS = 20_000;
/** Characters of a message to the thread: short enough that an answer comes often. */
const BATCH_SIZE = 128 * 1024;
/** Characters that may wait for the thread, some two seconds of work; what comes on top is estimated. */
const MAX_BACKLOG = 8 * 1024 * 1024;
/** What a text costs beside its characters. */
const TEXT_OVERHEAD = 64;
/** A thread that failed is not started again at once. */
const RESTART_MS = 5_000;

/** Texts on their way through the thread. */
interface Batch {
  readonly keys: string[];
  readonly texts: string[];
  size: number;
  /** Null where the thread failed; undefined until it has answered. */
  counts?: readonly number[] | null;
  done: Promise<void>;
}

interface Place {
  readonly batch: Batch;
  readonly index: number;
}

/**
 * Counts the input tokens of requests with the vendor's own encoding, in a thread of its own that starts with the first count.
 * Texts are counted once, however many requests have them: clients ask for the same tools and history again and again, dozens of
 * times at once. A count is never refused: what the thread cannot do, or not in time, is estimated.
 */
@Injectable()
export class TokenCounter implements OnApplicationShutdown {
  private readonly logger = new Logger(TokenCounter.name);
  readonly #counted = new BlockCounts(REMEMBERED_BLOCKS);
  readonly #running = new Map<string, Place>();
  #backlog = 0;
  #brokenUntil = 0;
  #closed = false;

  constructor(
    private readonly thread: TokenizerThread,
    private readonly clock: Clock,
  ) {}

  /** Input tokens of a request, at least 1. Rejects with the signal's reason if it is aborted, and with a 400 for values nested too deeply. */
  async count(body: CodexBody, signal?: Cancellation): Promise<number> {
    const { blocks, known } = TextBlocks.of(body);
    const waiting: [TextBlock, Place][] = [];
    let total = known;
    let batch: Batch | null = null;
    for (const block of blocks) {
      const key = blockKey(block.text);
      const counted = this.#counted.get(key);
      let place = counted === undefined ? this.#running.get(key) : undefined;
      if (counted === undefined && !place && this.#hasRoom(block.text)) {
        if (batch && batch.size >= BATCH_SIZE) batch = this.#send(batch);
        batch ??= newBatch();
        place = this.#add(batch, key, block.text);
      }
      if (place) waiting.push([block, place]);
      else total += (counted ?? estimateText(block.text)) * block.weight;
    }
    if (batch) this.#send(batch);
    for (const [{ text, weight }, { batch, index }] of waiting) {
      if (batch.counts === undefined) {
        await batch.done;
        if (signal?.aborted) throw signal.reason;
      }
      total += (batch.counts?.[index] ?? estimateText(text)) * weight;
    }
    return Math.max(1, Math.ceil(total));
  }

  async onApplicationShutdown(): Promise<void> {
    this.#closed = true;
    await this.thread.close();
  }

  #hasRoom(text: string): boolean {
    return !this.#closed && this.#backlog + text.length + TEXT_OVERHEAD <= MAX_BACKLOG && this.clock.now() >= this.#brokenUntil;
  }

  #add(batch: Batch, key: string, text: string): Place {
    const size = text.length + TEXT_OVERHEAD;
    const place = { batch, index: batch.texts.length };
    batch.keys.push(key);
    batch.texts.push(text);
    batch.size += size;
    this.#backlog += size;
    this.#running.set(key, place);
    return place;
  }

  #send(batch: Batch): null {
    batch.done = this.thread.count(batch.texts).then(
      (counts) => this.#answered(batch, counts),
      (error: unknown) => this.#failed(batch, error),
    );
    return null;
  }

  #answered(batch: Batch, counts: readonly number[]): void {
    this.#settle(batch, counts);
    batch.keys.forEach((key, i) => this.#counted.set(key, counts[i]!));
  }

  #failed(batch: Batch, error: unknown): void {
    this.#settle(batch, null);
    const now = this.clock.now();
    // All batches that wait fail together: told once.
    if (!this.#closed && now >= this.#brokenUntil) {
      this.#brokenUntil = now + RESTART_MS;
      this.logger.warn({ msg: 'the tokenizer failed; token counts are estimates until it runs again', error: String(error) });
    }
  }

  #settle(batch: Batch, counts: readonly number[] | null): void {
    batch.counts = counts;
    this.#backlog -= batch.size;
    for (const key of batch.keys) this.#running.delete(key);
  }
}

const newBatch = (): Batch => ({ keys: [], texts: [], size: 0, done: Promise.resolve() });
