import { describe, expect, it } from '@jest/globals';
import { CHAT_REPLY, chatAnswer, chatStream } from '../../../test/support/chat-answers.js';
import { payloadsOf, readChatStream } from '../../../test/support/chat-grammar.js';
import { fromBytes } from '../../common/byte-string.js';
import { decodeEvents, readFixture } from '../../../test/support/upstream-fixtures.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { ChatCompletionsFold } from './chat-completions.response.js';
import { ChatCompletionsStreamEncoder } from './chat-completions.stream.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';

const SCRIPT = readFixture('text');
const TEXT = decodeEvents(SCRIPT);
const BUSY = new GatewayError('overloaded', 'busy');
const KEEP_ALIVE = ': keep-alive\n\n';

const begin = (reply: Partial<ChatCompletionsReply> = {}): ChatCompletionsStreamEncoder => {
  const encoder = new ChatCompletionsStreamEncoder({ ...CHAT_REPLY, ...reply });
  encoder.restart(false);
  return encoder;
};
const idsOf = (bytes: string): Set<string> => new Set(payloadsOf(bytes).flatMap(({ id }) => (id ? [id as string] : [])));
/** The same turn as another response. */
const renamed = (id: string): JsonObject[] => JSON.parse(JSON.stringify(SCRIPT).replaceAll(/"resp_[^"]*"/g, `"${id}"`)) as JsonObject[];

describe('what commits the turn', () => {
  it('is the first delta; the chunk with the role does not', () => {
    const encoder = begin();
    const { preamble, output } = encoder.encode(TEXT.slice(0, 2));
    expect([payloadsOf(preamble).map(({ choices }) => choices[0].delta), output]).toEqual([[{ role: 'assistant', content: '' }], '']);
    const rest = encoder.encode(TEXT.slice(2));
    expect([rest.preamble, rest.ended, rest.output.endsWith('data: [DONE]\n\n')]).toEqual(['', true, true]);
    expect(payloadsOf(rest.output)[0].choices[0].delta.content).toBeTruthy();
  });

  it('is nothing that a chunk of events without output has', () => {
    expect(begin().encode([])).toEqual({ preamble: '', output: '', ended: false });
  });
});

describe('the header hold', () => {
  it('is a comment; the role goes out once, with what comes', () => {
    const encoder = begin();
    const held = encoder.hold();
    expect(held).toBe(KEEP_ALIVE);
    const { preamble, output } = encoder.encode(TEXT);
    expect(readChatStream(fromBytes(held + preamble + output), false).faults).toEqual([]);
  });
});

describe('another attempt', () => {
  it('begins anew what was not sent', () => {
    const encoder = begin();
    encoder.encode(TEXT.slice(0, -3));
    encoder.restart(false);
    const { preamble, output } = encoder.encode(decodeEvents(renamed('resp_second')));
    expect(readChatStream(fromBytes(preamble + output), false).faults).toEqual([]);
    expect(idsOf(preamble + output)).toEqual(new Set(['chatcmpl-second']));
  });

  it('keeps the role and the id that were sent', () => {
    const encoder = begin();
    const first = encoder.encode(TEXT.slice(0, 1)).preamble;
    encoder.restart(true);
    const { preamble, output } = encoder.encode(decodeEvents(renamed('resp_second')));
    expect(preamble).toBe('');
    expect(readChatStream(fromBytes(first + output), false).faults).toEqual([]);
    expect(idsOf(first + output).size).toBe(1);
  });

  it('counts calls from 0 again', () => {
    const script = decodeEvents(readFixture('parallel-tools-interleaved'));
    const encoder = begin();
    encoder.encode(script.slice(0, -2));
    encoder.restart(false);
    const { preamble, output } = encoder.encode(script);
    expect(readChatStream(fromBytes(preamble + output), false).faults).toEqual([]);
  });

  it('forgets the JSON answer so far', () => {
    const fold = new ChatCompletionsFold(CHAT_REPLY);
    fold.accept(decodeEvents(readFixture('reasoning')).slice(0, -2));
    fold.restart();
    fold.accept(TEXT);
    expect(JSON.parse(fold.json())).toEqual(chatAnswer(SCRIPT));
  });
});

describe('a failure after output', () => {
  it('is one error with all its members: no finish, no [DONE], nothing behind it', () => {
    const encoder = begin();
    const { preamble, output } = encoder.encode(TEXT.slice(0, -2));
    const reading = readChatStream(fromBytes(preamble + output + encoder.fail(BUSY)), false);
    expect([reading.faults, reading.completion]).toEqual([[], null]);
    expect(reading.error).toEqual({ message: 'busy', type: 'server_error', param: null, code: 'server_is_overloaded' });
    expect([encoder.fail(BUSY), encoder.encode(TEXT), encoder.finish()]).toEqual(['', { preamble: '', output: '', ended: true }, '']);
  });

  it('is not told behind a normal end', () => {
    const encoder = begin();
    encoder.encode(TEXT);
    expect(encoder.fail(BUSY)).toBe('');
  });
});

it('keeps idle connections alive with comments: SDKs take every event for JSON', () => {
  expect(begin().keepAlive()).toBe(KEEP_ALIVE);
});

describe('a stop sequence', () => {
  const content = chatAnswer(SCRIPT).choices[0].message.content as string;
  const stops = [content.slice(2, 4)];
  const before = content.slice(0, content.indexOf(stops[0]!));

  it('ends the text before it, with upstream’s usage', () => {
    const { faults, completion } = readChatStream(chatStream(SCRIPT, { stops, includeUsage: true }), true);
    expect(faults).toEqual([]);
    expect(completion.choices[0]).toMatchObject({ message: { content: before }, finish_reason: 'stop' });
    expect(completion).toEqual(chatAnswer(SCRIPT, { stops }));
    expect(completion.usage.total_tokens).toBeGreaterThan(0);
  });

  it('ends the turn without upstream’s end, and then with an estimate of the usage', () => {
    const cut = SCRIPT.slice(0, -1);
    const reply = { stops, includeUsage: true, inputEstimate: () => 33 };
    const { faults, completion } = readChatStream(chatStream(cut, reply), true);
    expect([faults, completion.usage]).toMatchObject([[], { prompt_tokens: 33, completion_tokens: 1, total_tokens: 34 }]);
    expect(completion).toEqual(chatAnswer(cut, reply));
    expect(chatStream(cut, { stops, inputEstimate: () => 33 })).not.toContain('usage');
  });

  it('is what satisfies an encoder; without one nothing does', () => {
    const encoder = begin({ stops });
    encoder.encode(TEXT.slice(0, -1));
    const other = begin();
    other.encode(TEXT.slice(0, -1));
    expect([encoder.satisfied, other.satisfied]).toEqual([true, false]);
  });
});
