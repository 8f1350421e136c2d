import { describe, expect, it } from '@jest/globals';
import { ALL, normalise, told } from '../../../../test/support/normalised-run.js';
import { TurnRecord } from '../../../../test/support/turn-record.js';
import {
  at,
  COMPLETED,
  CREATED,
  added,
  args,
  argsDone,
  call,
  done,
  image,
  message,
  reasoning,
  summary,
  terminal,
  text,
} from '../../../../test/support/upstream-events.js';
import { decodeEvents, readFixture } from '../../../../test/support/upstream-fixtures.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { TurnNormaliser } from './turn-normaliser.js';

describe('an item is found', () => {
  it.each<[string, JsonObject[], string[]]>([
    [
      'by its output_index, whatever the item id says',
      [added(0, message('a')), added(1, message('b')), text(0, 'b', 'x')],
      ['open 0 message', 'text 0.0 x', 'close 0', 'open 1 message', 'close 1'],
    ],
    [
      'by its id where the index is missing',
      [added(0, call('a', 'one')), added(1, call('b', 'two')), args(null, 'b', '{}')],
      ['open 0 function one call_a', 'close 0', 'open 1 function two call_b', 'args 1 {}', 'close 1'],
    ],
    [
      'by an id that is tied to it by a delta',
      [text(0, 'a', 'x'), text(null, 'a', 'y'), text(1, 'b', 'z')],
      ['open 0 message', 'text 0.0 xy', 'close 0', 'open 1 message', 'text 1.0 z', 'close 1'],
    ],
    [
      'as the only open one of its kind',
      [added(0, reasoning()), added(1, message('a')), text(null, null, 'x')],
      ['open 0 reasoning', 'close 0', 'open 1 message', 'text 1.0 x', 'close 1'],
    ],
    [
      'by the index that comes later',
      [added(null, message('a')), text(3, 'a', 'x'), text(3, null, 'y')],
      ['open 0 message', 'text 0.0 xy', 'close 0'],
    ],
  ])('%s', (_, script, expected) => {
    expect(told(script)).toEqual(expected);
  });

  it.each<[string, JsonObject[]]>([
    ['when two are open', [added(0, message('a')), added(1, message('b')), text(null, null, 'lost')]],
    ['when none is open', [text(null, null, 'lost')]],
    ['when the item is of another kind', [added(0, call('a', 'one')), text(0, 'a', 'lost')]],
  ])('by nothing else: the event is dropped and counted %s', (_, script) => {
    const { record, normaliser } = normalise([...script, COMPLETED]);
    expect(record.textOf('text')).toBe('');
    expect(normaliser.faults.dropped).toBe(1);
  });
});

describe('begin', () => {
  it.each<[string, JsonObject[], JsonObject]>([
    ['response.created', [CREATED, COMPLETED], { responseId: 'resp_1', createdAt: 1, serviceTier: 'default' }],
    [
      'the first of several snapshots',
      [{ ...CREATED, type: 'response.queued' }, { type: 'response.in_progress', response: { id: 'resp_2' } }, COMPLETED],
      { responseId: 'resp_1', createdAt: 1, serviceTier: 'default' },
    ],
    ['nothing, where an item comes first', [text(0, 'a', 'x'), CREATED, COMPLETED], { responseId: '', createdAt: null, serviceTier: null }],
    [
      'the terminal event, where it is the only one',
      [terminal({ id: 'resp_9', created_at: 9 })],
      { responseId: 'resp_9', createdAt: 9, serviceTier: null },
    ],
    [
      'members of wrong types, which are left out',
      [{ type: 'response.created', response: { id: 1, created_at: 'x', service_tier: {} } }, COMPLETED],
      { responseId: '', createdAt: null, serviceTier: null },
    ],
  ])('is told once, from %s', (_, script, head) => {
    const { record } = normalise(script);
    expect(record.told[0]).toEqual({ what: 'begin', head });
  });
});

