import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';

export interface Relay {
  /** Headers of the upstream's answer are here. */
  begin(status: number): void;
  /** Everything that one network read brought; `last` when nothing follows. */
  bytes(bytes: Buffer, last: boolean): void;
  end(): void;
}

/** Joins undici's callbacks of one network read into one call, and honours the client's backpressure. */
export class RelayHandler implements Dispatcher.DispatchHandler {
  readonly #res: ServerResponse;
  readonly #relay: Relay;
  readonly #flushRead = () => this.#flush(false);
  #parts: Buffer[] = [];

  constructor(res: ServerResponse, relay: Relay) {
    this.#res = res;
    this.#relay = relay;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#res.on('close', () => {
      if (!this.#res.writableFinished) controller.abort(new Error('client gone'));
    });
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    this.#res.on('drain', () => controller.resume());
    this.#relay.begin(status);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#parts.push(chunk) === 1) process.nextTick(this.#flushRead);
    if (this.#res.writableNeedDrain) controller.pause();
  }

  onResponseEnd(): void {
    this.#flush(true);
    this.#relay.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#res.headersSent) this.#res.destroy();
    else this.#res.writeHead(502).end(String(error));
  }

  #flush(last: boolean): void {
    if (!this.#parts.length) return;
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#relay.bytes(bytes, last);
  }
}
