import { describe, expect, it } from '@jest/globals';
import { COMPLETED, CREATED, ITEM, responseOf, run, types } from '../../../test/support/responses-run.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

describe('text that upstream tells only with its end', () => {
  it.each([
    ['output_text', 'message', { content_index: 0 }, 'text', { logprobs: [] }],
    ['refusal', 'message', { content_index: 0 }, 'refusal', {}],
    ['reasoning_text', 'reasoning', { content_index: 0 }, 'text', {}],
    ['reasoning_summary_text', 'reasoning', { summary_index: 0 }, 'text', {}],
    ['function_call_arguments', 'function_call', {}, 'arguments', {}],
    ['custom_tool_call_input', 'custom_tool_call', {}, 'input', {}],
  ])('tells the whole %s as one delta if none has come: many clients read nothing else', (name, type, index, member, more) => {
    const item = { id: 'i', type, name: 'f', call_id: 'c' };
    const added = { type: 'response.output_item.added', output_index: 0, item };
    const whole = { type: `response.${name}.done`, item_id: 'i', output_index: 0, ...index, [member]: 'all' };
    const delta = { type: `response.${name}.delta`, item_id: 'i', output_index: 0, ...index, delta: 'all', ...more };
    const told = run([CREATED, added, whole]);
    expect(told.filter((event) => event.type === delta.type)).toEqual([{ ...delta, sequence_number: expect.any(Number) }]);
    expect(told.at(-2)!.type).toBe(delta.type);
    const deltas = (script: JsonObject[]): unknown[] => run([CREATED, added, ...script]).filter((event) => event.type === delta.type);
    expect(deltas([delta, whole])).toHaveLength(1);
    expect(deltas([whole, whole])).toHaveLength(1);
    expect(deltas([{ ...whole, [member]: '' }])).toEqual([]);
  });

  it.each([
    ['output_text', 'message', { content_index: 0 }, 'text'],
    ['refusal', 'message', { content_index: 0 }, 'refusal'],
    ['reasoning_text', 'reasoning', { content_index: 0 }, 'text'],
    ['reasoning_summary_text', 'reasoning', { summary_index: 0 }, 'text'],
    ['function_call_arguments', 'function_call', {}, 'arguments'],
    ['custom_tool_call_input', 'custom_tool_call', {}, 'input'],
  ])('tells what the deltas of %s lack of the whole, and takes nothing back', (name, type, index, member) => {
    const added = { type: 'response.output_item.added', output_index: 0, item: { id: 'i', type, name: 'f', call_id: 'c' } };
    const at = { item_id: 'i', output_index: 0, ...index };
    const told = (whole: string, ...pieces: string[]): unknown[] =>
      run([
        CREATED,
        added,
        ...pieces.map((delta) => ({ type: `response.${name}.delta`, ...at, delta })),
        { type: `response.${name}.done`, ...at, [member]: whole },
      ])
        .filter((event) => event.type === `response.${name}.delta`)
        .map(({ delta }) => delta);
    expect(told('lost end', 'lost')).toEqual(['lost', ' end']);
    expect(told('"q"\né 🙂!', '"q"\n', 'é ')).toEqual(['"q"\n', 'é ', '🙂!']);
    expect(told('é 🙂', 'é ', '🙂')).toEqual(['é ', '🙂']);
    expect(told('other', 'lost')).toEqual(['lost']);
    expect(told('lo', 'lost')).toEqual(['lost']);
  });
});