describe('an item that was not announced', () => {
  it.each<[string, JsonObject[], string[]]>([
    ['opens with its first delta', [text(0, 'a', 'x')], ['open 0 message', 'text 0.0 x', 'close 0']],
    ['opens with its end', [done(0, message('a', 'x'))], ['open 0 message', 'text 0.0 x', 'close 0']],
    [
      'of a tool waits until its announcement names it',
      [args(0, 'a', '{'), args(0, 'a', '}'), added(0, call('a', 'one'))],
      ['open 0 function one call_a', 'args 0 {}', 'close 0'],
    ],
    [
      'of a tool waits until its arguments name it',
      [args(0, 'a', '{}'), argsDone(0, '{}', { name: 'one' })],
      ['open 0 function one a', 'args 0 {}', 'close 0'],
    ],
    [
      'of a tool waits until its end names it',
      [added(0, call('a', null)), args(0, 'a', '{}'), done(0, call('a', 'one', '{}'))],
      ['open 0 function one call_a', 'args 0 {}', 'close 0'],
    ],
  ])('%s', (_, script, expected) => {
    expect(told(script)).toEqual(expected);
  });

  it('of a tool waits until the terminal output names it, and what comes behind it waits too', () => {
    const script = [args(0, 'a', '{}'), done(0, { id: 'a', type: 'function_call' }), text(1, 'b', 'x')];
    const { record } = normalise([...script, terminal({ output: [call('a', 'one', '{}')] })]);
    expect(record.lines.slice(1)).toEqual([
      'open 0 function one call_a',
      'args 0 {}',
      'close 0',
      'open 1 message',
      'text 1.0 x',
      'close 1',
      'end completed',
    ]);
  });

  it('and whose tool is never named makes the turn fail, without a call that a client might make', () => {
    const { record } = normalise([
      CREATED,
      args(0, 'a', '{}'),
      added(1, call('b', 'two', '{}')),
      done(1, call('b', 'two', '{}')),
      COMPLETED,
    ]);
    expect(record.lines).toEqual(['begin resp_1', 'end failed']);
    expect(record.finalEnd?.failure).toEqual({ message: 'upstream called a tool without a name', code: null });
  });
});

describe('the id of a call', () => {
  it.each<[string, JsonObject, string]>([
    ['is its call_id', { id: 'fc_1', call_id: 'call_1' }, 'call_1'],
    ["is the item's id where it has none", { id: 'fc_1' }, 'fc_1'],
    ['is made up where it has neither', {}, 'call_made_up'],
    ['is made up where they are of wrong types', { id: 1, call_id: [] }, 'call_made_up'],
  ])('%s', (_, ids, expected) => {
    const item = { type: 'function_call', name: 'one', ...ids };
    const { record } = normalise([added(0, item), done(0, { ...item, call_id: 'call_other' }), COMPLETED]);
    expect(record.slots.map(({ callId }) => callId)).toEqual([expected]);
  });

  it('is told once, where missing places make one call look like two items', () => {
    const item = call('a', 'one');
    const whole = { ...item, arguments: '{"x":1}' };
    expect(told([added(null, item), argsDone(0, ''), done(0, whole), added(1, message('b')), text(1, 'b', 'x')])).toEqual([
      'open 0 function one call_a',
      'close 0',
      'open 1 message',
      'text 1.0 x',
      'close 1',
    ]);
  });
});

