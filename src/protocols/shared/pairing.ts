import type { JsonObject } from '../../upstream/upstream-event.js';

/** Input items in which every call has one output and every output a call. The same array where they have already. */
export function repairPairing(_items: JsonObject[]): JsonObject[] {
  throw new Error('in the making');
}
