import type { Started } from '../measure/process.ts';
import type { Dialect, Scenario } from '../scenarios.ts';

/** What a target gets to start with. */
export interface TargetContext {
  /** A fresh directory of its own. */
  readonly dir: string;
  /** Survives the measurement; shared by all. */
  readonly cache: string;
  readonly port: number;
  /** The fake backend. */
  readonly upstreamPort: number;
  readonly baseUrl: string;
  readonly accounts: number;
  /** `b` of `ours@b`. */
  readonly label: string;
  readonly node: string;
}

/** One server under measurement. */
export interface Target {
  readonly name: string;
  readonly label: string;
  /** Why it cannot be measured at all, else null. */
  missing?(): string | null;
  /** Why it cannot be measured in this scenario, else null. */
  refuses?(scenario: Scenario): string | null;
  /** The form of its answers when it is not the one that was asked for. */
  answersIn?(dialect: Dialect, stream: boolean): { dialect: Dialect; stream: boolean };
  headers?(dialect: Dialect): Readonly<Record<string, string>>;
  start(context: TargetContext): Started;
}

export const clientKey = (dialect: Dialect, key: string): Record<string, string> =>
  dialect === 'messages' ? { 'x-api-key': key, 'anthropic-version': '2023-06-01' } : { authorization: `Bearer ${key}` };

/** BENCH_NODE runs the Node targets; `floor@24` takes BENCH_NODE_24 instead. The harness itself keeps its own binary. */
export const nodeFor = (label: string): string =>
  (label && process.env[`BENCH_NODE_${label}`]) || process.env.BENCH_NODE || process.execPath;
