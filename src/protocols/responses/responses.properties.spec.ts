import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeEvents, fixtureNames, readFixture, readFrames } from '../../../test/support/upstream-fixtures.js';
import { damagedScripts as scripts } from '../../../test/support/upstream-scripts.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { ResponsesFold } from './responses.response.js';
import { ResponsesStreamEncoder } from './responses.stream.js';
import type { ResponsesReply } from './responses-reply.js';

const REPLY: ResponsesReply = {
  model: 'gpt-5.4',
  slug: 'gpt-5.4',
  codexClient: false,
  echo: {},
  asked: {
    instructions: null,
    tools: [],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    reasoning: null,
    text: { format: { type: 'text' } },
  },
  fallbackId: 'resp_fallback',
  createdAt: 1_787_000_001,
};
const CUT = new GatewayError('truncated', 'cut');

/** The whole stream a client sees; `chunks`: how many events arrive at a time. */
function stream(script: readonly JsonObject[], hot = true, chunks = 1000, reply = REPLY): string {
  const encoder = new ResponsesStreamEncoder(reply);
  const events = decodeEvents(script, hot);
  let bytes = '';
  let ended = false;
  for (let i = 0; i < events.length; i += chunks) {
    const chunk = encoder.encode(events.slice(i, i + chunks));
    bytes += chunk.preamble + chunk.output;
    ended ||= chunk.ended;
  }
  return ended ? bytes : bytes + encoder.fail(CUT);
}

function fold(script: readonly JsonObject[]): JsonObject | null {
  const turn = new ResponsesFold(REPLY);
  turn.accept(decodeEvents(script));
  try {
    return JSON.parse(turn.json()) as JsonObject;
  } catch (error) {
    if (error instanceof GatewayError) return null;
    throw error;
  }
}

/** What the official helper library does with a stream; it throws where structure is missing. */
function accumulate(events: readonly JsonObject[]): JsonObject | null {
  let snapshot: JsonObject | null = null;
  const added = new Set<unknown>();
  const parts = new Set<string>();
  for (const event of events) {
    const type = event.type as string;
    if (snapshot === null) {
      if (type !== 'response.created') throw new Error(`first event is ${type}`);
      snapshot = event.response as JsonObject;
      if (!Array.isArray(snapshot.output)) throw new Error('no output');
      continue;
    }
    if (type === 'response.output_item.added') {
      if (added.has(event.output_index)) throw new Error('added twice');
      added.add(event.output_index);
    } else if (type === 'response.content_part.added' || type === 'response.reasoning_summary_part.added') {
      const key = `${String(event.output_index)} ${String(event.content_index ?? event.summary_index)} ${type}`;
      if (parts.has(key)) throw new Error('part added twice');
      parts.add(key);
    }
    if ('output_index' in event && !added.has(event.output_index)) throw new Error(`${type} for an item that was not added`);
    if (/^response\.(completed|incomplete|failed)$/.test(type)) snapshot = event.response as JsonObject;
  }
  return snapshot;
}

describe('any upstream script', () => {
  it('becomes created event* and one terminal, with rising numbers, that the helper library can read', () => {
    fc.assert(
      fc.property(scripts, fc.boolean(), (script, codexClient) => {
        const events = readFrames(stream(script, true, 1000, { ...REPLY, codexClient }));
        const types = events.map(({ type }) => type as string).filter((type) => type.startsWith('response.'));
        expect(types[0]).toBe('response.created');
        expect(types.filter((type) => /^response\.(created|completed|incomplete|failed)$/.test(type))).toHaveLength(2);
        expect(types.at(-1)).toMatch(/^response\.(completed|incomplete|failed)$/);
        if (codexClient) return;
        expect(accumulate(events)?.model).toBe('gpt-5.4');
        expect(events.every(({ sequence_number }) => typeof sequence_number === 'number')).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('streams what the JSON answer says', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const last = readFrames(stream(script)).at(-1)!;
        const answer = fold(script);
        if (answer === null) expect(last.type).toBe('response.failed');
        else expect(last.response).toEqual(answer);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same stream on the fast and the parsed path, in whatever chunks it comes', () => {
    fc.assert(
      fc.property(scripts, fc.integer({ min: 1, max: 9 }), (script, chunks) => {
        const whole = stream(script);
        expect(stream(script, true, chunks)).toBe(whole);
        expect(readFrames(stream(script, false))).toEqual(readFrames(whole));
      }),
      { numRuns: 300 },
    );
  });

  it('is left as it is when it has been through the gateway already', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const once = stream(script);
        // What came twice in a row is told once. Two that were kept apart by something that is not told come together here.
        const frames = once.split('\n\n');
        fc.pre(frames.every((frame, i) => frame !== frames[i - 1]));
        expect(stream(readFrames(once))).toBe(once);
      }),
      { numRuns: 300 },
    );
  });
});

describe('numbers', () => {
  it('rise even where events had to be inserted', () => {
    fc.assert(
      fc.property(fc.constantFrom(...fixtureNames()).map(readFixture), fc.array(fc.nat(40), { maxLength: 5 }), (script, dropped) => {
        const kept = script.filter((_, i) => !dropped.includes(i));
        const numbers = readFrames(stream(kept)).map(({ sequence_number }) => sequence_number as number);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      }),
      { numRuns: 200 },
    );
  });
});
