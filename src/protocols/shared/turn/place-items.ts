import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import type { ItemIndex } from './item-index.js';
import { kindOf } from './text-family.js';
import type { TurnItem } from './turn-item.js';
import type { SlotKind } from './turn-listener.js';

/**
 * Position in a terminal event's output → the known item it is: the one of its id, else the one of its index, else the first one left, if
 * kind and call id do not speak against it (some backends give other ids in the end, or leave items out). Positions that are missing hold items that were never seen.
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
  output.forEach((entry, i) => {
    if (placed.has(i) || !isObject(entry)) return;
    place(
      i,
      items.all.find((item) => !taken.has(item) && isMoved(entry, item)),
    );
  });
  return placed;
}

const fits = ({ type, call_id: callId }: JsonObject, item: TurnItem): boolean =>
  (item.kind === kindOf(type) || item.kind === 'other') && (item.callId === '' || typeof callId !== 'string' || callId === item.callId);

/** Whether an entry is a known item that stood at another place. A call is known by its call id alone: another one is another call. */
const isMoved = (entry: JsonObject, item: TurnItem): boolean =>
  item.kind === kindOf(entry.type) && (item.isCall ? item.callId !== '' && item.callId === entry.call_id : MOVABLE.has(item.kind));

/** Of other kinds nothing says that two of them are the same. */
const MOVABLE: ReadonlySet<SlotKind> = new Set(['message', 'reasoning']);
