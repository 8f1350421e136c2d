import type { Spread } from '../loadgen/job.ts';
import type { MemorySample } from '../meter/memory.ts';

/** Times in milliseconds, memory in bytes, CPU per request and per event in microseconds. */
export interface LoadRecord {
  readonly requests: number;
  readonly events: number;
  readonly errors: number;
  readonly unfinished: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly verified: number;
  readonly aborted: number;
  readonly late: number;
  readonly rps: number;
  readonly eps: number;
  readonly mbps: number;
  /** CPU of the target's process tree; null when its process is not known. */
  readonly cpuReq: number | null;
  readonly cpuEvent: number | null;
  readonly cpuPct: number | null;
  readonly sysShare: number | null;
  readonly upstreamReq: number | null;
  readonly loadgenReq: number | null;
  readonly upstreamPct: number;
  readonly loadgenPct: number;
  /** Per cent of one core that everybody else used meanwhile. */
  readonly foreignPct: number;
  readonly stealPct: number;
  readonly first: Spread | null;
  readonly content: Spread | null;
  readonly last: Spread | null;
  readonly event: Spread | null;
  readonly active: number;
  readonly threads: number;
  readonly accountsSeen?: number;
  readonly rssReady: number;
  readonly rssLoad: number;
  readonly rssPeak: number;
  readonly rssEnd: number;
  readonly drift?: number | null;
  readonly series?: readonly MemorySample[];
  readonly upstreamActive?: number;
  readonly upstreamAborted?: number;
}

export interface StartupSize {
  readonly readyMs: number;
  readonly settledMs: number | null;
  readonly cpuMs: number;
  readonly rssReady: number;
  readonly rssSettled: number;
}

export interface StartupRecord {
  readonly sizes: Readonly<Record<string, StartupSize>>;
}

export interface Failure {
  readonly failure: string;
}

export type Outcome = LoadRecord | StartupRecord | Failure;

/** An outcome with its place in the run. */
export type Result = Outcome & {
  readonly scenario: string;
  readonly target: string;
  readonly round: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly loadAverage: number;
  readonly repeated?: boolean;
};

export const isFailure = <T extends Outcome>(outcome: T): outcome is T & Failure => 'failure' in outcome;
export const isLoad = <T extends Outcome>(outcome: T): outcome is T & LoadRecord => 'requests' in outcome;
export const isStartup = <T extends Outcome>(outcome: T): outcome is T & StartupRecord => 'sizes' in outcome;
