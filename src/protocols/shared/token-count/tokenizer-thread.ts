import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** The worker stands beside this file, in the sources as in the build (`tools/bundle.ts`). */
const WORKER = new URL(`./tokenizer.worker${extname(import.meta.url)}`, import.meta.url);
/** Far more than the tokenizer's tables need; the library's own memory is outside of it. */
const MAX_HEAP_MB = 256;

export interface TokenizerThreadOptions {
  /** The thread, with its 110 MB, ends when nobody has counted for so long. */
  readonly idleMs: number;
  /** No answer for so long: the thread is stuck, and ended. */
  readonly stuckMs: number;
  /** Another program for the thread, for tests. */
  readonly worker?: URL;
}

interface Task {
  resolve(counts: readonly number[]): void;
  reject(error: Error): void;
}

/**
 * One thread that tokenizes. It is started by the first batch, answers batches in order, and never keeps the process alive.
 * Where it crashes or hangs, all batches that wait are rejected, and the next one starts another.
 */
export class TokenizerThread {
  #worker: Worker | null = null;
  readonly #tasks: Task[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: TokenizerThreadOptions) {}

  get running(): boolean {
    return this.#worker !== null;
  }

  /** Tokens of each text, in order. */
  count(texts: readonly string[]): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#start();
      this.#tasks.push({ resolve, reject });
      this.#worker.postMessage(texts);
      if (this.#tasks.length === 1) this.#watch();
    });
  }

  /** Ends the thread; batches that wait are rejected. */
  async close(): Promise<void> {
    await this.#end(new Error('the tokenizer was closed'));
  }

  #start(): Worker {
    // Neither the environment with its secrets nor the program's options are for this thread.
    const worker = new Worker(this.options.worker ?? WORKER, {
      name: 'tokenizer',
      env: {},
      argv: [],
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    worker.unref();
    worker.on('message', (counts: readonly number[]) => {
      if (worker !== this.#worker) return;
      this.#tasks.shift()?.resolve(counts);
      this.#watch();
    });
    const failed = (error: Error): void => void (worker === this.#worker && this.#end(error));
    worker.on('error', failed);
    worker.on('messageerror', failed);
    worker.on('exit', (code) => failed(new Error(`the tokenizer's thread ended with ${code}`)));
    return worker;
  }

  /** One timer for both: with batches waiting it means that the thread hangs, without any that nobody counts. */
  #watch(): void {
    if (this.#timer) clearTimeout(this.#timer);
    const { idleMs, stuckMs } = this.options;
    const waiting = this.#tasks.length > 0;
    const end = (): void => void this.#end(new Error(`the tokenizer's thread did not answer within ${stuckMs} ms`));
    this.#timer = setTimeout(end, waiting ? stuckMs : idleMs).unref();
  }

  async #end(error: Error): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (const task of this.#tasks.splice(0)) task.reject(error);
    await worker?.terminate();
  }
}
