import type { SlotKind } from './turn-listener.js';

/** Which of the listener's methods a stretch of text goes to. */
export type Voice = 'text' | 'refusal' | 'think' | 'args';

/** A part beyond this is damage. */
const MAX_PARTS = 1000;

/** Where text sits in an item: the parts of one item are told apart by `base` + index. */
export interface Channel {
  readonly kind: SlotKind;
  readonly voice: Voice;
  readonly base: number;
}

const channel = (kind: SlotKind, voice: Voice, base = 0): Channel => ({ kind, voice, base });

export const TEXT = channel('message', 'text');
export const REFUSAL = channel('message', 'refusal', MAX_PARTS);
export const RAW = channel('reasoning', 'think');
/** Every part of a summary comes after every part of raw reasoning: what was summed up is over once its summary begins. */
export const SUMMARY = channel('reasoning', 'think', MAX_PARTS);
export const FUNCTION_ARGS = channel('function', 'args');
export const CUSTOM_INPUT = channel('custom', 'args');

/** The place of a part in the order in which an item is told; it never goes back. Text and refusals share the content index. */
export const rankOf = ({ voice, base }: Channel, part: number): number => (voice === 'think' ? base + part : part);

export const partIndex = (value: unknown): number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_PARTS ? value : 0;

/** An event that carries text: a piece of it, or the whole as upstream says it in the end. */
export interface TextFamily {
  readonly channel: Channel;
  /** The member that numbers the part; null where an item has just one. */
  readonly index: 'content_index' | 'summary_index' | null;
  /** The member that holds the text. */
  readonly member: string;
  readonly whole: boolean;
}

const family = (name: string, at: Channel, index: TextFamily['index'], member: string): [string, TextFamily][] => [
  [`response.${name}.delta`, { channel: at, index, member: 'delta', whole: false }],
  [`response.${name}.done`, { channel: at, index, member, whole: true }],
];

export const TEXT_FAMILIES: ReadonlyMap<string, TextFamily> = new Map([
  ...family('output_text', TEXT, 'content_index', 'text'),
  ...family('refusal', REFUSAL, 'content_index', 'refusal'),
  ...family('reasoning_summary_text', SUMMARY, 'summary_index', 'text'),
  ...family('reasoning_text', RAW, 'content_index', 'text'),
  ...family('function_call_arguments', FUNCTION_ARGS, null, 'arguments'),
  ...family('custom_tool_call_input', CUSTOM_INPUT, null, 'input'),
]);

const KINDS: ReadonlyMap<unknown, SlotKind> = new Map<unknown, SlotKind>([
  ['message', 'message'],
  ['reasoning', 'reasoning'],
  ['function_call', 'function'],
  ['custom_tool_call', 'custom'],
  ['web_search_call', 'web_search'],
  ['image_generation_call', 'image'],
]);

/** The kind of an item of this type. */
export const kindOf = (type: unknown): SlotKind => KINDS.get(type) ?? 'other';
