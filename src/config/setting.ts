import type { Fault } from './config-error.js';

/** One key as somebody wrote it, not yet validated. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly where: string;
}

export interface Settings {
  readonly settings: readonly Setting[];
  readonly faults: readonly Fault[];
}
