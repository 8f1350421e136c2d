/**
 * What it costs to decode a turn of 100 deltas and to tell what it means, beside decoding alone:
 * `npm run bench:micro -- normalise`
 * Each figure is one turn; events arrive four to a network chunk. The listener does what the cheapest encoder would: it adds lengths.
 */
import { TurnNormaliser } from '../../src/protocols/shared/turn/turn-normaliser.js';
import { StopFilter } from '../../src/protocols/shared/turn/stop-filter.js';
import type { SlotKind, TurnListener } from '../../src/protocols/shared/turn/turn-listener.js';
import { SseDecoder } from '../../src/upstream/sse-decoder.js';

const DELTAS = 100;
const PER_CHUNK = 4;
const TURNS = 3000;
const SHOWS: ReadonlySet<SlotKind> = new Set(['message', 'reasoning', 'function', 'custom', 'image']);

let length = 0;
const listener: TurnListener = {
  begin: () => {},
  open: () => {},
  text: (_slot, _part, text) => void (length += text.length),
  refusal: () => {},
  annotation: () => {},
  think: (_slot, text) => void (length += text.length),
  thinkBreak: () => {},
  args: (_slot, text) => void (length += text.length),
  image: () => {},
  close: () => {},
  end: () => {},
};

type Json = Record<string, unknown> & { type: string };

const words = Array.from({ length: DELTAS }, (_, i) => ` word${i}`);
const response = { id: 'resp_0123456789abcdef', object: 'response', created_at: 1_787_000_000, model: 'gpt-5.4', tools: [], output: [] };

const around = (item: Json, deltas: Json[], done: Json): Json[] => [
  { type: 'response.created', response: { ...response, status: 'in_progress' } },
  { type: 'response.in_progress', response: { ...response, status: 'in_progress' } },
  { type: 'response.output_item.added', output_index: 0, item },
  ...deltas,
  done,
  { type: 'response.output_item.done', output_index: 0, item: { ...item, ...whole(item) } },
  { type: 'response.completed', response: { ...response, status: 'completed', usage: { input_tokens: 10, output_tokens: 100 } } },
];

const whole = ({ type }: Json): Record<string, unknown> =>
  type === 'message' ? { content: [{ type: 'output_text', text: words.join(''), annotations: [] }] } : { arguments: words.join('') };

const id = { item_id: 'item_0123456789abcdef0123456789abcdef', output_index: 0 };
const texts = around(
  { type: 'message', id: id.item_id, role: 'assistant', content: [] },
  words.map((delta) => ({ type: 'response.output_text.delta', ...id, content_index: 0, delta, logprobs: [], obfuscation: 'abc' })),
  { type: 'response.output_text.done', ...id, content_index: 0, text: words.join('') },
);
const calls = around(
  { type: 'function_call', id: id.item_id, call_id: 'call_1', name: 'one', arguments: '' },
  words.map((delta) => ({ type: 'response.function_call_arguments.delta', ...id, delta, obfuscation: 'abc' })),
  { type: 'response.function_call_arguments.done', ...id, arguments: words.join('') },
);

function chunksOf(script: readonly Json[]): Buffer[] {
  const frames = script.map((json, i) => `event: ${json.type}\ndata: ${JSON.stringify({ ...json, sequence_number: i })}\n\n`);
  const chunks: Buffer[] = [];
  for (let i = 0; i < frames.length; i += PER_CHUNK) chunks.push(Buffer.from(frames.slice(i, i + PER_CHUNK).join('')));
  return chunks;
}

const normaliser = (to: TurnListener): TurnNormaliser => new TurnNormaliser(to, { shows: SHOWS, newCallId: () => 'call_0' });

/** Name, and one turn. */
const cases = (chunks: readonly Buffer[]): readonly (readonly [string, () => void])[] => {
  const turn = (to: () => { accept(events: ReturnType<SseDecoder['push']>): void }) => (): void => {
    const decoder = new SseDecoder();
    const target = to();
    for (const chunk of chunks) target.accept(decoder.push(chunk));
  };
  return [
    ['decode', turn(() => ({ accept: (events) => void (length += events.length) }))],
    ['decode and normalise', turn(() => normaliser(listener))],
    ['decode, normalise and look for a stop sequence', turn(() => normaliser(new StopFilter(listener, ['\n\nHuman:'])))],
  ];
};

function measure(step: () => void): number {
  const samples: number[] = [];
  for (let i = 0; i < TURNS * 2; i++) {
    const start = process.hrtime.bigint();
    step();
    if (i >= TURNS) samples.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  return samples.sort((a, b) => a - b)[TURNS / 2]!;
}

console.log(`one turn of ${DELTAS} deltas, µs`.padEnd(62), 'median');
for (const [kind, script] of [
  ['text', texts],
  ['arguments', calls],
] as const) {
  for (const [name, step] of cases(chunksOf(script))) console.log(`${kind}: ${name}`.padEnd(62), measure(step).toFixed(1).padStart(6));
}
if (length === 0) throw new Error('nothing was told');
