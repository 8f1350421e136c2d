/** What the harness orders from a load generator, and what it gets back. */
import type { Expected } from '../measure/verify.ts';
import type { CpuMs } from '../meter/proc-tree.ts';

export interface RequestSpec extends Expected {
  readonly weight: number;
  readonly abortAfter?: number;
  /** The whole HTTP/1.1 request. */
  readonly bytes: Buffer;
}

export interface Job {
  readonly mode: 'closed' | 'open' | 'once';
  readonly conns: number;
  /** Requests per second of the open loop. */
  readonly rate: number;
  readonly prewarmMs: number;
  readonly rampMs: number;
  readonly warmMs: number;
  readonly windowMs: number;
  readonly drainMs: number;
  readonly timeoutMs: number;
  /** One answer in so many is parsed completely. */
  readonly verifyEvery: number;
  readonly specs: readonly RequestSpec[];
  readonly host: string;
  readonly port: number;
  /** Process whose tree is measured; null when it is not known. */
  readonly target: number | null;
  readonly upstream: number;
}

export interface Spread {
  readonly n: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
}

export interface Counts {
  requests: number;
  events: number;
  bytes: number;
  aborted: number;
  verified: number;
  errors: number;
  total: number;
  late: number;
  kinds: Record<string, number>;
}

export interface LoadResult extends Counts {
  readonly ms: number;
  readonly warmErrors: number;
  readonly unfinished: number;
  /** Requests in flight when the window opened. */
  readonly active: number;
  readonly rssEnd: number;
  readonly threads: number;
  readonly cpu: { target: CpuMs | null; upstream: CpuMs; self: number; machine: number; steal: number };
  /** Milliseconds from the start of a request: first byte, first text delta, last byte. */
  readonly first: Spread | null;
  readonly content: Spread | null;
  readonly last: Spread | null;
  /** Microseconds from the upstream's write to the client's read, per paced event. */
  readonly event: Spread | null;
}
