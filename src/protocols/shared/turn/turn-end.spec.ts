import { describe, expect, it } from '@jest/globals';
import { ALL, normalise, told } from '../../../../test/support/normalised-run.js';
import { TurnRecord } from '../../../../test/support/turn-record.js';
import {
  COMPLETED,
  CREATED,
  added,
  args,
  call,
  done,
  message,
  reasoning,
  terminal,
  text,
} from '../../../../test/support/upstream-events.js';
import { readFixture } from '../../../../test/support/upstream-fixtures.js';
import { type JsonObject, UpstreamEvent } from '../../../upstream/upstream-event.js';
import type { TurnUsage } from './turn-listener.js';
import { TurnNormaliser } from './turn-normaliser.js';

describe('the end of an item', () => {
  const closing = (script: readonly JsonObject[]): (JsonObject | null)[] =>
    normalise(script).record.told.flatMap((one) => (one.what === 'close' ? [one.item] : []));

  it('carries the ciphertext of the end, not of the announcement', () => {
    const provisional = { ...reasoning(), encrypted_content: 'provisional' };
    const final = { ...reasoning(), encrypted_content: 'final' };
    expect(closing([added(0, provisional), done(0, final), COMPLETED])).toEqual([final]);
    expect(closing([added(0, provisional), COMPLETED])).toEqual([null]);
  });

  it('is what the terminal output says where the item had no end', () => {
    expect(closing([added(0, message('a')), terminal({ output: [message('a', 'x')] })])).toEqual([message('a', 'x')]);
  });

  it('tells what the announcement said where upstream never said it again', () => {
    const script = [added(0, message('a', 'x')), added(1, call('b', 'one', '{"z":1}')), added(2, reasoning('why'))];
    expect(told(script)).toEqual([
      'open 0 message',
      'text 0.0 x',
      'close 0',
      'open 1 function one call_b',
      'args 1 {"z":1}',
      'close 1',
      'open 2 reasoning',
      'think 2 why',
      'close 2',
    ]);
    expect(told([added(0, message('a', 'x')), text(0, 'a', 'y')])).toEqual(['open 0 message', 'text 0.0 y', 'close 0']);
    expect(told([added(0, call('a', 'one', '{"z":1}')), done(0, call('a', 'one', '{}'))])).toEqual([
      'open 0 function one call_a',
      'args 0 {}',
      'close 0',
    ]);
  });

  it('comes once', () => {
    const end = done(0, message('a', 'x'));
    expect(told([end, end, added(0, message('a'))])).toEqual(['open 0 message', 'text 0.0 x', 'close 0']);
  });
});

