import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromBytes } from '../common/byte-string.js';
import { DeltaShape, DeltaShapes } from './delta-shape.js';
import { SseDecoder } from './sse-decoder.js';
import { JsonObject, UpstreamEvent } from './upstream-event.js';

const frame = (json: JsonObject): string => `event: ${json.type as string}\ndata: ${JSON.stringify(json)}\n\n`;
const textDelta = (delta: string, sequence = 7) => ({
  type: 'response.output_text.delta',
  content_index: 2,
  delta,
  item_id: 'msg_1',
  logprobs: [],
  obfuscation: 'abc',
  output_index: 3,
  sequence_number: sequence,
});

describe('hot deltas', () => {
  it('are parsed once and recognised from then on, with the fields an encoder needs', () => {
    const decoder = new SseDecoder(undefined, new DeltaShapes());
    const [first, second] = decoder.push(Buffer.from(frame(textDelta('a')) + frame(textDelta('é"\n'))));
    expect(first!.delta).toBeNull();
    expect(second!.delta).toMatchObject({ literal: Buffer.from('"é\\"\\n"').toString('latin1'), outputIndex: 3, itemId: 'msg_1', part: 2 });
    expect(fromBytes(second!.frame!)).toBe(frame(textDelta('é"\n')));
    expect(second!.json).toEqual(textDelta('é"\n'));
  });

  it.each([
    [
      'reasoning summary',
      { type: 'response.reasoning_summary_text.delta', item_id: 'rs', output_index: 1, summary_index: 4, delta: 'x' },
      4,
    ],
    ['arguments', { type: 'response.function_call_arguments.delta', delta: '{"', item_id: 'fc', output_index: 0, sequence_number: 1 }, 0],
  ])('has the part of a %s delta', (_name, json, part) => {
    const shapes = new DeltaShapes();
    shapes.learn(UpstreamEvent.of(json));
    expect(shapes.all[0]!.match(frame(json), 0)!.delta!.part).toBe(part);
  });

  it.each<[string, JsonObject & { type: string }]>([
    ['another member', { ...textDelta('x'), extra: 1 }],
    ['filled logprobs', { ...textDelta('x'), logprobs: [{ token: 'x' }] }],
    ['no output_index', { type: 'response.output_text.delta', delta: 'x', item_id: 'm' }],
    ['another type', { ...textDelta('x'), type: 'response.refusal.delta' }],
    ['an id that needs escapes', { ...textDelta('x'), item_id: 'a"b' }],
  ])('leaves an event with %s to the parsed path', (_name, json) => {
    const shapes = new DeltaShapes();
    shapes.learn(UpstreamEvent.of(json));
    expect(shapes.all).toEqual([]);
  });

  it.each([
    ['a control character', '"a\tb"'],
    ['an unknown escape', '"a\\x"'],
    ['half an escape', '"a\\u12"'],
    ['an open end', '"a'],
  ])('does not take %s for a string literal', (_name, literal) => {
    const shape = new DeltaShape('response.output_text.delta', Object.keys(textDelta('')));
    expect(shape.match(frame(textDelta('@')).replace('"@"', literal), 0)).toBeNull();
  });

  it('remembers at most 16 shapes', () => {
    const shapes = new DeltaShapes();
    const members = Object.entries(textDelta('x'));
    for (let i = 0; i < 40; i++) {
      const rotated = Object.fromEntries([...members.slice(i % 8), ...members.slice(0, i % 8)]);
      for (const kind of ['output_text', 'reasoning_text', 'function_call_arguments']) {
        const json = { ...rotated, type: `response.${kind}.delta` };
        shapes.learn(UpstreamEvent.of(json));
      }
    }
    expect(shapes.all).toHaveLength(16);
  });
});

describe('the fast and the parsed path', () => {
  const anyDelta = fc
    .record({
      type: fc.constantFrom('response.output_text.delta', 'response.reasoning_text.delta', 'response.custom_tool_call_input.delta'),
      delta: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\u0001', '\ud800', 'é') }),
      ),
      item_id: fc.string({ unit: fc.constantFrom('a', '_', '"', 'é', '1'), maxLength: 8 }),
      output_index: fc.nat(),
      content_index: fc.nat(5),
      sequence_number: fc.nat(),
      obfuscation: fc.string({ maxLength: 8 }),
      logprobs: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.constant([1]) }),
    })
    .chain((json) => fc.shuffledSubarray(Object.entries(json), { minLength: 6 }))
    .map((entries): JsonObject => ({ ...Object.fromEntries(entries) }));

  it('agree on every event', () => {
    fc.assert(
      fc.property(fc.array(anyDelta, { maxLength: 12 }), (events) => {
        const named = events.map((json): JsonObject => ('type' in json ? json : { ...json, type: 'response.output_text.delta' }));
        // Shapes are learnt in the first half. An event that follows itself with its very number is dropped, so each has its own.
        const sent = [...named, ...named].map((json, n) => ('sequence_number' in json ? { ...json, sequence_number: n } : json));
        const got = new SseDecoder(undefined, new DeltaShapes()).push(Buffer.from(sent.map(frame).join('')));
        expect(got.map((event) => event.json)).toEqual(sent.map((json) => JSON.parse(JSON.stringify(json))));
        for (const event of got) {
          expect(JSON.parse(fromBytes(event.data))).toEqual(event.json);
          if (event.delta === null) continue;
          const { delta, item_id, output_index, content_index } = event.json;
          expect(JSON.parse(fromBytes(event.delta.literal))).toBe(delta);
          expect(event.delta).toMatchObject({ itemId: item_id, outputIndex: output_index, part: content_index ?? 0 });
        }
      }),
      { numRuns: 300 },
    );
  });
});
