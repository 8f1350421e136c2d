import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ALL } from '../../../../test/support/normalised-run.js';
import { TurnRecord } from '../../../../test/support/turn-record.js';
import { added, args, call, COMPLETED, done, message, summary, terminal, text } from '../../../../test/support/upstream-events.js';
import { decodeEvents } from '../../../../test/support/upstream-fixtures.js';
import { anyText, damagedScripts } from '../../../../test/support/upstream-scripts.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { StopFilter } from './stop-filter.js';
import { TurnNormaliser } from './turn-normaliser.js';

interface Scene {
  readonly record: TurnRecord;
  readonly filter: StopFilter;
  readonly normaliser: TurnNormaliser;
}

function filtered(stops: readonly string[], script: readonly JsonObject[]): Scene {
  const record = new TurnRecord();
  const filter = new StopFilter(record, stops);
  const normaliser = new TurnNormaliser(filter, { shows: new Set(ALL), newCallId: () => 'x' });
  normaliser.accept(decodeEvents(script));
  return { record, filter, normaliser };
}

const visible = (stops: readonly string[], ...pieces: string[]): [string, string | null] => {
  const { record } = filtered(stops, [...pieces.map((piece) => text(0, 'a', piece)), COMPLETED]);
  return [record.textOf('text'), record.finalEnd!.stopped];
};

const USAGE: JsonObject = { input_tokens: 3, output_tokens: 2, total_tokens: 5 };

