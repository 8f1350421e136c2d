import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../common/gateway-error.js';
import { contentCodings, decodeContent } from './content-decoding.js';

export interface BodyLimits {
  /** Bytes on the wire. */
  readonly maxBytes: number;
  /** Bytes after decompression. */
  readonly maxDecodedBytes: number;
  /** In each such period at least `minBytesPerPeriod` must arrive. */
  readonly periodMs: number;
  readonly minBytesPerPeriod: number;
}

/** How long the rest of a refused body is still taken in, so that the client reads the answer instead of a reset. */
const LINGER_MS = 5_000;

/**
 * A request body that has not been read yet. Nest awaits it where a controller asks for `@Body() body: Buffer`, which is
 * after the guards: nobody fills memory without a key. Rejects with a GatewayError (`too_large`, `invalid_request`,
 * `client_closed`).
 */
export class PendingBody implements PromiseLike<Buffer> {
  #reading: Promise<Buffer> | undefined;

  constructor(
    private readonly source: IncomingMessage,
    private readonly limits: BodyLimits,
  ) {}

  then<A = Buffer, B = never>(
    onBody?: ((body: Buffer) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#reading ??= readBody(this.source, this.limits)).then(onBody, onError);
  }
}

/** The whole body, decompressed. A body that came in one piece is not copied. */
export const readBody = async (source: IncomingMessage, limits: BodyLimits): Promise<Buffer> => {
  const encoding = source.headers['content-encoding'];
  const codings = encoding === undefined ? [] : contentCodings(encoding);
  // Node's parser has proved that the header is a number, if it is there.
  if (Number(source.headers['content-length']) > limits.maxBytes) {
    letGo(source);
    throw tooLarge(limits);
  }
  const bytes = await collect(source, limits);
  return codings.length === 0 || bytes.length === 0 ? bytes : decodeContent(bytes, codings, limits.maxDecodedBytes);
};

const tooLarge = ({ maxBytes }: BodyLimits): GatewayError => new GatewayError('too_large', `The request body exceeds ${maxBytes} bytes.`);

const tooSlow = (): GatewayError =>
  new GatewayError('invalid_request', 'The request body did not arrive in time.', { status: 408, code: 'request_timeout' });

const clientClosed = (): GatewayError =>
  new GatewayError('client_closed', 'the client closed the connection before the request was complete');

const collect = (source: IncomingMessage, limits: BodyLimits): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    let sizeBefore = 0;
    const timer = setInterval(() => {
      if (size - sizeBefore < limits.minBytesPerPeriod) fail(tooSlow());
      sizeBefore = size;
    }, limits.periodMs).unref();
    const stop = (): void => {
      clearInterval(timer);
      source.off('data', onData).off('end', onEnd).off('error', onClose).off('close', onClose);
      chunks = [];
    };
    const fail = (error: GatewayError): void => {
      stop();
      letGo(source);
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limits.maxBytes) fail(tooLarge(limits));
      else chunks.push(chunk);
    };
    const onEnd = (): void => {
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
      stop();
      resolve(body);
    };
    const onClose = (): void => {
      stop();
      source.on('error', ignore);
      reject(clientClosed());
    };
    if (source.destroyed) onClose();
    else source.on('data', onData).on('end', onEnd).on('error', onClose).on('close', onClose);
  });

const ignore = (): void => undefined;

/** Takes in and forgets the rest for a while, then cuts the connection: closing at once would reset it before the client has read the answer. */
const letGo = (source: IncomingMessage): void => {
  source.on('error', ignore);
  source.resume();
  const cut = setTimeout(() => source.destroy(), LINGER_MS).unref();
  source.once('end', () => clearTimeout(cut)).once('close', () => clearTimeout(cut));
};
