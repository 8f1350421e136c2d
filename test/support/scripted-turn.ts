import type { JsonObject } from '../../src/upstream/upstream-event.js';

export type ScriptedPart =
  | { readonly type: 'output_text'; readonly text: string; readonly annotations: readonly JsonObject[] }
  | { readonly type: 'refusal'; readonly refusal: string };

/** What an output item says, without the events that tell it. */
export type ScriptedItem =
  | { readonly type: 'message'; readonly parts: readonly ScriptedPart[] }
  | { readonly type: 'reasoning'; readonly summary: readonly string[]; readonly encrypted: string | null }
  | { readonly type: 'function_call'; readonly name: string; readonly arguments: string }
  | { readonly type: 'custom_tool_call'; readonly name: string; readonly input: string }
  | { readonly type: 'web_search_call'; readonly query: string }
  | { readonly type: 'image_generation_call'; readonly result: string; readonly format: string };

/** How an item is told. Its `output_item.done` always says all of it. */
export interface Telling {
  /** Text comes in pieces, cut at these places (modulo its length); null: only as a whole. */
  readonly cuts: readonly number[] | null;
  /** `*.done` and `content_part.*` events come as well. */
  readonly wholes: boolean;
}

export interface ScriptedTurn {
  readonly items: readonly ScriptedItem[];
  readonly tellings: readonly Telling[];
  /** Which of the items in progress speaks next (modulo their number); when these are used up, one item after another. */
  readonly picks: readonly number[];
  readonly status: 'completed' | 'incomplete';
  readonly output: 'full' | 'empty' | 'absent';
  readonly usage: JsonObject | null;
}

const PREFIX: Readonly<Record<ScriptedItem['type'], string>> = {
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  custom_tool_call: 'ctc',
  web_search_call: 'ws',
  image_generation_call: 'ig',
};

/** The text between cuts; a surrogate pair may be cut in two, as a careless backend would. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => text.slice(from, places[i])).filter((piece) => piece !== '');
}

const partOf = (part: ScriptedPart): JsonObject =>
  part.type === 'refusal' ? { ...part } : { type: part.type, text: part.text, annotations: part.annotations, logprobs: [] };

/** The finished item at a place of the output. */
export function finishedItem(item: ScriptedItem, index: number): JsonObject {
  const base = { id: `${PREFIX[item.type]}_${index}`, type: item.type, status: 'completed' };
  switch (item.type) {
    case 'message':
      return { ...base, role: 'assistant', content: item.parts.map(partOf) };
    case 'reasoning':
      return {
        ...base,
        summary: item.summary.map((text) => ({ type: 'summary_text', text })),
        ...(item.encrypted !== null && { encrypted_content: item.encrypted }),
      };
    case 'function_call':
      return { ...base, call_id: `call_${index}`, name: item.name, arguments: item.arguments };
    case 'custom_tool_call':
      return { ...base, call_id: `call_${index}`, name: item.name, input: item.input };
    case 'web_search_call':
      return { ...base, action: { type: 'search', query: item.query } };
    case 'image_generation_call':
      return { ...base, output_format: item.format, result: item.result };
  }
}

function announcement(item: ScriptedItem, index: number): JsonObject {
  const { encrypted_content: _end, ...known } = finishedItem(item, index);
  const empty: Readonly<Record<ScriptedItem['type'], JsonObject>> = {
    message: { content: [] },
    reasoning: { summary: [], encrypted_content: 'gAAAAABprovisional' },
    function_call: { arguments: '' },
    custom_tool_call: { input: '' },
    web_search_call: {},
    image_generation_call: { result: null },
  };
  return { ...known, status: 'in_progress', ...empty[item.type] };
}

type At = JsonObject & { item_id: string; output_index: number };

/** One stretch of text: `family` names its events, `member` what holds the whole. */
function textEvents(family: string, member: string, text: string, at: JsonObject, { cuts, wholes }: Telling): JsonObject[] {
  const deltas = cuts === null ? [] : pieces(text, cuts).map((delta) => ({ type: `response.${family}.delta`, ...at, delta }));
  return wholes ? [...deltas, { type: `response.${family}.done`, ...at, [member]: text }] : deltas;
}

