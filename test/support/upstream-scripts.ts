import fc from 'fast-check';
import type { JsonObject } from '../../src/upstream/upstream-event.js';
import { ScriptedItem, ScriptedPart, ScriptedTurn, scriptOf } from './scripted-turn.js';
import { fixtureNames, readFixture } from './upstream-fixtures.js';

const DAMAGES = ['drop', 'repeat', 'move', 'no index', 'no number', 'no item id', 'no name', 'other text'] as const;

interface Damage {
  readonly at: number;
  readonly to: number;
  readonly how: (typeof DAMAGES)[number];
}

const MEMBER: Readonly<Partial<Record<Damage['how'], string>>> = {
  'no index': 'output_index',
  'no number': 'sequence_number',
  'no item id': 'item_id',
};

/** A copy of an event that lost a member, or says something else. */
function spoilt(event: JsonObject, how: Damage['how']): JsonObject {
  const copy = structuredClone(event);
  if (how === 'no name') delete (copy.item as JsonObject | undefined)?.name;
  else if (how === 'other text') for (const member of ['delta', 'text', 'arguments', 'input']) if (member in copy) copy[member] = 'other';
  delete copy[MEMBER[how] ?? ''];
  return copy;
}

/** A script with events dropped, repeated, moved, contradicted and stripped of members. */
export function damage(healthy: readonly JsonObject[], damages: readonly Damage[]): JsonObject[] {
  const script = [...healthy];
  for (const { at, to, how } of damages) {
    const i = at % Math.max(1, script.length);
    const event = script[i];
    if (!event) continue;
    if (how === 'drop') script.splice(i, 1);
    else if (how === 'repeat') script.splice(i, 0, structuredClone(event));
    else if (how === 'move') script.splice(to % script.length, 0, ...script.splice(i, 1));
    else script[i] = spoilt(event, how);
  }
  return script;
}

const damages = fc.array(fc.record({ at: fc.nat(60), to: fc.nat(60), how: fc.constantFrom(...DAMAGES) }), { maxLength: 8 });

/** Text with everything that JSON has to escape, and characters of one to four bytes. */
export const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc
    .array(fc.constantFrom('word ', '"', '\\', '\n', '\t', '\u0000', '/', 'é', '漢', '😀', '\u2028', '\ufeff', '}', 'data: '))
    .map((all) => all.join('')),
);

const someText = anyText.filter((text) => text !== '');
const name = fc.constantFrom('get_weather', 'Read', 'apply_patch');

const annotation = fc.nat(3).map((n): JsonObject => ({
  type: 'url_citation',
  url: `https://example.com/${n}`,
  title: `Page ${n}`,
  start_index: n,
  end_index: n + 1,
}));
const part: fc.Arbitrary<ScriptedPart> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('output_text' as const),
      text: anyText,
      annotations: fc.uniqueArray(annotation, { maxLength: 2, selector: (one) => one.url }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('refusal' as const), refusal: someText }) },
);
const toolArguments = fc.oneof(
  fc.constantFrom('{}', '{"path":"/tmp/a b","pages":""}'),
  fc.dictionary(fc.constantFrom('a', 'b', 'path'), fc.oneof(anyText, fc.integer(), fc.boolean())).map((value) => JSON.stringify(value)),
);

/** Items of every kind that the backend has. */
export const scriptedItem: fc.Arbitrary<ScriptedItem> = fc.oneof(
  fc.record({ type: fc.constant('message' as const), parts: fc.array(part, { maxLength: 3 }) }),
  fc.record({
    type: fc.constant('reasoning' as const),
    summary: fc.array(anyText, { maxLength: 3 }),
    encrypted: fc.constantFrom(null, `gAAAAAB${'A'.repeat(93)}`),
  }),
  fc.record({ type: fc.constant('function_call' as const), name, arguments: toolArguments }),
  fc.record({ type: fc.constant('custom_tool_call' as const), name, input: anyText }),
  fc.record({ type: fc.constant('web_search_call' as const), query: someText }),
  fc.record({
    type: fc.constant('image_generation_call' as const),
    result: fc.constantFrom('iVBORw0KGgo=', 'UklGRg==', 'AAAA'),
    format: fc.constantFrom('png', 'webp'),
  }),
);

const usage = fc.constantFrom(null, {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 60 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
});

const telling = fc.record({ cuts: fc.oneof(fc.constant(null), fc.array(fc.nat(40), { maxLength: 5 })), wholes: fc.boolean() });

/** Valid turns: items of any kind, told in pieces or as a whole, interleaved, their text of any kind. */
export const turns: fc.Arbitrary<ScriptedTurn> = fc.record({
  items: fc.array(scriptedItem, { maxLength: 6 }),
  tellings: fc.array(telling, { minLength: 6, maxLength: 6 }),
  picks: fc.array(fc.nat(5), { maxLength: 60 }),
  status: fc.constantFrom('completed' as const, 'incomplete' as const),
  output: fc.constantFrom('full' as const, 'empty' as const, 'absent' as const),
  usage,
});

/** Scripts as a healthy backend sends them. */
export const validScripts: fc.Arbitrary<JsonObject[]> = turns.map(scriptOf);

/** The fixtures, damaged. */
export const damagedFixtures: fc.Arbitrary<JsonObject[]> = fc
  .record({ name: fc.constantFrom(...fixtureNames()), damages })
  .map(({ name, damages }) => damage(readFixture(name), damages));

/** Scripts of either origin, damaged. */
export const damagedScripts: fc.Arbitrary<JsonObject[]> = fc.oneof(
  damagedFixtures,
  fc.record({ turn: turns, damages }).map(({ turn, damages }) => damage(scriptOf(turn), damages)),
);
