import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Cancellation } from '../common/cancellation.js';
import { ByteReader } from './byte-reader.js';
import type { ConnectionGate } from './connection-gate.js';
import type { ForwardProxy } from './dispatcher.factory.js';
import { decodedBody } from './content-decoding.js';
import { toFailure } from './failure-mapping.js';
import { proxyFailure } from './proxy-tunnel.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { UnansweredCalls } from './unanswered-calls.js';
import type { UpstreamResponse } from './upstream-types.js';

export interface ExchangeOptions {
  readonly signal: Cancellation | undefined;
  /** 0: none. */
  readonly totalTimeoutMs: number;
  /** Longest wait for undici to start the call; 0: none. */
  readonly queueTimeoutMs: number;
  /** The place that the call holds, given back as soon as it is over. */
  readonly gate: ConnectionGate | null;
  readonly forward: ForwardProxy | null;
  /** Where the call is counted until it is answered. */
  readonly unanswered: UnansweredCalls | null;
  /** The backend was silent for longer than the limit. */
  readonly onSilence: () => void;
}

/**
 * One call on its way: undici's handler up to the headers, and the reader of the body after them. A single object per
 * call, and no promise, closure or listener per event: this is the hottest path of the service.
 */
export class UpstreamExchange implements Dispatcher.DispatchHandler {
  readonly response: Promise<UpstreamResponse>;
  place = 0;
  readonly startedAt = performance.now();
  #resolve!: (response: UpstreamResponse) => void;
  #reject!: (failure: UpstreamFailure) => void;
  readonly #body: ByteReader;
  #controller: Dispatcher.DispatchController | null = null;
  #headersSeen = false;
  #done = false;
  /** Set before undici has started the request: it is refused as soon as a connection offers itself. */
  #failure: UpstreamFailure | null = null;
  #queueTimer: NodeJS.Timeout | undefined;
  #totalTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ExchangeOptions) {
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#body = new ByteReader(this);
    const { signal, totalTimeoutMs, queueTimeoutMs, gate } = options;
    options.unanswered?.add(this);
    signal?.addEventListener('abort', this);
    if (totalTimeoutMs > 0) this.#totalTimer = setTimeout(() => this.#expire(totalTimeoutMs), totalTimeoutMs).unref();
    if (queueTimeoutMs > 0 && gate) this.#queueTimer = setTimeout(() => this.stop(gate.giveUp()), queueTimeoutMs).unref();
  }

  /** The signal was aborted. An object instead of a bound function saves one closure per call. */
  handleEvent(): void {
    this.stop(new UpstreamFailure('aborted', 'the call was aborted'));
  }

  /** Ends the call: the caller learns of it now, the connection is closed now. */
  stop(failure: UpstreamFailure): void {
    if (this.#done) return;
    this.#fail(failure);
    this.#controller?.abort(failure);
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, not aborted: nothing has been written, the connection stays good for others.
    if (this.#failure !== null) throw this.#failure;
    clearTimeout(this.#queueTimer);
    this.#controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    // Views into the first network read, which they would keep alive as long as the body lasts.
    controller.rawHeaders = null;
    const { forward } = this.options;
    if (forward !== null && status === 407) return this.stop(proxyFailure(forward.address, 'rejected the credentials (407)'));
    this.#headersSeen = true;
    if (status < 500) this.options.unanswered?.answered(this);
    else this.options.unanswered?.delete(this);
    const joined = joinRepeated(headers);
    this.#resolve({ status, headers: joined, body: decodedBody(this.#body, joined['content-encoding']) });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body.push(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#settle();
    this.#body.close(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#done) return;
    const failure = toFailure(error, this.#headersSeen ? 'body' : 'head');
    if (failure.kind === 'timeout') this.options.onSilence();
    this.#fail(failure);
  }

  #fail(failure: UpstreamFailure): void {
    this.#failure = failure;
    this.#settle();
    if (this.#headersSeen) this.#body.close(failure);
    else this.#reject(failure);
  }

  #expire(limitMs: number): void {
    this.stop(new UpstreamFailure('timeout', `the call was not finished in ${limitMs / 1000} s`));
  }

  #settle(): void {
    if (this.#done) return;
    this.#done = true;
    clearTimeout(this.#queueTimer);
    clearTimeout(this.#totalTimer);
    this.options.signal?.removeEventListener('abort', this);
    this.options.gate?.leave();
    this.options.unanswered?.delete(this);
  }
}

/** undici gives an array for a header that came more than once. */
function joinRepeated(headers: IncomingHttpHeaders): Record<string, string> {
  const joined = headers as Record<string, string | string[]>;
  for (const name in joined) {
    const value = joined[name]!;
    if (typeof value !== 'string') joined[name] = value.join(', ');
  }
  return joined as Record<string, string>;
}