function partEvents(part: ScriptedPart, place: JsonObject, telling: Telling): JsonObject[] {
  const text = part.type === 'refusal' ? part.refusal : part.text;
  const [family, member] = part.type === 'refusal' ? ['refusal', 'refusal'] : ['output_text', 'text'];
  const annotations = part.type === 'refusal' ? [] : part.annotations;
  const empty = { ...partOf(part), [member]: '', ...(part.type === 'output_text' && { annotations: [] }) };
  return [
    ...(telling.wholes ? [{ type: 'response.content_part.added', ...place, part: empty }] : []),
    ...textEvents(family, member, text, place, telling),
    ...annotations.map((annotation, i) => ({
      type: 'response.output_text.annotation.added',
      ...place,
      annotation_index: i,
      annotation,
    })),
    ...(telling.wholes ? [{ type: 'response.content_part.done', ...place, part: partOf(part) }] : []),
  ];
}

function summaryEvents(text: string, place: JsonObject, telling: Telling): JsonObject[] {
  const part = { type: 'summary_text', text };
  return [
    { type: 'response.reasoning_summary_part.added', ...place, part: { ...part, text: '' } },
    ...textEvents('reasoning_summary_text', 'text', text, place, telling),
    ...(telling.wholes ? [{ type: 'response.reasoning_summary_part.done', ...place, part }] : []),
  ];
}

function contentEvents(item: ScriptedItem, at: At, telling: Telling): JsonObject[] {
  switch (item.type) {
    case 'message':
      return item.parts.flatMap((part, i) => partEvents(part, { ...at, content_index: i }, telling));
    case 'reasoning':
      return item.summary.flatMap((text, i) => summaryEvents(text, { ...at, summary_index: i }, telling));
    case 'function_call':
      return textEvents('function_call_arguments', 'arguments', item.arguments, at, telling);
    case 'custom_tool_call':
      return textEvents('custom_tool_call_input', 'input', item.input, at, telling);
    case 'web_search_call':
      return ['in_progress', 'searching', 'completed'].map((step) => ({ type: `response.web_search_call.${step}`, ...at }));
    case 'image_generation_call':
      return [
        { type: 'response.image_generation_call.in_progress', ...at },
        { type: 'response.image_generation_call.partial_image', ...at, partial_image_index: 0, partial_image_b64: 'AAAA' },
      ];
  }
}

function itemEvents(item: ScriptedItem, index: number, telling: Telling): JsonObject[] {
  const at: At = { item_id: `${PREFIX[item.type]}_${index}`, output_index: index };
  return [
    { type: 'response.output_item.added', output_index: index, item: announcement(item, index) },
    ...contentEvents(item, at, telling),
    { type: 'response.output_item.done', output_index: index, item: finishedItem(item, index) },
  ];
}

/** Items begin in the order of their index; between that and its end each may speak at any time. */
function interleave(queues: readonly JsonObject[][], picks: readonly number[]): JsonObject[] {
  const rest = queues.map((queue) => [...queue]);
  const told: JsonObject[] = [];
  let begun = 0;
  for (let step = 0; rest.some((queue) => queue.length > 0); step++) {
    const able = rest.filter((queue, i) => queue.length > 0 && i <= begun);
    const chosen = able[(picks[step] ?? 0) % able.length]!;
    if (rest.indexOf(chosen) === begun) begun++;
    told.push(chosen.shift()!);
  }
  return told;
}

const snapshot = (status: string): JsonObject => ({
  id: 'resp_0123456789abcdef',
  object: 'response',
  created_at: 1_787_000_000,
  status,
  model: 'gpt-5.4',
  service_tier: 'default',
  output: [],
});

/** The events of a turn as a healthy backend sends them. */
export function scriptOf({ items, tellings, picks, status, output, usage }: ScriptedTurn): JsonObject[] {
  const queues = items.map((item, i) => itemEvents(item, i, tellings[i] ?? { cuts: [], wholes: true }));
  const final: JsonObject = { ...snapshot(status), output: output === 'full' ? items.map(finishedItem) : [] };
  if (output === 'absent') delete final.output;
  if (usage) final.usage = usage;
  if (status === 'incomplete') final.incomplete_details = { reason: 'max_output_tokens' };
  return [
    { type: 'response.created', response: snapshot('in_progress') },
    { type: 'response.in_progress', response: snapshot('in_progress') },
    ...interleave(queues, picks),
    { type: `response.${status}`, response: final },
  ].map((event, i) => ({ ...event, sequence_number: i }));
}
