import type { JsonObject } from '../../upstream/upstream-event.js';
import { PairingPlan } from './pairing-plan.js';

/**
 * Input items in which every call has exactly one output and every output its call, since the backend refuses others; order is kept
 * otherwise. The same array where they are like that already; items that stay are the same objects. Linear, and the same for the
 * same items.
 *
 * | Found | Made of it |
 * | --- | --- |
 * | a result before its call | moved behind the group of calls |
 * | a call without result | the output `aborted` behind the group |
 * | a result without call | a user's message: a fixed line, then the text; pictures stay |
 * | a second result | left out |
 * | the same call twice in a group | once |
 * | an id used again | the later call and its result get `<id>__2`, `__3` … |
 * | an output of the other kind | the kind of its call |
 */
export function repairPairing(items: JsonObject[]): JsonObject[] {
  const { replaced, inserted } = new PairingPlan(items);
  if (replaced.size === 0 && inserted.size === 0) return items;
  const repaired: JsonObject[] = [];
  items.forEach((item, index) => {
    const own = replaced.get(index);
    if (own !== null) repaired.push(own ?? item);
    for (const output of inserted.get(index) ?? []) repaired.push(output);
  });
  return repaired;
}
