import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';
import { completePart } from './output-items.js';
import type { OutputSlot } from './output-slot.js';
import { TEXT_EVENTS, type PartKind, type TextEvent } from './text-events.js';

/** A text of a finished item that has not been told to its end. */
export interface UntoldText {
  readonly kind: PartKind;
  readonly index: number;
  readonly text: string;
  /** Its end, of which nothing has come before. */
  readonly untold: string;
  /** The finished part; null where the text is no part of a list. */
  readonly part: JsonObject | null;
}

const LISTS = ['summary', 'content'] as const;
const KINDS: Readonly<Record<string, PartKind>> = {
  output_text: 'output_text',
  refusal: 'refusal',
  summary_text: 'summary_text',
  reasoning_text: 'reasoning_text',
};

/** What clients that show nothing but deltas would miss of a finished item. */
export function untoldTexts(slot: OutputSlot, item: JsonObject): UntoldText[] {
  const texts: UntoldText[] = [];
  const add = (kind: PartKind | undefined, index: number, text: unknown, part: JsonObject | null): void => {
    if (kind === undefined || typeof text !== 'string' || text === '') return;
    const untold = slot.part(kind, index).untoldOf(text);
    if (untold !== '') texts.push({ kind, index, text, untold, part });
  };
  if (slot.lost) return texts;
  if (item.type === 'function_call') add('arguments', 0, item.arguments, null);
  if (item.type === 'custom_tool_call') add('input', 0, item.input, null);
  if (item.type !== 'message' && item.type !== 'reasoning') return texts;
  for (const list of LISTS) {
    const parts = Array.isArray(item[list]) ? (item[list] as unknown[]) : [];
    parts.forEach((part, i) => isObject(part) && add(KINDS[String(part.type)], i, part.text ?? part.refusal, part));
  }
  return texts;
}

const FAMILIES: ReadonlyMap<PartKind, readonly [delta: string, done: string, event: TextEvent]> = new Map(
  [...TEXT_EVENTS].filter(([, { whole }]) => whole).map(([type, event]) => [event.part, [type.replace(/done$/, 'delta'), type, event]]),
);

/** The events that tell such a text, after the beginning of its part. */
export function tellingEvents(slot: OutputSlot, { kind, index, text, untold, part }: UntoldText): (JsonObject & { type: string })[] {
  const [delta, done, event] = FAMILIES.get(kind)!;
  const at = { item_id: slot.id, output_index: slot.index, ...(event.index !== null && { [event.index]: index }) };
  const logprobs = kind === 'output_text' && { logprobs: [] };
  const events: (JsonObject & { type: string })[] = [
    { type: delta, ...at, delta: untold, ...logprobs },
    { type: done, ...at, [event.member]: text, ...logprobs },
  ];
  if (part === null) return events;
  const end = kind === 'summary_text' ? 'response.reasoning_summary_part.done' : 'response.content_part.done';
  return [...events, { type: end, ...at, part: completePart(part) }];
}
