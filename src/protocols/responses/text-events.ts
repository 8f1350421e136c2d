/** Where a stretch of text sits in its item. */
export type PartKind = 'output_text' | 'refusal' | 'reasoning_text' | 'summary_text' | 'arguments' | 'input';

export type TextItemType = 'message' | 'reasoning' | 'function_call' | 'custom_tool_call';

/** An event that carries text: a piece of it (`delta`), or the whole. */
export interface TextEvent {
  readonly item: TextItemType;
  readonly part: PartKind;
  /** The member that numbers the part; null where an item has just one. */
  readonly index: 'content_index' | 'summary_index' | null;
  /** The member that holds the text. */
  readonly member: string;
  readonly whole: boolean;
}

const family = (name: string, item: TextItemType, part: PartKind, index: TextEvent['index'], whole: string): [string, TextEvent][] => [
  [`response.${name}.delta`, { item, part, index, member: 'delta', whole: false }],
  [`response.${name}.done`, { item, part, index, member: whole, whole: true }],
];

export const TEXT_EVENTS: ReadonlyMap<string, TextEvent> = new Map([
  ...family('output_text', 'message', 'output_text', 'content_index', 'text'),
  ...family('refusal', 'message', 'refusal', 'content_index', 'refusal'),
  ...family('reasoning_summary_text', 'reasoning', 'summary_text', 'summary_index', 'text'),
  ...family('reasoning_text', 'reasoning', 'reasoning_text', 'content_index', 'text'),
  ...family('function_call_arguments', 'function_call', 'arguments', null, 'arguments'),
  ...family('custom_tool_call_input', 'custom_tool_call', 'input', null, 'input'),
]);
