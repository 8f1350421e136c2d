import type { Cancellation } from '../common/cancellation.js';
import { textOf } from './body-text.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { ByteStream } from './upstream-types.js';

const MAX_BYTES = 1024 * 1024;
/** The status has told the most; nobody waits for its explanation as long as for an answer. */
const PATIENCE_MS = 5_000;

/**
 * The body of a refusal, or what came of it before it broke or went silent: its status counts all the same, since a 401 or a 429 is
 * no fault of the network. Rejects with `UpstreamFailure` only when `signal` is aborted.
 */
export async function refusalText(body: Pick<ByteStream, 'read' | 'cancel'>, signal: Cancellation): Promise<string> {
  const pieces: Buffer[] = [];
  const patience = setTimeout(() => body.cancel(), PATIENCE_MS).unref();
  try {
    return await textOf(body, MAX_BYTES, pieces);
  } catch (error) {
    if (signal.aborted || !(error instanceof UpstreamFailure)) throw error;
    return Buffer.concat(pieces).toString('utf8');
  } finally {
    clearTimeout(patience);
  }
}
