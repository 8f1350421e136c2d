import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { DEFAULT_TEXT_BYTES, textOf } from './body-text.js';
import { ByteReader, type ByteSource } from './byte-reader.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { ByteStream } from './upstream-types.js';

/** A decoder that is paused holds one piece and decodes nothing more: on a later error it would throw away what nobody has taken yet. */
const HELD = { readableHighWaterMark: 1 };
const SYNC = { ...HELD, flush: constants.Z_SYNC_FLUSH };
const gunzip = (): Transform => createGunzip(SYNC);

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: () => createInflate(SYNC),
  br: () => createBrotliDecompress({ ...HELD, flush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => createZstdDecompress({ ...HELD, flush: constants.ZSTD_e_flush }),
};
/** More than one is somebody's mistake. */
const MAX_ENCODINGS = 4;

/**
 * The body without its `content-encoding`. None is asked for, but proxies and edges compress what they like. Encodings that
 * nobody knows are left as they are.
 */
export function decodedBody(body: ByteStream, encoding: string | undefined): ByteStream {
  if (encoding === undefined) return body;
  const names = encoding.toLowerCase().split(',').slice(0, MAX_ENCODINGS);
  return names.reduceRight<ByteStream>((inner, name) => {
    const decoder = DECODERS[name.trim()];
    return decoder === undefined ? inner : new DecodedBody(inner, decoder);
  }, body);
}

/** Whatever has been decoded before a failure is read before it, as it is of a body that is not compressed: it may be all of the answer. */
class DecodedBody implements ByteStream, ByteSource {
  readonly #decoded = new ByteReader(this);
  #decoder: Transform | null = null;
  /** Of the compressed body. */
  #failure: UpstreamFailure | null = null;

  constructor(
    private readonly source: ByteStream,
    private readonly make: () => Transform,
  ) {}

  read(): Promise<Buffer | null> {
    if (this.#decoder === null) this.#begin();
    return this.#decoded.read();
  }

  text(limit: number = DEFAULT_TEXT_BYTES): Promise<string> {
    return textOf(this, limit);
  }

  cancel(): void {
    this.stop(new UpstreamFailure('aborted', 'the answer was not wanted any more'));
  }

  finish(): void {
    this.source.finish();
    this.#end(new UpstreamFailure('aborted', 'the answer has been read as far as it was of interest'));
  }

  stop(failure: UpstreamFailure): void {
    this.source.cancel();
    this.#end(failure);
  }

  resume(): void {
    this.#decoder?.resume();
  }

  #end(failure: UpstreamFailure): void {
    this.#decoded.close(failure);
    this.#decoder?.destroy();
  }

  #begin(): void {
    const decoder = (this.#decoder = this.make());
    decoder.on('data', (bytes: Buffer) => {
      if (this.#decoded.push(bytes)) decoder.pause();
    });
    decoder.on('end', () => this.#decoded.close(this.#failure));
    decoder.on('error', (error) => {
      this.#decoded.close(this.#failure ?? failureOf(error));
      this.source.cancel();
    });
    void this.#feed(decoder);
  }

  /** A failure ends the pieces like any other end, so that the decoder gives what it has. */
  async #feed(decoder: Transform): Promise<void> {
    let goOn = (): void => undefined;
    decoder.once('close', () => goOn());
    try {
      for (let bytes = await this.source.read(); bytes !== null && !decoder.destroyed; bytes = await this.source.read()) {
        const piece = bytes;
        await new Promise<void>((resolve) => {
          goOn = resolve;
          decoder.write(piece, () => resolve());
        });
      }
    } catch (error) {
      this.#failure = failureOf(error as Error);
      if (this.#failure.kind === 'aborted') this.#end(this.#failure);
    }
    if (!decoder.destroyed) decoder.end();
  }
}

function failureOf(error: NodeJS.ErrnoException): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  const { code, message } = error;
  return code === 'Z_BUF_ERROR' || /unexpected end/i.test(message)
    ? new UpstreamFailure('truncated', `the compressed answer ended early: ${message}`, code, error)
    : new UpstreamFailure('protocol', `the answer is not compressed as it says: ${message}`, code, error);
}
