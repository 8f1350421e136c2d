import { describe, expect, it } from '@jest/globals';
import { ALL, normalise, told } from '../../../../test/support/normalised-run.js';
import {
  COMPLETED,
  added,
  args,
  argsDone,
  at,
  call,
  done,
  image,
  message,
  raw,
  reasoning,
  summary,
  summaryPart,
  text,
  textDone,
} from '../../../../test/support/upstream-events.js';
import { readFixture } from '../../../../test/support/upstream-fixtures.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';

describe('text is reconciled', () => {
  const partDone = (whole: string): JsonObject => ({
    type: 'response.content_part.done',
    ...at(0, null),
    content_index: 0,
    part: { type: 'output_text', text: whole },
  });
  const refusalDone: JsonObject = { type: 'response.refusal.done', ...at(0, null), content_index: 0, refusal: 'No.' };

  it.each<[string, JsonObject[], string]>([
    ['with output_text.done: the missing end', [text(0, 'a', 'Hel'), textDone(0, 'Hello')], 'Hello'],
    ['with output_text.done: everything', [added(0, message('a')), textDone(0, 'Hello')], 'Hello'],
    ['with content_part.done', [text(0, 'a', 'Hel'), partDone('Hello')], 'Hello'],
    ['with output_item.done', [text(0, 'a', 'Hel'), done(0, message('a', 'Hello'))], 'Hello'],
    ['with each of them, telling nothing twice', [textDone(0, 'Hello'), partDone('Hello'), done(0, message('a', 'Hello'))], 'Hello'],
    ['with a whole that grows', [textDone(0, 'Hel'), done(0, message('a', 'Hello'))], 'Hello'],
    ['with another text: what was told stays', [text(0, 'a', 'Hello'), textDone(0, 'Bye')], 'Hello'],
    ['with a shorter text: what was told stays', [text(0, 'a', 'Hello'), textDone(0, 'Hel')], 'Hello'],
    ['with a text it contradicts, and goes on', [text(0, 'a', 'Hel'), textDone(0, 'Bye'), text(0, 'a', 'lo')], 'Hello'],
    ['and pieces after the whole are repetitions', [textDone(0, 'Hello'), text(0, 'a', 'Hello')], 'Hello'],
    ['and pieces after the end are repetitions', [done(0, message('a', 'Hello')), text(0, 'a', 'Hello')], 'Hello'],
    ['part by part', [text(0, 'a', 'A'), text(0, 'a', 'B', 1), done(0, message('a', 'A', 'Bc', 'D'))], 'ABcD'],
    ['inside a character that was cut in two', [text(0, 'a', 'x\ud83d'), textDone(0, 'x😀')], 'x😀'],
    ['where escapes are written in another way', [text(0, 'a', 'ä"\n'), textDone(0, 'ä"\n/')], 'ä"\n/'],
    ['with an empty whole, which says nothing', [textDone(0, ''), text(0, 'a', 'x')], 'x'],
    ['with a whole that is no text', [textDone(0, { a: 1 }), text(0, 'a', 'x')], 'x'],
  ])('%s', (_, script, expected) => {
    const { record } = normalise([...script, COMPLETED]);
    expect(record.textOf('text')).toBe(expected);
  });

  it('counts contradictions', () => {
    expect(normalise([text(0, 'a', 'Hello'), textDone(0, 'Bye')]).normaliser.faults.contradictions).toBe(1);
    expect(normalise([text(0, 'a', 'Hello'), textDone(0, 'Hello')]).normaliser.faults.contradictions).toBe(0);
  });

  it('for refusals and summaries alike', () => {
    const script = [refusalDone, { ...summaryPart(1, 0), type: 'response.reasoning_summary_part.done', part: { text: 'sum' } }];
    expect(told(script)).toEqual(['open 0 message', 'refusal 0.0 No.', 'close 0', 'open 1 reasoning', 'think 1 sum', 'close 1']);
  });

  it('passes halves of a character on as they came', () => {
    const { record } = normalise([text(0, 'a', '\ud83d'), text(0, 'a', '\ude00'), textDone(0, '😀'), COMPLETED]);
    expect(record.pieces).toEqual(['\\ud83d', '\\ude00']);
  });

  it('does not go back to a part that is over', () => {
    const { record, normaliser } = normalise([text(0, 'a', 'B', 1), text(0, 'a', 'A', 0), done(0, message('a', 'A', 'B')), COMPLETED]);
    expect(record.textOf('text')).toBe('B');
    expect(normaliser.faults).toEqual({ dropped: 1, contradictions: 1 });
  });

  it('only as far as it may be kept; pieces go on', () => {
    const script = [
      text(0, 'a', 'Hello'),
      text(0, 'a', ' you'),
      done(0, message('a', 'Hello you there')),
      done(1, message('b', 'fits')),
      COMPLETED,
    ];
    const { record } = normalise(script, ALL, { retainBytes: 6 });
    expect(record.textOf('text')).toBe('Hello youfits');
  });
});

