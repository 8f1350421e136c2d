import type { ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';

/** Breaks an answer off: the connection, or over HTTP/2 the stream, so that nobody can take what came for the whole. */
export const breakOff = (raw: ServerResponse): void => {
  const { stream } = raw as unknown as Partial<Http2ServerResponse>;
  // Destroying would end the stream with NO_ERROR.
  if (stream) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else raw.destroy();
};

/**
 * From now on the client has to take something of what is written within each `limitMs`, or the answer is broken off: a client that never
 * reads would keep its connection, its answer and what feeds it for ever. 0: no limit. Call `forgiveStall` while there is nothing to take.
 */
export const limitStall = (raw: ServerResponse, limitMs: number): void => {
  if (limitMs === 0 || raw.destroyed) return;
  if (raw.listenerCount('timeout') === 0) raw.once('timeout', () => breakOff(raw));
  raw.setTimeout(limitMs);
};

export const forgiveStall = (raw: ServerResponse): void => {
  if (!raw.destroyed) raw.setTimeout(0);
};
