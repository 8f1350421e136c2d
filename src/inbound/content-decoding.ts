import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';
import { GatewayError, invalidRequest } from '../common/gateway-error.js';

type Inflate = (bytes: Buffer, options: { maxOutputLength: number }, done: (error: Error | null, result: Buffer) => void) => void;

/** `deflate` means zlib data, but some clients send the bare stream; a zlib header names method 8. */
const inflateEither: Inflate = (bytes, options, done) => ((bytes[0]! & 0x0f) === 8 ? inflate : inflateRaw)(bytes, options, done);

const DECODERS: Readonly<Record<string, Inflate>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: inflateEither,
  br: brotliDecompress,
  zstd: zstdDecompress,
};
/** Nobody stacks encodings in earnest; every layer multiplies what a bomb can do. */
const MAX_LAYERS = 2;

/** The codings to undo, outermost first. @throws GatewayError `invalid_request` (415) for one that is not known. */
export const contentCodings = (header: string): string[] => {
  const names = header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  const unknown = names.find((name) => !Object.hasOwn(DECODERS, name));
  if (unknown !== undefined || names.length > MAX_LAYERS) {
    throw new GatewayError('invalid_request', 'Unsupported content-encoding; send gzip, br, zstd, deflate or identity.', {
      status: 415,
      code: 'unsupported_content_encoding',
    });
  }
  return names.reverse();
};

/**
 * Undoes one coding off the main thread; null if that makes more than `maxBytes`, which is checked while inflating, so that a bomb never
 * exists in memory. Rejects with GatewayError `invalid_request` for data that is damaged or cut.
 */
export const decodeContent = (bytes: Buffer, coding: string, maxBytes: number): Promise<Buffer | null> =>
  new Promise((resolve, reject) => {
    DECODERS[coding]!(bytes, { maxOutputLength: maxBytes }, (error, result) => {
      if (!error) resolve(result);
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') resolve(null);
      else reject(invalidRequest(`The request body is not valid ${coding} data.`, undefined, 'invalid_content_encoding'));
    });
  });