describe('the terminal output', () => {
  const finish = (script: JsonObject[], output: unknown): string[] =>
    normalise([...script, terminal({ output })]).record.lines.slice(1, -1);

  it.each<[string, JsonObject[], unknown, string[]]>([
    [
      'tells items that were never seen',
      [],
      [reasoning('why'), message('a', 'x'), call('b', 'one', '{}')],
      [
        'open 0 reasoning',
        'think 0 why',
        'close 0',
        'open 1 message',
        'text 1.0 x',
        'close 1',
        'open 2 function one call_b',
        'args 2 {}',
        'close 2',
      ],
    ],
    ['completes items that were seen', [text(0, 'a', 'Hel')], [message('a', 'Hello')], ['open 0 message', 'text 0.0 Hello', 'close 0']],
    ['repeats nothing of a finished item', [done(0, message('a', 'x'))], [message('a', 'x')], ['open 0 message', 'text 0.0 x', 'close 0']],
    ['knows an item that got another id', [done(0, message('a', 'x'))], [message('b', 'x')], ['open 0 message', 'text 0.0 x', 'close 0']],
    [
      'knows an item by its id where others were left out',
      [done(0, reasoning()), done(1, message('a', 'x'))],
      [message('a', 'x')],
      ['open 0 reasoning', 'close 0', 'open 1 message', 'text 1.0 x', 'close 1'],
    ],
    [
      'knows an item that got another id and another place',
      [done(0, reasoning()), done(1, message('a', 'x'))],
      [message('b', 'x')],
      ['open 0 reasoning', 'close 0', 'open 1 message', 'text 1.0 x', 'close 1'],
    ],
    [
      'tells a call that got another place, and one that was never seen, each once',
      [done(0, reasoning()), done(1, call('a', 'one', '{}'))],
      [{ ...call('b', 'two', '{}') }, { ...call('a', 'one', '{}'), id: 'other' }],
      [
        'open 0 reasoning',
        'close 0',
        'open 1 function one call_a',
        'args 1 {}',
        'close 1',
        'open 2 function two call_b',
        'args 2 {}',
        'close 2',
      ],
    ],
    [
      'tells a call that is not the one at its place',
      [done(0, call('a', 'one', '{}'))],
      [call('b', 'two', '{}')],
      ['open 0 function one call_a', 'args 0 {}', 'close 0', 'open 1 function two call_b', 'args 1 {}', 'close 1'],
    ],
    ['changes nothing when it is empty', [text(0, 'a', 'x')], [], ['open 0 message', 'text 0.0 x', 'close 0']],
    ['changes nothing when it is absent', [text(0, 'a', 'x')], undefined, ['open 0 message', 'text 0.0 x', 'close 0']],
    ['changes nothing when it is none', [text(0, 'a', 'x')], 'none', ['open 0 message', 'text 0.0 x', 'close 0']],
    ['may hold anything', [text(0, 'a', 'x')], [null, 1, [], 'a', {}], ['open 0 message', 'text 0.0 x', 'close 0']],
  ])('%s', (_, script, output, expected) => {
    expect(finish(script, output)).toEqual(expected);
  });
});

