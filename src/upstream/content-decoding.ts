import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { DEFAULT_TEXT_BYTES, textOf } from './body-text.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { ByteStream } from './upstream-types.js';

const SYNC = { flush: constants.Z_SYNC_FLUSH };
const gunzip = (): Transform => createGunzip(SYNC);

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: () => createInflate(SYNC),
  br: () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => createZstdDecompress({ flush: constants.ZSTD_e_flush }),
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

class DecodedBody implements ByteStream {
  #chunks: AsyncIterator<Buffer> | null = null;
  #decoder: Transform | null = null;

  constructor(
    private readonly source: ByteStream,
    private readonly make: () => Transform,
  ) {}

  async read(): Promise<Buffer | null> {
    this.#chunks ??= this.#begin();
    try {
      const next = await this.#chunks.next();
      return next.done === true ? null : next.value;
    } catch (error) {
      throw failureOf(error as NodeJS.ErrnoException);
    }
  }

  text(limit: number = DEFAULT_TEXT_BYTES): Promise<string> {
    return textOf(this, limit);
  }

  cancel(): void {
    this.source.cancel();
    this.#decoder?.destroy(new UpstreamFailure('aborted', 'the answer was not wanted any more'));
  }

  finish(): void {
    this.source.finish();
    this.#decoder?.destroy();
  }

  #begin(): AsyncIterator<Buffer> {
    this.#decoder = this.make();
    // Its errors reach whoever reads.
    pipeline(Readable.from(piecesOf(this.source)), this.#decoder, () => undefined);
    return this.#decoder[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }
}

async function* piecesOf(source: ByteStream): AsyncGenerator<Buffer> {
  for (let bytes = await source.read(); bytes !== null; bytes = await source.read()) yield bytes;
}

function failureOf(error: NodeJS.ErrnoException): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  const { code, message } = error;
  return code === 'Z_BUF_ERROR' || /unexpected end|premature/i.test(message)
    ? new UpstreamFailure('truncated', `the compressed answer ended early: ${message}`, code, error)
    : new UpstreamFailure('protocol', `the answer is not compressed as it says: ${message}`, code, error);
}
