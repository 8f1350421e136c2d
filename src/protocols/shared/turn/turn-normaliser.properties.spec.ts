import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ALL } from '../../../../test/support/normalised-run.js';
import { scriptOf } from '../../../../test/support/scripted-turn.js';
import { intendedMeaning, type ItemMeaning, meaningOf } from '../../../../test/support/turn-meaning.js';
import { TurnRecord } from '../../../../test/support/turn-record.js';
import { decodeEvents } from '../../../../test/support/upstream-fixtures.js';
import { damagedScripts, turns, validScripts } from '../../../../test/support/upstream-scripts.js';
import { DeltaShapes } from '../../../upstream/delta-shape.js';
import { SseDecoder } from '../../../upstream/sse-decoder.js';
import type { JsonObject, UpstreamEvent } from '../../../upstream/upstream-event.js';
import type { SlotKind } from './turn-listener.js';
import { TurnNormaliser } from './turn-normaliser.js';

const kinds = fc.subarray([...ALL], { minLength: 1 });

/** `batches`: the events of one network chunk each. The record throws where the grammar of the alphabet is broken. */
function record(batches: Iterable<readonly UpstreamEvent[]>, shows: readonly SlotKind[] = ALL, retainBytes?: number): TurnRecord {
  const made = new TurnRecord();
  const normaliser = new TurnNormaliser(made, { shows: new Set(shows), newCallId: () => 'call_made_up', retainBytes });
  for (const events of batches) normaliser.accept(events);
  return made;
}

function* decodeSplit(script: readonly JsonObject[], cuts: readonly number[]): Generator<readonly UpstreamEvent[]> {
  const bytes = Buffer.from(script.map((json) => `event: ${String(json.type)}\ndata: ${JSON.stringify(json)}\n\n`).join(''));
  const decoder = new SseDecoder(undefined, new DeltaShapes());
  const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
  for (const [i, from] of [0, ...places].entries()) yield decoder.push(bytes.subarray(from, places[i] ?? bytes.length));
  yield decoder.end();
}

const withoutImages = (items: ItemMeaning[]): ItemMeaning[] => items.map((item) => ({ ...item, images: [] }));

describe('a healthy turn', () => {
  it('is told with everything in it, in order, however it was interleaved', () => {
    fc.assert(
      fc.property(turns, (turn) => {
        const made = record([decodeEvents(scriptOf(turn))]);
        expect(withoutImages(meaningOf(made))).toEqual(intendedMeaning(turn, 'left out'));
        const shown = meaningOf(made).flatMap(({ images }) => images.map((image) => image.split(' ')[1]));
        const meant = turn.items.flatMap((item) => (item.type === 'image_generation_call' ? [item.result] : []));
        expect(shown.sort()).toEqual([...new Set(meant)].sort());
        expect(made.finalEnd?.status).toBe(turn.status);
      }),
      { numRuns: 500 },
    );
  });

  it('is told with only the kinds that are shown', () => {
    fc.assert(
      fc.property(turns, kinds, (turn, shows) => {
        const made = record([decodeEvents(scriptOf(turn))], shows);
        const meant = intendedMeaning(turn, 'left out').filter(({ kind }) => shows.includes(kind));
        expect(withoutImages(meaningOf(made))).toEqual(meant);
      }),
      { numRuns: 200 },
    );
  });

  it('means the same when any of its last pieces are missing', () => {
    fc.assert(
      fc.property(turns, fc.nat(4), (turn, kept) => {
        const counts = new Map<string, number>();
        const told = { ...turn, tellings: turn.tellings.map(({ cuts }) => ({ cuts, wholes: true })) };
        const script = scriptOf(told).filter(({ type, output_index: output, content_index: content, summary_index: summary }) => {
          if (!String(type).endsWith('.delta')) return true;
          const key = [type, output, content, summary].join(' ');
          counts.set(key, (counts.get(key) ?? 0) + 1);
          return counts.get(key)! <= kept;
        });
        expect(withoutImages(meaningOf(record([decodeEvents(script)])))).toEqual(intendedMeaning(turn, 'left out'));
      }),
      { numRuns: 300 },
    );
  });

  it('is told once when everything but its pieces comes twice', () => {
    fc.assert(
      fc.property(validScripts, (script) => {
        const twice = script.flatMap((event) => (String(event.type).endsWith('.delta') ? [event] : [event, structuredClone(event)]));
        expect(record([decodeEvents(twice)]).lines).toEqual(record([decodeEvents(script)]).lines);
      }),
      { numRuns: 300 },
    );
  });

  it('loses no piece when nothing may be kept', () => {
    fc.assert(
      fc.property(turns, (turn) => {
        const told = { ...turn, tellings: turn.tellings.map(({ cuts, wholes }) => ({ cuts: cuts ?? [], wholes })) };
        expect(withoutImages(meaningOf(record([decodeEvents(scriptOf(told))], ALL, 0))).map(({ content }) => content)).toEqual(
          intendedMeaning(told, 'left out').map(({ content }) => content),
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe('any script', () => {
  it('is told by the grammar of the alphabet, whatever is shown', () => {
    fc.assert(
      fc.property(damagedScripts, kinds, (script, shows) => {
        const made = record([decodeEvents(script)], shows);
        expect(made.slots.every(({ kind }) => shows.includes(kind))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('is told alike on the fast and the parsed path', () => {
    fc.assert(
      fc.property(damagedScripts, kinds, (script, shows) => {
        const hot = record([decodeEvents(script, true)], shows);
        const parsed = record([decodeEvents(script, false)], shows);
        expect(hot.told).toEqual(parsed.told);
        expect(hot.pieces).toEqual(parsed.pieces);
      }),
      { numRuns: 500 },
    );
  });

  it('is told alike however its bytes are split', () => {
    fc.assert(
      fc.property(damagedScripts, fc.array(fc.nat(20_000), { maxLength: 12 }), (script, cuts) => {
        expect(record(decodeSplit(script, cuts)).told).toEqual(record([decodeEvents(script)]).told);
      }),
      { numRuns: 300 },
    );
  });

  it('never makes it throw, whatever its members hold', () => {
    const junk = fc.oneof(
      fc.constantFrom(null, -1, 1e300, '', 'x', [], {}, true, [null], [[]], { type: 1 }),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const strike = fc.record({ event: fc.nat(80), path: fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }), value: junk });
    fc.assert(
      fc.property(damagedScripts, fc.array(strike, { minLength: 1, maxLength: 10 }), fc.nat(200), (script, strikes, retainBytes) => {
        const struck = structuredClone(script);
        for (const { event, path, value } of strikes) spoil(struck[event % Math.max(1, struck.length)], path, structuredClone(value));
        const events = decodeEvents(struck.filter(({ type }) => typeof type === 'string'));
        record([events], ALL, retainBytes);
      }),
      { numRuns: 1500 },
    );
  });
});

/** Puts a value in place of some member, as deep as the path goes. */
function spoil(target: unknown, path: readonly number[], value: unknown): void {
  let at = target;
  for (const [depth, step] of path.entries()) {
    if (typeof at !== 'object' || at === null) return;
    const names = Object.keys(at);
    const name = names[step % Math.max(1, names.length)];
    if (name === undefined) return;
    const holder = at as JsonObject;
    const inner = holder[name];
    if (depth === path.length - 1 || typeof inner !== 'object' || inner === null) {
      holder[name] = value;
      return;
    }
    at = inner;
  }
}
