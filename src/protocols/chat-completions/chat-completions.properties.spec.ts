import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chatAnswer, chatStream } from '../../../test/support/chat-answers.js';
import { ChatReading, faultsOfCompletion, readChatStream } from '../../../test/support/chat-grammar.js';
import { damagedScripts, validScripts } from '../../../test/support/upstream-scripts.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';

const replies: fc.Arbitrary<Partial<ChatCompletionsReply>> = fc.record({
  includeUsage: fc.boolean(),
  legacyFunctions: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  stops: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.constant(['word', '"', 'é漢']) }),
});
const scripts = fc.oneof(validScripts, damagedScripts);

const read = (script: readonly JsonObject[], reply: Partial<ChatCompletionsReply> = {}): ChatReading =>
  readChatStream(chatStream(script, reply), reply.includeUsage ?? false);

describe('any upstream script', () => {
  it('becomes a stream by the grammar, and the JSON answer says the same', () => {
    fc.assert(
      fc.property(scripts, replies, (script, reply) => {
        const { faults, completion, error } = read(script, reply);
        expect(faults).toEqual([]);
        const answer = chatAnswer(script, reply);
        if (answer instanceof GatewayError) return expect([completion, error.message]).toEqual([null, answer.message]);
        expect(faultsOfCompletion(answer)).toEqual([]);
        const { usage, ...rest } = answer;
        expect(completion).toEqual(usage && reply.includeUsage ? answer : rest);
      }),
      { numRuns: 500 },
    );
  });

  it('ends with `stop` only where nothing is called, unless a stop sequence ended it', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const choice = read(script).completion?.choices[0];
        if (choice?.finish_reason === 'stop') expect(choice.message).not.toHaveProperty('tool_calls');
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same bytes in whatever chunks it comes', () => {
    fc.assert(
      fc.property(scripts, replies, fc.integer({ min: 1, max: 9 }), (script, reply, chunk) => {
        expect(chatStream(script, reply, { chunk })).toBe(chatStream(script, reply));
      }),
      { numRuns: 300 },
    );
  });

  it('says the same on the fast and the parsed path', () => {
    fc.assert(
      fc.property(scripts, replies, (script, reply) => {
        expect(chatStream(script, reply, { hot: false })).toBe(chatStream(script, reply));
      }),
      { numRuns: 300 },
    );
  });

  it('is never told as a normal end where it has none', () => {
    fc.assert(
      fc.property(validScripts, fc.nat(), (script, at) => {
        const cut = script.slice(0, at % script.length);
        const { faults, completion, error } = read(cut);
        expect([faults, completion, error?.code]).toEqual([[], null, 'upstream_stream_truncated']);
        expect(chatAnswer(cut)).toBeInstanceOf(GatewayError);
      }),
      { numRuns: 200 },
    );
  });
});
