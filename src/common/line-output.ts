import { write, writeSync } from 'node:fs';

/** Lines are gathered and written by the pack, because handing each to a thread costs more than making it. */
const PACK_BYTES = 8_192;
const PACK_MS = 200;
/** What a reader that is stuck leaves behind is dropped beyond this. */
const MAX_BYTES = 4_194_304;
const BUSY_MS = 50;
/** Longest wait at the end of the process for a reader that does not read. */
const EXIT_MS = 1_000;

const isBusy = (error: unknown): boolean => ['EAGAIN', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '');

/**
 * Writes lines to a file descriptor without ever waiting for its reader: a pipe that is full or closed must not stop the service.
 * When the reader is gone (EPIPE) lines are dropped; the end of the process is not held up by more than a second.
 */
export class LineOutput {
  #lines: string[] = [];
  #size = 0;
  #writing = false;
  #gone = false;
  #timer: NodeJS.Timeout | null = null;

  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    if (this.#gone || this.#size >= MAX_BYTES) return;
    this.#lines.push(line);
    this.#size += line.length;
    if (this.#size >= PACK_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), PACK_MS).unref();
  }

  /** For the end of the process: writes what is left, as far as the reader takes it. */
  flushSync(): void {
    let rest = this.#take();
    const deadline = Date.now() + EXIT_MS;
    while (rest.length > 0 && !this.#gone) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        if (!isBusy(error) || Date.now() >= deadline) this.#gone = true;
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);
      }
    }
  }

  #flush(): void {
    if (this.#writing || this.#lines.length === 0) return;
    this.#writing = true;
    this.#send(this.#take());
  }

  #take(): Buffer {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const bytes = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#size = 0;
    return bytes;
  }

  #send(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      if (error && !isBusy(error)) {
        this.#gone = true;
        this.#lines = [];
        this.#size = 0;
        return;
      }
      const rest = bytes.subarray(error ? 0 : written);
      if (rest.length > 0) {
        setTimeout(() => this.#send(rest), error ? BUSY_MS : 0).unref();
        return;
      }
      this.#writing = false;
      if (this.#size >= PACK_BYTES) this.#flush();
      else if (this.#lines.length > 0) this.#timer ??= setTimeout(() => this.#flush(), PACK_MS).unref();
    });
  }
}
