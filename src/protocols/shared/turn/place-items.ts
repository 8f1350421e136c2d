import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import type { ItemIndex } from './item-index.js';
import { kindOf } from './text-family.js';
import type { TurnItem } from './turn-item.js';

/**
 * Position in a terminal event's output → the known item it is: the one of its id, else the one of its index, if kind and call id do not
 * speak against it (some backends give other ids in the end). Positions that are missing hold items that were never seen.
 */
export function placeItems(output: readonly unknown[], items: ItemIndex): ReadonlyMap<number, TurnItem> {
  const placed = new Map<number, TurnItem>();
  const taken = new Set<TurnItem>();
  const place = (at: number, item: TurnItem | undefined): void => {
    if (!item || taken.has(item)) return;
    placed.set(at, item);
    taken.add(item);
  };
  output.forEach((entry, i) => isObject(entry) && place(i, items.byId(entry.id)));
  output.forEach((entry, i) => {
    const item = items.at(i);
    if (!placed.has(i) && item && isObject(entry) && fits(entry, item)) place(i, item);
  });
  return placed;
}

const fits = ({ type, call_id: callId }: JsonObject, item: TurnItem): boolean =>
  (item.kind === kindOf(type) || item.kind === 'other') && (item.callId === '' || typeof callId !== 'string' || callId === item.callId);