describe('items are released', () => {
  it('in the order of their index, the first one live', () => {
    const { record } = normalise(readFixture('thinking-text-interleaved-tools'));
    expect(record.lines).toEqual([
      'begin resp_0123456789abcdef',
      'open 0 reasoning',
      'think 0 a',
      'break 0',
      'think 0 b',
      'close 0',
      'open 1 message',
      'text 1.0 Hi',
      'close 1',
      'open 2 function A call_A',
      'args 2 {"p":1}',
      'close 2',
      'open 3 function B call_B',
      'args 3 {}',
      'close 3',
      'end completed',
    ]);
  });

  it('each piece of the first one as it comes, and the others when it is their turn', () => {
    const record = new TurnRecord();
    const normaliser = new TurnNormaliser(record, { shows: new Set(ALL), newCallId: () => 'x' });
    const after = (...script: JsonObject[]): string[] => {
      const before = record.told.length;
      normaliser.accept(decodeEvents(script));
      return record.told.slice(before).map((one) => one.what);
    };
    expect(after(added(0, call('a', 'one')), added(1, call('b', 'two')), args(0, 'a', '{"x'))).toEqual(['begin', 'open', 'args']);
    expect(after(args(1, 'b', '{"y"'), args(1, 'b', ':2}'))).toEqual([]);
    expect(after(args(0, 'a', '":1}'))).toEqual(['args']);
    expect(after(done(1, call('b', 'two', '{"y":2}')))).toEqual([]);
    expect(after(done(0, call('a', 'one', '{"x":1}')))).toEqual(['close', 'open', 'args', 'close']);
    expect(after(COMPLETED)).toEqual(['end']);
  });

  it('in the order of arrival where the index is missing', () => {
    const script = [added(null, message('a')), added(null, message('b')), text(null, 'b', 'B'), text(null, 'a', 'A')];
    expect(told(script)).toEqual(['open 0 message', 'text 0.0 A', 'close 0', 'open 1 message', 'text 1.0 B', 'close 1']);
  });

  it('never into the middle of another, even if they turn up late', () => {
    const script = [text(2, 'c', 'C'), text(1, 'b', 'B'), text(0, 'a', 'A'), done(2, message('c', 'C'))];
    expect(told(script).filter((line) => line.startsWith('text'))).toEqual(['text 0.0 C', 'text 1.0 A', 'text 2.0 B']);
  });

  it('without the kinds that are not shown, which hold nobody back', () => {
    const script = [
      added(0, reasoning()),
      summary(0, 'secret'),
      added(1, { id: 'ws', type: 'web_search_call' }),
      text(2, 'a', 'x'),
      args(3, 'b', '{}'),
    ];
    const { record } = normalise([...script, COMPLETED], ['message']);
    expect(record.lines).toEqual(['begin ', 'open 0 message', 'text 0.0 x', 'close 0', 'end completed']);
  });

  it('with everything that happened to them while they waited', () => {
    const annotation = { type: 'url_citation', url: 'u' };
    const script = [
      added(0, call('a', 'one')),
      summary(1, 'a', 0),
      summary(1, 'b', 1),
      text(2, 'm', 'x'),
      { type: 'response.output_text.annotation.added', ...at(2, null), content_index: 0, annotation },
      text(2, 'm', 'y', 1),
      done(3, image('ig', 'AAAA', 'webp')),
      done(0, call('a', 'one', '{}')),
      done(1, reasoning('a', 'b')),
    ];
    expect(told(script).slice(3)).toEqual([
      'open 1 reasoning',
      'think 1 a',
      'break 1',
      'think 1 b',
      'close 1',
      'open 2 message',
      'text 2.0 x',
      'annotation 2.0 u',
      'text 2.1 y',
      'close 2',
      'open 3 image',
      'image 3 webp AAAA',
      'close 3',
    ]);
  });
});

describe('events that carry nothing', () => {
  it.each([
    'codex.rate_limits',
    'codex.response.metadata',
    'keepalive',
    'response.content_part.added',
    'response.web_search_call.searching',
    'response.image_generation_call.partial_image',
    'response.something_new',
  ])('%s is ignored and not parsed', (type) => {
    const record = new TurnRecord();
    const normaliser = new TurnNormaliser(record, { shows: new Set(ALL), newCallId: () => 'x' });
    const event = {
      type,
      delta: null,
      get json(): JsonObject {
        throw new Error('parsed');
      },
    };
    normaliser.accept([event as unknown as ReturnType<typeof decodeEvents>[0]]);
    expect(record.told).toEqual([]);
  });

  it('a web search is told by its end', () => {
    const { record } = normalise(readFixture('web-search'));
    expect(record.lines.slice(1, 4)).toEqual(['open 0 web_search', 'close 0', 'open 1 message']);
    expect(record.told.find((one) => one.what === 'close')).toMatchObject({ item: { action: { type: 'search', query: 'oslo' } } });
  });
});

describe('another attempt', () => {
  it('begins anew', () => {
    const first = new TurnRecord();
    let record = first;
    const relay = new Proxy({} as TurnRecord, {
      get: (_, name) => (record[name as 'begin'] as (...given: unknown[]) => void).bind(record),
    });
    const normaliser = new TurnNormaliser(relay, { shows: new Set(ALL), newCallId: () => 'x' });
    normaliser.accept(decodeEvents([CREATED, added(0, call('a', 'one')), text(1, 'b', 'held'), done(2, image('c', 'AAAA'))]));
    record = new TurnRecord();
    normaliser.restart();
    normaliser.accept(decodeEvents([text(0, 'm', 'x'), done(1, image('c', 'AAAA')), COMPLETED]));
    expect(record.lines).toEqual([
      'begin ',
      'open 0 message',
      'text 0.0 x',
      'close 0',
      'open 1 image',
      'image 1 png AAAA',
      'close 1',
      'end completed',
    ]);
  });
});