describe('arguments are reconciled', () => {
  it.each<[string, JsonObject[], string]>([
    ['told only at the end of the arguments', [argsDone(0, '{"a":1}')], '{"a":1}'],
    ['told only at the end of the item', [done(0, call('a', 'one', '{"a":1}'))], '{"a":1}'],
    [
      'told by both and by pieces',
      [args(0, 'a', '{"a":'), args(0, 'a', '1}'), argsDone(0, '{"a":1}'), done(0, call('a', 'one', '{"a":1}'))],
      '{"a":1}',
    ],
    ['with other white space', [args(0, 'a', '{"a":1}'), argsDone(0, '{ "a": 1 }')], '{"a":1}'],
    ['not JSON, as they are', [args(0, 'a', '{"a'), argsDone(0, '{"a":')], '{"a":'],
    ['of a wrong type, which say nothing', [args(0, 'a', '{}'), done(0, { ...call('a', 'one'), arguments: { a: 1 } })], '{}'],
  ])('%s', (_, script, expected) => {
    const { record, normaliser } = normalise([added(0, call('a', 'one')), ...script, COMPLETED]);
    expect(record.textOf('args')).toBe(expected);
    expect(normaliser.faults.contradictions).toBe(0);
  });

  it('but white space counts in the input of a custom tool', () => {
    const input = (type: string, member: string, value: string): JsonObject => ({
      type: `response.custom_tool_call_input.${type}`,
      ...at(0, 'ctc_1'),
      [member]: value,
    });
    const item = { id: 'ctc_1', type: 'custom_tool_call', call_id: 'call_1', name: 'patch' };
    const { record, normaliser } = normalise([added(0, item), input('delta', 'delta', '1'), input('done', 'input', ' 1'), COMPLETED]);
    expect(record.textOf('args')).toBe('1');
    expect(normaliser.faults.contradictions).toBe(1);
  });
});

describe('reasoning', () => {
  it.each<[string, JsonObject[], string[]]>([
    ['has a break between parts that both have text', [summary(0, 'a'), summary(0, 'b', 1)], ['think 0 a', 'break 0', 'think 0 b']],
    [
      'has none before, after or around empty parts',
      [summaryPart(0, 0), summaryPart(0, 1), summary(0, 'a', 1), summaryPart(0, 2)],
      ['think 0 a'],
    ],
    ['is told raw where there is no summary', [raw(0, 'r'), raw(0, 'aw')], ['think 0 raw']],
    ['has breaks between raw parts', [raw(0, 'a'), raw(0, 'b', 1)], ['think 0 a', 'break 0', 'think 0 b']],
    ['is not told raw once a summary was announced', [summaryPart(0, 0), raw(0, 'raw'), summary(0, 'sum')], ['think 0 sum']],
    [
      'is not told raw any more once there is a summary',
      [raw(0, 'r'), summary(0, 'sum'), raw(0, 'aw')],
      ['think 0 r', 'break 0', 'think 0 sum'],
    ],
    [
      'is told raw from its end where there is no summary',
      [done(0, { ...reasoning(), content: [{ type: 'reasoning_text', text: 'raw' }] })],
      ['think 0 raw'],
    ],
    [
      'is told raw from its end where the announced summary was empty',
      [summaryPart(0, 0), done(0, { ...reasoning(''), content: [{ type: 'reasoning_text', text: 'raw' }] })],
      ['think 0 raw'],
    ],
    [
      'is not told raw from its end where there is a summary',
      [done(0, { ...reasoning('sum'), content: [{ type: 'reasoning_text', text: 'raw' }] })],
      ['think 0 sum'],
    ],
  ])('%s', (_, script, expected) => {
    expect(told([added(0, reasoning()), ...script]).slice(1, -1)).toEqual(expected);
  });
});

describe('an image', () => {
  it.each<[string, JsonObject[], string[]]>([
    ['is told once it is final', readFixture('image').slice(2, -1), ['image 0 png iVBORw0KGgoAAAANSUhEUg==']],
    ['is told once, though the same comes again', [done(0, image('a', 'AAAA')), done(1, image('b', 'AAAA'))], ['image 0 png AAAA']],
    ['is not told when it is none', [done(0, image('a', 'no base64"')), done(1, image('b', 1)), done(2, image('c', ''))], []],
    ['is a PNG where its format is not said', [done(0, { ...image('a', 'AAAA'), output_format: 'x"y' })], ['image 0 png AAAA']],
  ])('%s', (_, script, expected) => {
    expect(told(script).filter((line) => line.startsWith('image'))).toEqual(expected);
  });
});

describe('annotations', () => {
  const one = { type: 'url_citation', url: 'u', start_index: 0, end_index: 1 };
  const event = (annotation: unknown): JsonObject => ({
    type: 'response.output_text.annotation.added',
    ...at(0, 'a'),
    content_index: 0,
    annotation,
  });
  const whole = {
    id: 'a',
    type: 'message',
    content: [{ type: 'output_text', text: 'x', annotations: [{ end_index: 1, start_index: 0, url: 'u', type: 'url_citation' }] }],
  };

  it.each<[string, JsonObject[]]>([
    ['as they come', [text(0, 'a', 'x'), event(one)]],
    ['from the end of the item', [done(0, whole)]],
    ['from both', [text(0, 'a', 'x'), event(one), event(one), done(0, whole)]],
    ['without what is none', [text(0, 'a', 'x'), event('x'), event(null), event(one)]],
  ])('are told once: %s', (_, script) => {
    expect(told(script)).toEqual(['open 0 message', 'text 0.0 x', 'annotation 0.0 u', 'close 0']);
  });
});
