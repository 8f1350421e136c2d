/** Up to here a body is written in one piece. */
const WHOLE_LIMIT_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * The body as undici should send it. A long one goes in chunks: only then is the silence limit counted from the last chunk
 * that the backend took, and an upload over a slow line may take as long as it needs.
 */
export function bodyChunks(body: Buffer): Buffer | Iterable<Buffer> {
  return body.length <= WHOLE_LIMIT_BYTES ? body : new Slices(body);
}

/** Keeps nothing of what has been sent: undici holds on to it until the answer is over, which may be minutes later. */
class Slices implements IterableIterator<Buffer> {
  #rest: Buffer;

  constructor(body: Buffer) {
    this.#rest = body;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Buffer> {
    if (this.#rest.length === 0) return { done: true, value: undefined };
    const value = this.#rest.subarray(0, CHUNK_BYTES);
    this.#rest = this.#rest.length > CHUNK_BYTES ? this.#rest.subarray(CHUNK_BYTES) : NOTHING;
    return { done: false, value };
  }
}
