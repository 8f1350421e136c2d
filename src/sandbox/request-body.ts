import { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';

const DECODERS: Record<string, (bytes: Buffer) => Promise<Buffer>> = {
  zstd: promisify<Buffer, Buffer>(zstdDecompress),
  gzip: promisify<Buffer, Buffer>(gunzip),
  deflate: promisify<Buffer, Buffer>(inflate),
  br: promisify<Buffer, Buffer>(brotliDecompress),
};

export class UnreadableBody extends Error {
  override readonly name = 'UnreadableBody';
}

/** The body, decompressed and parsed: JSON, form fields, or undefined when there is none. */
export async function readBody(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  if (chunks.length === 0) return undefined;
  const text = (await decompress(Buffer.concat(chunks), req.headers['content-encoding'])).toString('utf8');
  if (req.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UnreadableBody('Request body is not valid JSON');
  }
}

async function decompress(bytes: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return bytes;
  const decode = DECODERS[encoding.toLowerCase()];
  if (!decode) throw new UnreadableBody(`Unsupported content encoding: ${encoding}`);
  try {
    return await decode(bytes);
  } catch {
    throw new UnreadableBody('Request body could not be decompressed');
  }
}
