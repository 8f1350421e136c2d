import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../common/gateway-error.js';
import { BodyBuffer } from './body-buffer.js';
import { type BodyShare, UNCOUNTED_BYTES } from './body-budget.js';
import { FinePieces, holdBack, letCome } from './fine-pieces.js';
import type { BodyLimits } from './request-body.js';

/** Room for a body of unknown length is taken in steps, not for each of its pieces. */
const STEP_BYTES = 262_144;

export const bodyTooLarge = (maxBytes: number): GatewayError =>
  new GatewayError('too_large', `The request body exceeds ${maxBytes} bytes.`);

const tooSlow = (): GatewayError =>
  new GatewayError('invalid_request', 'The request body did not arrive in time.', { status: 408, code: 'request_timeout' });

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
  readonly #pieces = new FinePieces((on) => this.#hold(on));
  /** For room, for a turn. */
  #holds = 0;
  #waiting = false;

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

  /** Whether it was refused before any of it was read. */
  get refused(): boolean {
    return this.#done;
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
    this.#share?.arrived(chunk.length);
    this.#pieces.arrived(chunk.length);
    if (this.#buffer.size > this.limits.maxBytes) this.#fail(bodyTooLarge(this.limits.maxBytes));
    else this.#makeRoom();
  };

  #makeRoom(): void {
    const { size } = this.#buffer;
    // What had been read already goes on arriving during the wait.
    if (this.#waiting || size <= UNCOUNTED_BYTES || size <= this.#reserved) return;
    this.#wait(this.#reserve(Math.max(STEP_BYTES, size - this.#reserved)));
  }

  #reserve(bytes: number): Promise<void> | null {
    this.#share ??= this.makeShare(() => this.#fail(tooSlow()));
    this.#reserved += bytes;
    return this.#share.take(bytes);
  }

  /** Nothing more is read from the client until there is room. */
  #wait(room: Promise<void> | null): void {
    if (room === null) return;
    this.#waiting = true;
    this.#hold(true);
    room.then(
      () => {
        this.#waiting = false;
        if (this.#done) return;
        this.#makeRoom();
        this.#hold(false);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #hold(on: boolean): void {
    this.#holds += on ? 1 : -1;
    if (on && this.#holds === 1) holdBack(this.source);
    else if (this.#holds === 0) letCome(this.source);
  }

  #checkPace(): void {
    const { size } = this.#buffer;
    if (this.#share?.leave) return;
    if (size - this.#sizeBefore < this.limits.minBytesPerPeriod) this.#fail(tooSlow());
    this.#sizeBefore = size;
  }

  readonly #onEnd = (): void => {
    this.#share?.complete();
    this.#share?.give(this.#reserved - this.#buffer.size);
    this.#stop();
    this.#resolve(this.#buffer.take());
  };

  readonly #onClose = (): void => {
    this.#stop();
    this.source.on('error', ignore);
    this.#abandon(clientClosed());
  };

  #fail(error: unknown): void {
    if (this.#done) return;
    this.#stop();
    // The rest is taken in and forgotten, and the connection cut if that takes long: see the listener.
    this.source.on('error', ignore).resume();
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
    this.#pieces.stop();
    if (this.#holds > 0) letCome(this.source);
    this.source.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onClose).off('close', this.#onClose);
  }
}

const ignore = (): void => undefined;
