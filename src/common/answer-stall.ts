import type { ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';

/** Breaks an answer off: the connection, or over HTTP/2 the stream, so that nobody can take what came for the whole. */
export const breakOff = (raw: ServerResponse): void => {
  const { stream } = raw as unknown as Partial<Http2ServerResponse>;
  // Destroying would end the stream with NO_ERROR.
  if (stream) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else raw.destroy();
};

/** Over HTTP/2 Node's timeout waits on while the connection sends anything at all, so that one stream that is read would keep a thousand others. */
const SHARED_CONNECTION_FACTOR = 3;
const OVERDUE = Symbol('overdue');
type Stalled = ServerResponse & { [OVERDUE]?: NodeJS.Timeout };

const limitShared = (raw: Stalled, limitMs: number): void => {
  if (raw[OVERDUE] === undefined) raw.once('close', () => clearTimeout(raw[OVERDUE]));
  else clearTimeout(raw[OVERDUE]);
  raw[OVERDUE] = setTimeout(() => breakOff(raw), limitMs * SHARED_CONNECTION_FACTOR).unref();
};

/**
 * From now on the client has to take something of what is written within each `limitMs`, or the answer is broken off: a client that never
 * reads would keep its connection, its answer and what feeds it for ever. On an HTTP/2 connection where others read it has to take all of it
 * in three times that. 0: no limit. Call `forgiveStall` while there is nothing to take.
 */
export const limitStall = (raw: ServerResponse, limitMs: number): void => {
  if (limitMs === 0 || raw.destroyed) return;
  if (raw.listenerCount('timeout') === 0) raw.once('timeout', () => breakOff(raw));
  raw.setTimeout(limitMs);
  if ('stream' in raw) limitShared(raw, limitMs);
};

export const forgiveStall = (raw: Stalled): void => {
  clearTimeout(raw[OVERDUE]);
  if (!raw.destroyed) raw.setTimeout(0);
};
