import type { Cancellation } from '../common/cancellation.js';
/** One outbound call. Every call of the service goes through `UpstreamClient.open`, so that proxy and timeouts hold everywhere. */
export interface UpstreamCall {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal?: Cancellation;
  /** Silence limit in ms, before headers and between bytes; default `upstream-idle-timeout-seconds`. */
  readonly idleTimeoutMs?: number;
  /** Limit for the whole call in ms; default none. */
  readonly totalTimeoutMs?: number;
  /** A client waits for it: it counts among `UnansweredCalls` until its headers are there. */
  readonly isTurn?: boolean;
}

export interface UpstreamResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ByteStream;
}

/** A response body. Reading is pull: nothing is taken from the socket beyond a small buffer until somebody asks. */
export interface ByteStream {
  /** All bytes of the next network read, joined; null at the end. Rejects with `UpstreamFailure`. One reader, one call at a time. */
  read(): Promise<Buffer | null>;
  /** The rest of the body as text, cut at `limit` bytes (default 64 KiB). Used for error bodies. */
  text(limit?: number): Promise<string>;
  /** Gives the connection up; a second call, or one after the end, does nothing. */
  cancel(): void;
  /**
   * Everything of interest has been read: lets the few bytes that close the body arrive unread, so that the connection can
   * serve the next call, and gives it up if they do not come at once. `read` must not be called afterwards.
   */
  finish(): void;
}
