import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { closeUpstream, failureOf, post, upstreamClient } from '../../test/support/upstream-harness.js';
import { startTcp } from '../../test/support/upstream-servers.js';
import { refusalText } from './refusal-text.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { ByteStream } from './upstream-types.js';

afterEach(closeUpstream);
afterEach(() => void jest.useRealTimers());

const calm = new AbortController().signal;

/** Says something, then nothing until it is cancelled. */
class Stalling implements Pick<ByteStream, 'read' | 'cancel'> {
  #said = false;
  #reject: (failure: UpstreamFailure) => void = () => undefined;

  read(): Promise<Buffer | null> {
    if (!this.#said) {
      this.#said = true;
      return Promise.resolve(Buffer.from('{"error":'));
    }
    return new Promise((_, reject) => (this.#reject = reject));
  }

  cancel(): void {
    this.#reject(new UpstreamFailure('aborted', 'cancelled'));
  }
}

describe('the body of a refusal', () => {
  it('is what came of it, where it breaks', async () => {
    const server = await startTcp((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 429 Slow\r\ncontent-length: 100\r\n\r\n{"error":'));
    });
    const { status, body } = await upstreamClient().open(post(server));
    expect([status, await refusalText(body, calm)]).toEqual([429, '{"error":']);
  });

  it('is waited for no longer than five seconds', async () => {
    jest.useFakeTimers();
    const text = refusalText(new Stalling(), calm);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await text).toBe('{"error":');
  });

  it('is nobody’s business any more when the client has gone', async () => {
    const gone = new AbortController();
    const body = new Stalling();
    const text = refusalText(body, gone.signal);
    await Promise.resolve();
    gone.abort();
    body.cancel();
    expect((await failureOf(text)).kind).toBe('aborted');
  });
});
