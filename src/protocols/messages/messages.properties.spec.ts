import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messagesAnswer, messagesStream } from '../../../test/support/messages-answers.js';
import { MessagesReading, readMessagesStream } from '../../../test/support/messages-grammar.js';
import { framesOf } from '../../../test/support/sse-frames.js';
import { damagedScripts, validScripts } from '../../../test/support/upstream-scripts.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import type { MessagesReply } from './messages-reply.js';

const replies: fc.Arbitrary<Partial<MessagesReply>> = fc.record({
  thinking: fc.constantFrom('shown' as const, 'omitted' as const, 'hidden' as const),
  webSearch: fc.boolean(),
  stops: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.constant(['word', '"', 'é漢']) }),
});
const scripts = fc.oneof(validScripts, damagedScripts);

const read = (script: readonly JsonObject[], reply: Partial<MessagesReply>): MessagesReading =>
  readMessagesStream(framesOf(messagesStream(script, reply)));

describe('any upstream script', () => {
  it('becomes a stream by the grammar, and the JSON answer says the same', () => {
    fc.assert(
      fc.property(scripts, replies, (script, reply) => {
        const { faults, message, error } = read(script, reply);
        expect(faults).toEqual([]);
        const answer = messagesAnswer(script, reply);
        if (!(answer instanceof GatewayError)) expect(message).toEqual(answer);
        // Clients of a stream parse arguments themselves; a JSON answer cannot tell them at all.
        else if (answer.message !== 'tool arguments are not valid JSON') expect(error?.message).toBe(answer.message);
      }),
      { numRuns: 500 },
    );
  });

  it('shows thinking and searches only to those who asked', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const { message } = read(script, { thinking: 'hidden', webSearch: false });
        const types = (message?.content ?? []).map(({ type }: { type: string }) => type);
        expect(types.filter((type: string) => type !== 'text' && type !== 'tool_use')).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same bytes in whatever chunks it comes, and the same events on the parsed path', () => {
    fc.assert(
      fc.property(scripts, replies, fc.integer({ min: 1, max: 9 }), (script, reply, chunk) => {
        const whole = messagesStream(script, reply);
        expect(messagesStream(script, reply, { chunk })).toBe(whole);
        expect(framesOf(messagesStream(script, reply, { hot: false }))).toEqual(framesOf(whole));
      }),
      { numRuns: 300 },
    );
  });

  it('is never told as a normal end where it has none', () => {
    fc.assert(
      fc.property(validScripts, fc.nat(), (script, at) => {
        const cut = script.slice(0, at % script.length);
        const { faults, message, error } = read(cut, {});
        expect([faults, message, error?.type]).toEqual([[], null, 'api_error']);
        expect(messagesAnswer(cut)).toBeInstanceOf(GatewayError);
      }),
      { numRuns: 200 },
    );
  });
});
