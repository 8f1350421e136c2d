import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';
import { completeItem } from './output-items.js';
import type { OutputSlot } from './output-slot.js';
import type { ResponsesReply } from './responses-reply.js';

export type FinalStatus = 'completed' | 'incomplete' | 'failed';

/** Sets members of an object; the same object if they have these values already. */
export function withMembers(object: JsonObject, members: JsonObject): JsonObject {
  for (const name in members) if (object[name] !== members[name]) return { ...object, ...members };
  return object;
}

/** Adds members that an object does not have; the same object if it has them all. */
function withMissing(object: JsonObject, members: JsonObject): JsonObject {
  for (const name in members) if (!(name in object)) return { ...members, ...object };
  return object;
}

/** A snapshot as the client sees it: its own model name and the members upstream never saw. The same object if nothing differs. */
export function presented(response: JsonObject, id: string, reply: ResponsesReply): JsonObject {
  return withMembers(response, { id, model: reply.model, ...reply.echo });
}

/** A snapshot before the end: with the least that client libraries read. */
export function openSnapshot(response: JsonObject, id: string, reply: ResponsesReply): JsonObject {
  const complete = withMissing(response, { object: 'response', created_at: reply.createdAt, status: 'in_progress', output: [] });
  return presented(Array.isArray(complete.output) ? complete : { ...complete, output: [] }, id, reply);
}

const skeleton = (reply: ResponsesReply): JsonObject => ({
  object: 'response',
  created_at: reply.createdAt,
  background: false,
  error: null,
  incomplete_details: null,
  metadata: {},
  temperature: null,
  top_p: null,
  truncation: 'disabled',
  store: false,
  previous_response_id: null,
  usage: null,
  ...reply.asked,
});

/** `usage` with the detail objects clients read; numbers are never changed. */
function completeUsage(usage: unknown): JsonObject | null {
  if (!isObject(usage)) return null;
  const input = isObject(usage.input_tokens_details) ? usage.input_tokens_details : {};
  const output = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {};
  const details = {
    input_tokens_details: 'cached_tokens' in input ? input : { ...input, cached_tokens: 0 },
    output_tokens_details: 'reasoning_tokens' in output ? output : { ...output, reasoning_tokens: 0 },
  };
  const total = usage.total_tokens ?? Number(usage.input_tokens ?? 0) + Number(usage.output_tokens ?? 0);
  return withMembers(usage, { ...details, total_tokens: total });
}

/** The final output: what upstream's last array says, completed by the items it left out. The same array if it is complete. */
export function finalOutput(given: unknown, slots: readonly OutputSlot[], status: FinalStatus, responseId: string): unknown[] {
  const listed = Array.isArray(given) ? (given as unknown[]) : [];
  const taken = new Set<number>();
  const itemStatus = status === 'completed' ? 'completed' : 'incomplete';
  const output = listed.map(completeListed);
  for (const slot of slots) {
    const at = placeOf(slot, listed, taken);
    if (at >= 0) {
      taken.add(at);
      continue;
    }
    const item = slot.finished(itemStatus, responseId);
    if (item !== null) output.splice(slot.index, 0, item);
  }
  return output.length === listed.length && output.every((item, i) => item === listed[i]) ? listed : output;
}

const completeListed = (item: unknown): unknown => (isObject(item) ? completeItem(item) : item);

/** Where a slot's item stands in upstream's last array: by its id, else by its position if nothing speaks against it; -1: nowhere. */
export function placeOf(slot: OutputSlot, listed: readonly unknown[], taken: ReadonlySet<number>): number {
  if (slot.id !== '') {
    const same = listed.findIndex((item, i) => !taken.has(i) && isObject(item) && item.id === slot.id);
    if (same >= 0) return same;
  }
  const item = listed[slot.index];
  const fits = isObject(item) && item.type === slot.type && (slot.id === '' || item.id == null);
  return fits && !taken.has(slot.index) ? slot.index : -1;
}

/** The whole Response at its end. `last`: the terminal event's own snapshot; `base`: the latest one before it. The same object if it was whole. */
export function finalResponse(
  last: JsonObject,
  base: JsonObject,
  end: { status: FinalStatus; id: string; output: unknown[]; usage: unknown; error: unknown },
  reply: ResponsesReply,
): JsonObject {
  const whole = withMissing(withMissing(last, base), skeleton(reply));
  return withMembers(presented(whole, end.id, reply), {
    status: end.status,
    output: end.output,
    usage: completeUsage(end.usage),
    error: end.error,
  });
}