describe('a stop sequence', () => {
  it.each<[string, string[], string[], string, string | null]>([
    ['ends the text before it', ['STOP'], ['go STOP on'], 'go ', 'STOP'],
    ['is found across pieces', ['STOP'], ['go S', 'T', 'OP on'], 'go ', 'STOP'],
    ['that does not come changes nothing', ['STOP'], ['go S', 'TO', 'go'], 'go STOgo', null],
    ['that only begins is let go at the end', ['STOP'], ['go STO'], 'go STO', null],
    ['is the first that begins', ['bb', 'ab'], ['xabb'], 'x', 'ab'],
    ['is the first that begins, even if another one is complete earlier', ['abcd', 'bc'], ['xab', 'c', 'd'], 'x', 'abcd'],
    ['is the other one if that does not come', ['abcd', 'bc'], ['xab', 'c', 'x'], 'xa', 'bc'],
    ['is the other one if the text ends', ['abcd', 'bc'], ['xabc'], 'xa', 'bc'],
    ['is the longest that begins there', ['ab', 'abc'], ['xab', 'c'], 'x', 'abc'],
    ['is the shorter one if the longer does not come', ['ab', 'abc'], ['xab', 'x'], 'x', 'ab'],
    ['may begin with itself', ['aab'], ['aa', 'aab'], 'aa', 'aab'],
    ['may be one character', ['\n'], ['a', '\nb'], 'a', '\n'],
    ['may be the whole text', ['STOP'], ['ST', 'OP'], '', 'STOP'],
    ['is compared as text, not as JSON', ['\n\nä"'], ['x\n', '\n', 'ä"y'], 'x', '\n\nä"'],
    ['may have characters that are cut in two', ['😀!'], ['x\ud83d', '\ude00', '!'], 'x', '😀!'],
    ['that is empty is none', ['', 'x'], ['ab'], 'ab', null],
  ])('%s', (_, stops, pieces, shown, stopped) => {
    expect(visible(stops, ...pieces)).toEqual([shown, stopped]);
  });

  it('is found across the parts of one message, not across messages', () => {
    const across = filtered(['STOP'], [text(0, 'a', 'x ST', 0), text(0, 'a', 'OP y', 1), COMPLETED]);
    expect(across.record.lines.slice(1)).toEqual(['open 0 message', 'text 0.0 x ', 'close 0', 'end completed STOP']);
    const apart = filtered(['STOP'], [done(0, message('a', 'x ST')), done(1, message('b', 'OP y')), COMPLETED]);
    expect(apart.record.finalEnd?.stopped).toBeNull();
    expect(apart.record.textOf('text')).toBe('x STOP y');
  });

  it('keeps text of several parts in their parts', () => {
    const { record } = filtered(['STOP'], [text(0, 'a', 'xS', 0), text(0, 'a', 'T', 1), text(0, 'a', 'Ux', 2), COMPLETED]);
    expect(record.lines.slice(2, 5)).toEqual(['text 0.0 xS', 'text 0.1 T', 'text 0.2 Ux']);
  });

  it('is not looked for in reasoning and arguments', () => {
    const script = [
      summary(0, 'STOP'),
      done(0, { id: 'rs_1', type: 'reasoning' }),
      added(1, call('a', 'one')),
      args(1, 'a', '"STOP"'),
      COMPLETED,
    ];
    const { record } = filtered(['STOP'], script);
    expect(record.lines.slice(1)).toEqual([
      'open 0 reasoning',
      'think 0 STOP',
      'close 0',
      'open 1 function one call_a',
      'args 1 "STOP"',
      'close 1',
      'end completed',
    ]);
  });

  it('leaves out everything behind it, and ends with the usage of the turn', () => {
    const script = [
      text(0, 'a', 'x STOP y'),
      done(0, message('a', 'x STOP y')),
      done(1, call('b', 'one', '{}')),
      done(2, message('c', 'z')),
    ];
    const { record } = filtered(['STOP'], [...script, terminal({ usage: USAGE })]);
    expect(record.lines.slice(1)).toEqual(['open 0 message', 'text 0.0 x ', 'close 0', 'end completed STOP']);
    expect(record.finalEnd).toMatchObject({ usage: { input: 3, output: 2 }, failure: null, incompleteReason: null });
  });

  it.each(['response.incomplete', 'response.failed', 'response.cancelled'])('makes the turn end normally, even with %s', (type) => {
    const { record } = filtered(
      ['STOP'],
      [text(0, 'a', 'x STOP'), terminal({ usage: USAGE, incomplete_details: { reason: 'max_output_tokens' } }, type)],
    );
    expect(record.finalEnd).toMatchObject({
      status: 'completed',
      stopped: 'STOP',
      failure: null,
      incompleteReason: null,
      usage: { output: 2 },
    });
  });

  it('holds back no more than may be its beginning', () => {
    const { record, normaliser } = filtered(['STOP'], [text(0, 'a', 'abc')]);
    expect(record.textOf('text')).toBe('abc');
    normaliser.accept(decodeEvents([text(0, 'a', 'deSTO')]));
    expect(record.textOf('text')).toBe('abcde');
    normaliser.accept(decodeEvents([text(0, 'a', 'x')]));
    expect(record.textOf('text')).toBe('abcdeSTOx');
  });

  it('shows annotations behind the text that they belong to, and none behind the end', () => {
    const note = (url: string): JsonObject => ({
      type: 'response.output_text.annotation.added',
      output_index: 0,
      content_index: 0,
      annotation: { type: 'url_citation', url },
    });
    const { record } = filtered(
      ['STOP'],
      [text(0, 'a', 'x S'), note('one'), text(0, 'a', 'y ST'), note('two'), text(0, 'a', 'OP'), note('three'), COMPLETED],
    );
    expect(record.lines.slice(2, -2)).toEqual(['text 0.0 x S', 'annotation 0.0 one', 'text 0.0 y ']);
  });

  it('does not change a failed turn that it was not met in', () => {
    const { record } = filtered(['STOP'], [text(0, 'a', 'x ST'), terminal({}, 'response.failed')]);
    expect(record.lines.slice(1)).toEqual(['open 0 message', 'text 0.0 x ST', 'end failed']);
  });
});