describe('text that upstream tells only with the finished item', () => {
  const AT = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  const PART = { type: 'output_text', text: 'Whole', annotations: [], logprobs: [] };
  const MESSAGE = { ...ITEM, content: [PART, { type: 'refusal', refusal: 'No.' }] };
  const TOLD = [
    { type: 'response.content_part.added', ...AT, part: { ...PART, text: '' } },
    { type: 'response.output_text.delta', ...AT, delta: 'Whole', logprobs: [] },
    { type: 'response.output_text.done', ...AT, text: 'Whole', logprobs: [] },
    { type: 'response.content_part.done', ...AT, part: PART },
    { type: 'response.content_part.added', ...AT, content_index: 1, part: { type: 'refusal', refusal: '' } },
    { type: 'response.refusal.delta', ...AT, content_index: 1, delta: 'No.' },
    { type: 'response.refusal.done', ...AT, content_index: 1, refusal: 'No.' },
    { type: 'response.content_part.done', ...AT, content_index: 1, part: { type: 'refusal', refusal: 'No.' } },
  ];
  const DONE = { type: 'response.output_item.done', output_index: 0, item: MESSAGE };

  it.each([
    ['with its end', [CREATED, DONE, COMPLETED]],
    ['with its end, after its announcement', [CREATED, { ...DONE, type: 'response.output_item.added', item: ITEM }, DONE, COMPLETED]],
    ['in the last event', [CREATED, { ...COMPLETED, response: { ...COMPLETED.response, output: [MESSAGE] } }]],
  ])('comes as deltas: %s', (_, script) => {
    const events = run(script);
    expect(events.slice(2, -2)).toEqual(TOLD.map((event, i) => ({ ...event, sequence_number: i + 2 })));
    expect(events.at(-2)).toMatchObject(DONE);
    expect(responseOf(events.at(-1)).output).toEqual([MESSAGE]);
  });

  it('comes as deltas: reasoning, arguments and input', () => {
    const item = (output_index: number, members: JsonObject): JsonObject => ({
      type: 'response.output_item.done',
      output_index,
      item: members,
    });
    const events = run([
      CREATED,
      item(0, { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'gAAAA' }),
      item(1, { id: 'fc_1', type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' }),
      item(2, { id: 'ctc_1', type: 'custom_tool_call', call_id: 'c2', name: 'g', input: 'raw' }),
      COMPLETED,
    ]);
    expect(types(events).slice(1, -1)).toEqual([
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.custom_tool_call_input.delta',
      'response.custom_tool_call_input.done',
      'response.output_item.done',
    ]);
    expect(events.filter(({ delta }) => delta !== undefined).map(({ delta }) => delta)).toEqual(['Hm.', '{"a":1}', 'raw']);
  });

  it('comes as deltas before the end of its part', () => {
    const [, , , end] = TOLD;
    const message = { ...MESSAGE, content: [PART] };
    const events = run([CREATED, { ...DONE, type: 'response.output_item.added', item: ITEM }, end!, { ...DONE, item: message }, COMPLETED]);
    expect(events.slice(2, -2)).toEqual(TOLD.slice(0, 4).map((event, i) => ({ ...event, sequence_number: i + 2 })));
  });

  it('comes as deltas where only its beginning has been told', () => {
    const beginning = { type: 'response.output_text.delta', ...AT, delta: 'Who', logprobs: [] };
    const [, delta, done, end] = TOLD;
    for (const last of [[end!], [{ ...DONE, item: { ...MESSAGE, content: [PART] } }]]) {
      const events = run([CREATED, { ...DONE, type: 'response.output_item.added', item: ITEM }, beginning, ...last]);
      const told = [beginning, { ...delta, delta: 'le' }, done, end];
      expect(events.slice(3, 7)).toEqual(told.map((event, i) => ({ ...event, sequence_number: i + 3 })));
    }
  });

  it('is not told twice', () => {
    const delta = { type: 'response.output_text.delta', ...AT, delta: 'Whole' };
    const refusal = { type: 'response.refusal.done', ...AT, content_index: 1, refusal: 'No.' };
    const told = types(run([CREATED, delta, refusal, DONE, COMPLETED]));
    expect(told.filter((type) => type === 'response.output_text.delta' || type === 'response.refusal.delta')).toHaveLength(2);
  });
});
