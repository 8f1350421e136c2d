/** Up to here a body is written in one piece. */
const WHOLE_LIMIT_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * The body as undici should send it. A long one goes in chunks: only then is the silence limit counted from the last chunk
 * that the backend took, and an upload over a slow line may take as long as it needs.
 */
export function bodyChunks(body: Buffer): Buffer | Iterable<Buffer> {
  return body.length <= WHOLE_LIMIT_BYTES ? body : slices(body);
}

function* slices(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += CHUNK_BYTES) yield body.subarray(at, at + CHUNK_BYTES);
}
