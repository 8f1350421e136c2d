import type { JsonObject } from '../../../upstream/upstream-event.js';
import type { SchemaRule } from './schema-rule.js';

export interface RepairedSchema {
  /** The caller's object where nothing was wrong. */
  readonly parameters: JsonObject;
  /** A sentence for the tool's description: what the schema can no longer say. */
  readonly note: string | null;
  /** What was repaired, each rule once; empty: nothing. */
  readonly rules: readonly SchemaRule[];
}

/** A tool's parameters as the backend takes them. Pure. */
export function repairParameters(_schema: unknown, _strict: boolean): RepairedSchema {
  throw new Error('in the making');
}
