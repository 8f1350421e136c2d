import type { IncomingMessage } from 'node:http';
import { constants, type Http2ServerRequest } from 'node:http2';
import { GatewayError } from '../common/gateway-error.js';
import { BodyBuffer } from './body-buffer.js';
import { type BodyShare, UNCOUNTED_BYTES } from './body-budget.js';
import type { BodyLimits } from './request-body.js';

/** How long the rest of a refused body is still taken in, so that the client reads the answer instead of a reset. */
const LINGER_MS = 5_000;
/** Where taking it in is the very thing that costs too much. */
const SHORT_LINGER_MS = 100;
/** Every piece costs some microseconds, so a body of single bytes would cost minutes; honest clients that send by the token stay above. */
const MANY_CHUNKS = 65_536;
const FEW_BYTES_A_CHUNK = 8;

export const bodyTooLarge = (maxBytes: number): GatewayError =>
  new GatewayError('too_large', `The request body exceeds ${maxBytes} bytes.`);

const tooSlow = (): GatewayError =>
  new GatewayError('invalid_request', 'The request body did not arrive in time.', { status: 408, code: 'request_timeout' });

const tooFine = (): GatewayError => new GatewayError('invalid_request', 'The request body comes in too many pieces of a few bytes.');

const clientClosed = (): GatewayError =>
  new GatewayError('client_closed', 'the client closed the connection before the request was complete');

/** Reads one body into memory: in time, within its size, and within its share of the budget. */
export class BodyCollector {
  readonly #buffer = new BodyBuffer();
  readonly #timer: NodeJS.Timeout;
  #sizeBefore = 0;
  /** What of the share has been taken in advance. */
  #reserved = 0;
  #share: BodyShare | null = null;
  #resolve!: (body: Buffer) => void;
  #reject!: (error: unknown) => void;
  #done = false;

  /** @param makeShare called once the body is large enough to count. */
  constructor(
    private readonly source: IncomingMessage,
    private readonly limits: BodyLimits,
    private readonly makeShare: (tooSlow: () => void) => BodyShare,
  ) {
    this.#timer = setInterval(() => this.#checkPace(), limits.periodMs).unref();
  }

  get share(): BodyShare | null {
    return this.#share;
  }

  /** Rejects with `GatewayError`. */
  async read(): Promise<Buffer> {
    const bytes = new Promise<Buffer>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Node's parser has proved that the header is a number, if it is there.
    const declared = Number(this.source.headers['content-length']) || 0;
    if (this.source.destroyed) this.#onClose();
    else if (declared > this.limits.maxBytes) this.#fail(bodyTooLarge(this.limits.maxBytes));
    else {
      this.source.on('error', this.#onClose).on('close', this.#onClose);
      if (declared > UNCOUNTED_BYTES) this.#wait(this.#reserve(declared));
      this.source.on('data', this.#onData).on('end', this.#onEnd);
    }
    return bytes;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#buffer.append(chunk);
    const { size, chunks } = this.#buffer;
    this.#share?.arrived(chunk.length);
    if (size > this.limits.maxBytes) this.#fail(bodyTooLarge(this.limits.maxBytes));
    else if (chunks > MANY_CHUNKS && size < chunks * FEW_BYTES_A_CHUNK) this.#fail(tooFine(), SHORT_LINGER_MS);
    else if (size > UNCOUNTED_BYTES && size > this.#reserved) this.#wait(this.#reserve(size - this.#reserved));
  };

  #reserve(bytes: number): Promise<void> | null {
    this.#share ??= this.makeShare(() => this.#fail(tooSlow()));
    this.#reserved += bytes;
    return this.#share.take(bytes);
  }

  /** Nothing more is read from the client until there is room. */
  #wait(room: Promise<void> | null): void {
    if (room === null) return;
    this.source.pause();
    room.then(
      () => this.#done || this.source.resume(),
      (error: unknown) => this.#fail(error),
    );
  }

  #checkPace(): void {
    const { size } = this.#buffer;
    if (this.#share?.leave) return;
    if (size - this.#sizeBefore < this.limits.minBytesPerPeriod) this.#fail(tooSlow());
    this.#sizeBefore = size;
  }

  readonly #onEnd = (): void => {
    this.#share?.complete();
    this.#stop();
    this.#resolve(this.#buffer.take());
  };

  readonly #onClose = (): void => {
    this.#stop();
    this.source.on('error', ignore);
    this.#abandon(clientClosed());
  };

  #fail(error: unknown, lingerMs = LINGER_MS): void {
    if (this.#done) return;
    this.#stop();
    letGo(this.source, lingerMs);
    this.#abandon(error);
  }

  #abandon(error: unknown): void {
    this.#buffer.clear();
    this.#share?.release();
    this.#reject(error);
  }

  #stop(): void {
    this.#done = true;
    clearInterval(this.#timer);
    this.source.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onClose).off('close', this.#onClose);
  }
}

const ignore = (): void => undefined;

/**
 * Takes in and forgets the rest for a while, then cuts the connection: closing at once would reset it before the client has read the
 * answer. Over HTTP/2 the answer arrives whatever becomes of the rest.
 */
const letGo = (source: IncomingMessage, lingerMs: number): void => {
  source.on('error', ignore);
  source.resume();
  const { stream } = source as unknown as Partial<Http2ServerRequest>;
  stream?.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  const cut = setTimeout(() => source.destroy(), lingerMs).unref();
  source.once('end', () => clearTimeout(cut)).once('close', () => clearTimeout(cut));
};
