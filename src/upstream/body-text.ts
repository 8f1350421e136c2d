import type { ByteStream } from './upstream-types.js';

export const DEFAULT_TEXT_BYTES = 64 * 1024;

/** The rest of a body as text; beyond `limit` bytes it is given up. `pieces`: gets what has come, also where reading fails. */
export async function textOf(body: Pick<ByteStream, 'read' | 'cancel'>, limit: number, pieces: Buffer[] = []): Promise<string> {
  let size = 0;
  for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) {
    pieces.push(bytes);
    size += bytes.length;
    if (size < limit) continue;
    body.cancel();
    break;
  }
  return Buffer.concat(pieces, size).toString('utf8', 0, Math.min(size, limit));
}