describe('the end', () => {
  const usage: JsonObject = { input_tokens: 3, output_tokens: 2 };
  const endOf = (...script: JsonObject[]) => normalise(script).record.finalEnd;

  it.each<[string, JsonObject, string, string | null]>([
    ['response.completed', COMPLETED, 'completed', null],
    [
      'response.incomplete',
      terminal({ incomplete_details: { reason: 'max_output_tokens' } }, 'response.incomplete'),
      'incomplete',
      'max_output_tokens',
    ],
    ['response.incomplete without a reason', terminal({ incomplete_details: null }, 'response.incomplete'), 'incomplete', null],
    ['response.failed', terminal({}, 'response.failed'), 'failed', null],
    ['response.cancelled', terminal({}, 'response.cancelled'), 'cancelled', null],
    ['response.done', terminal({}, 'response.done'), 'completed', null],
    ['response.done that is completed', terminal({ status: 'completed' }, 'response.done'), 'completed', null],
    ['response.done that is incomplete', terminal({ status: 'incomplete' }, 'response.done'), 'incomplete', null],
    ['response.done that failed', terminal({ status: 'failed' }, 'response.done'), 'failed', null],
    ['response.completed whose snapshot failed', terminal({ status: 'failed' }), 'failed', null],
    ['response.completed whose snapshot was cancelled', terminal({ status: 'cancelled' }), 'cancelled', null],
    [
      'response.completed whose snapshot is incomplete',
      terminal({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
      'incomplete',
      'max_output_tokens',
    ],
    ['response.completed whose snapshot is not up to date', terminal({ status: 'in_progress' }), 'completed', null],
    ['response.done with a status nobody knows', terminal({ status: 7 }, 'response.done'), 'failed', null],
    ['error', { type: 'error', message: 'x' }, 'failed', null],
    ['a snapshot of a wrong type', { type: 'response.completed', response: [] }, 'completed', null],
  ])('is told by %s', (_, event, status, incompleteReason) => {
    expect(endOf(CREATED, event)).toMatchObject({ status, incompleteReason, stopped: null, serviceTier: 'default' });
  });

  it.each<[string, JsonObject, { message: string; code: string | null }]>([
    ['nested', { type: 'error', error: { type: 'server_error', code: 'c', message: 'm' } }, { message: 'm', code: 'c' }],
    ['nested without a code', { type: 'error', error: { type: 'server_error', message: 'm' } }, { message: 'm', code: 'server_error' }],
    ['flat', { type: 'error', code: 'c', message: 'm', param: null }, { message: 'm', code: 'c' }],
    ['in the response', terminal({ error: { code: 'c', message: 'm' } }, 'response.failed'), { message: 'm', code: 'c' }],
    ['bare', { error: { message: 'm' } }, { message: 'm', code: null }],
    ['a bare detail', { detail: 'm' }, { message: 'm', code: null }],
    ['unsaid', terminal({}, 'response.cancelled'), { message: 'The backend ended the turn with an error.', code: null }],
  ])('has the reason of a failure: %s', (_, event, failure) => {
    const record = new TurnRecord();
    const normaliser = new TurnNormaliser(record, { shows: new Set(ALL), newCallId: () => 'x' });
    normaliser.accept([UpstreamEvent.parsed(typeof event.type === 'string' ? event.type : '', JSON.stringify(event), event)]);
    expect(record.finalEnd?.failure).toEqual(failure);
    expect(record.finalEnd?.incompleteReason).toBeNull();
  });

  it('of a failed turn closes nothing and tells nothing that waits', () => {
    const { record } = normalise([
      CREATED,
      added(0, call('a', 'one')),
      args(0, 'a', '{'),
      text(1, 'b', 'x'),
      terminal({ output: [message('c', 'y')] }, 'response.failed'),
    ]);
    expect(record.lines).toEqual(['begin resp_1', 'open 0 function one call_a', 'args 0 {', 'end failed']);
  });

  it('closes what is open, with arguments as they are', () => {
    const { record } = normalise([CREATED, added(0, call('a', 'one')), args(0, 'a', '{"cut'), terminal({}, 'response.incomplete')]);
    expect(record.lines.slice(1)).toEqual(['open 0 function one call_a', 'args 0 {"cut', 'close 0', 'end incomplete']);
  });

  it('comes once: everything after it is ignored', () => {
    const { record, normaliser } = normalise([
      CREATED,
      COMPLETED,
      COMPLETED,
      text(0, 'a', 'late'),
      terminal({}, 'response.done'),
      { type: 'error', message: 'x' },
    ]);
    expect(record.lines).toEqual(['begin resp_1', 'end completed']);
    expect(normaliser.ended).toBe(true);
  });

  it('does not come where upstream was cut off', () => {
    const { record, normaliser } = normalise(readFixture('truncated'));
    expect(record.finalEnd).toBeNull();
    expect(normaliser.ended).toBe(false);
  });

  const counted: TurnUsage = { input: 3, output: 2, total: 5, cached: 0, cacheWrite: null, reasoning: 0 };
  it.each<[string, JsonObject, TurnUsage | null]>([
    ['the snapshot', terminal({ usage }), counted],
    ['the event', terminal({}, 'response.completed', { usage }), counted],
    ['the total that upstream says', terminal({ usage: { ...usage, total_tokens: 9 } }), { ...counted, total: 9 }],
    [
      'its details',
      terminal({
        usage: {
          ...usage,
          input_tokens_details: { cached_tokens: 1, cache_write_tokens: 0 },
          output_tokens_details: { reasoning_tokens: 2 },
        },
      }),
      { ...counted, cached: 1, cacheWrite: 0, reasoning: 2 },
    ],
    [
      'zeros, which are not missing',
      terminal({ usage: { input_tokens: 0, prompt_tokens: 7, output_tokens: 0 } }),
      { ...counted, input: 0, output: 0, total: 0 },
    ],
    ['other names', terminal({ usage: { prompt_tokens: 3, completion_tokens: 2 } }), counted],
    ['a total and one of its parts', terminal({ usage: { input_tokens: 3, total_tokens: 5 } }), counted],
    ['nothing', terminal({}), null],
    ['nothing, where half of it is missing', terminal({ usage: { input_tokens: 3 } }), null],
    ['nothing, where numbers are no numbers', terminal({ usage: { input_tokens: '3', output_tokens: -2 } }), null],
    ['nothing, where tokens are not whole', terminal({ usage: { input_tokens: 3.5, output_tokens: 2 } }), null],
    ['nothing, where it is no object', terminal({ usage: [] }), null],
  ])('has the usage of %s', (_, event, expected) => {
    expect(endOf(event)?.usage).toEqual(expected);
  });
});