describe('satisfied', () => {
  it('is true from the match to the end', () => {
    const { filter, normaliser } = filtered(['STOP'], [text(0, 'a', 'x')]);
    expect(filter.satisfied).toBe(false);
    normaliser.accept(decodeEvents([text(0, 'a', 'STOP')]));
    expect(filter.satisfied).toBe(true);
    normaliser.accept(decodeEvents([COMPLETED]));
    expect(filter.satisfied).toBe(false);
  });

  it('lets the turn be finished without upstream, once', () => {
    const { record, filter, normaliser } = filtered(['STOP'], [text(0, 'a', 'x STOP')]);
    filter.finish();
    filter.finish();
    normaliser.accept(decodeEvents([COMPLETED]));
    expect(record.lines.at(-1)).toBe('end completed STOP');
    expect(record.finalEnd).toEqual({
      status: 'completed',
      incompleteReason: null,
      usage: null,
      failure: null,
      stopped: 'STOP',
      serviceTier: null,
    });
    expect(filter.satisfied).toBe(false);
  });

  it('does not let a turn be finished that was not stopped', () => {
    const { record, filter } = filtered(['STOP'], [text(0, 'a', 'x')]);
    filter.finish();
    expect(record.finalEnd).toBeNull();
  });
});

it('another attempt begins anew', () => {
  let record = new TurnRecord();
  const relay = new Proxy({} as TurnRecord, { get: (_, name) => (record[name as 'begin'] as (...given: unknown[]) => void).bind(record) });
  const filter = new StopFilter(relay, ['STOP']);
  const normaliser = new TurnNormaliser(filter, { shows: new Set(ALL), newCallId: () => 'x' });
  normaliser.accept(decodeEvents([text(0, 'a', 'x ST')]));
  for (const first of ['OP', 'x STOP']) {
    record = new TurnRecord();
    normaliser.restart();
    filter.restart();
    normaliser.accept(decodeEvents([text(0, 'a', first), ...(first === 'OP' ? [COMPLETED] : [])]));
    expect(filter.satisfied).toBe(first !== 'OP');
  }
});

/** What a stop sequence leaves of a whole text. */
function cut(whole: string, stops: readonly string[]): [string, string | null] {
  for (let i = 0; i < whole.length; i++) {
    const here = stops.filter((stop) => whole.startsWith(stop, i)).sort((a, b) => b.length - a.length);
    if (here[0] !== undefined) return [whole.slice(0, i), here[0]];
  }
  return [whole, null];
}

describe('any text and any stop sequences', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 16 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 });

  it('are cut at the first match, the longest there, however the text is cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 6 }), stops, (pieces, given) => {
        expect(visible(given, ...pieces)).toEqual(cut(pieces.join(''), given));
      }),
      { numRuns: 2000 },
    );
  });

  it('hold back no more than the longest one less a character', () => {
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 6 }), stops, (pieces, given) => {
        const { record } = filtered(
          given,
          pieces.map((piece) => text(0, 'a', piece)),
        );
        const whole = pieces.join('');
        const [shown, stopped] = cut(whole, given);
        const told = record.textOf('text');
        expect(shown.startsWith(told)).toBe(true);
        if (stopped === null) expect(whole.length - told.length).toBeLessThan(Math.max(...given.map(({ length }) => length)));
      }),
      { numRuns: 500 },
    );
  });

  it('leave a turn by the grammar of the alphabet', () => {
    fc.assert(
      fc.property(damagedScripts, fc.array(anyText, { maxLength: 3 }), (script, given) => {
        filtered(given, script);
      }),
      { numRuns: 300 },
    );
  });

  it('that are not met leave the turn as it is', () => {
    fc.assert(
      fc.property(damagedScripts, (script) => {
        const plain = new TurnRecord();
        new TurnNormaliser(plain, { shows: new Set(ALL), newCallId: () => 'x' }).accept(decodeEvents(script));
        expect(filtered(['never met 1', 'word never'], script).record.lines.sort()).toEqual(plain.lines.sort());
      }),
      { numRuns: 300 },
    );
  });
});
