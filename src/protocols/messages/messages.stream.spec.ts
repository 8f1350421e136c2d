import { describe, expect, it } from '@jest/globals';
import { HEAD, MESSAGES_REPLY, messagesAnswer, messagesStream } from '../../../test/support/messages-answers.js';
import { readMessagesStream } from '../../../test/support/messages-grammar.js';
import { framesOf } from '../../../test/support/sse-frames.js';
import { decodeEvents, readFixture } from '../../../test/support/upstream-fixtures.js';
import { fromBytes } from '../../common/byte-string.js';
import { GatewayError } from '../../common/gateway-error.js';
import { decodeSignature } from '../shared/reasoning-signature.js';
import { MessagesFold } from './messages.response.js';
import { MessagesStreamEncoder } from './messages.stream.js';
import type { MessagesReply } from './messages-reply.js';
import { prewarmFrames, prewarmJson } from './prewarm.js';

const TEXT = decodeEvents(readFixture('text'));
const BUSY = new GatewayError('overloaded', 'busy');
const PING = 'event: ping\ndata: {"type":"ping"}\n\n';

const begin = (reply: Partial<MessagesReply> = {}): MessagesStreamEncoder => {
  const encoder = new MessagesStreamEncoder({ ...MESSAGES_REPLY, ...reply });
  encoder.restart(false, HEAD);
  return encoder;
};
const types = (bytes: string): string[] => framesOf(bytes).map(({ data }) => data.type);
const idOf = (bytes: string): string => framesOf(bytes).find(({ data }) => data.type === 'message_start')?.data.message.id;

describe('what commits the turn', () => {
  it('is the first block; message_start and ping do not', () => {
    const encoder = begin();
    const chunk = encoder.encode(TEXT.slice(0, 2));
    expect([types(chunk.preamble), chunk.output]).toEqual([['message_start', 'ping'], '']);
    const { preamble, output, ended } = encoder.encode(TEXT.slice(2));
    expect([preamble, types(output)[0], types(output).at(-1), ended]).toEqual(['', 'content_block_start', 'message_stop', true]);
  });
});

describe('the header hold', () => {
  it('begins the message before upstream has, and its id stays', () => {
    const encoder = begin();
    const held = encoder.hold();
    expect([types(held), idOf(held)]).toEqual([['message_start', 'ping'], 'msg_fallback']);
    const { preamble, output } = encoder.encode(TEXT);
    expect(preamble).toBe('');
    expect(readMessagesStream(framesOf(held + output)).faults).toEqual([]);
  });

  it('is a ping where the message has begun', () => {
    const encoder = begin();
    encoder.encode(TEXT.slice(0, 1));
    expect(encoder.hold()).toBe(PING);
  });

  it('survives another attempt, although the sink never had its frames as a preamble', () => {
    const encoder = begin();
    const held = encoder.hold();
    encoder.restart(false, HEAD);
    const { preamble, output } = encoder.encode(TEXT);
    expect(readMessagesStream(framesOf(held + preamble + output)).faults).toEqual([]);
  });
});

describe('another attempt', () => {
  it('begins anew what was not sent', () => {
    const encoder = begin();
    encoder.encode(TEXT.slice(0, -3));
    encoder.restart(false, HEAD);
    const { preamble, output } = encoder.encode(TEXT);
    expect(fromBytes(preamble + output)).toBe(messagesStream(readFixture('text')));
  });

  it('keeps the message_start that was sent', () => {
    const encoder = begin();
    const first = encoder.encode(TEXT.slice(0, 1)).preamble;
    encoder.restart(true, HEAD);
    const { preamble, output } = encoder.encode(TEXT);
    expect(preamble).toBe('');
    expect(readMessagesStream(framesOf(first + output)).faults).toEqual([]);
  });

  it('forgets the JSON answer so far', () => {
    const fold = new MessagesFold(MESSAGES_REPLY);
    fold.restart(HEAD);
    fold.accept(TEXT.slice(0, -2));
    fold.restart(HEAD);
    fold.accept(TEXT);
    expect(JSON.parse(fold.json())).toEqual(messagesAnswer(readFixture('text')));
  });
});

describe('a failure after output', () => {
  it('is one error frame with the request’s id, and nothing follows', () => {
    const encoder = begin();
    encoder.encode(TEXT.slice(0, -2));
    expect(framesOf(encoder.fail(BUSY)).map(({ data }) => data)).toEqual([
      { type: 'error', error: { type: 'overloaded_error', message: 'busy' }, request_id: 'req_1' },
    ]);
    expect([encoder.fail(BUSY), encoder.encode(TEXT), encoder.finish()]).toEqual(['', { preamble: '', output: '', ended: true }, '']);
  });

  it('is not told behind a normal end', () => {
    const encoder = begin();
    encoder.encode(TEXT);
    expect(encoder.fail(BUSY)).toBe('');
  });
});

it('keeps idle connections alive with pings', () => {
  expect(begin().keepAlive()).toBe(PING);
});

describe('a stop sequence', () => {
  const text = readMessagesStream(framesOf(messagesStream(readFixture('text')))).message.content[0].text as string;
  const stop = text.slice(2, 4);
  const before = text.slice(0, text.indexOf(stop));

  it('ends the text before it, and names it', () => {
    const { message, faults } = readMessagesStream(framesOf(messagesStream(readFixture('text'), { stops: [stop] })));
    expect(faults).toEqual([]);
    expect(message).toMatchObject({ content: [{ text: before }], stop_reason: 'stop_sequence', stop_sequence: stop });
    expect(message).toEqual(messagesAnswer(readFixture('text'), { stops: [stop] }));
  });

  it('satisfies the turn before upstream ends: usage is then estimated', () => {
    const encoder = begin({ stops: [stop] });
    const fold = new MessagesFold({ ...MESSAGES_REPLY, stops: [stop] });
    fold.restart(HEAD);
    fold.accept(TEXT.slice(0, -1));
    const { preamble, output } = encoder.encode(TEXT.slice(0, -1));
    expect([encoder.satisfied, fold.satisfied]).toEqual([true, true]);
    const { message, faults } = readMessagesStream(framesOf(preamble + output + encoder.finish()));
    expect(faults).toEqual([]);
    expect(message).toMatchObject({ stop_reason: 'stop_sequence', usage: { input_tokens: 77 } });
    expect(JSON.parse(fold.json())).toEqual(message);
    expect(encoder.finish()).toBe('');
  });
});

it('signs thinking with what the account that answered needs to read it again', () => {
  const encrypted = `gAAAA${'B'.repeat(93)}`;
  const script = JSON.parse(JSON.stringify(readFixture('reasoning')).replaceAll(/gAAAA\w+/g, encrypted));
  const { message } = readMessagesStream(framesOf(messagesStream(script)));
  expect(decodeSignature(message.content[0].signature)).toEqual({ encryptedContent: encrypted, scope: 'scope-1' });
});

it('answers a prewarm with a message that has nothing in it', () => {
  const { message, faults } = readMessagesStream(framesOf(prewarmFrames(MESSAGES_REPLY)));
  expect(faults).toEqual([]);
  expect(message).toMatchObject({ content: [], stop_reason: 'max_tokens', usage: { input_tokens: 77, output_tokens: 0 } });
  expect(JSON.parse(prewarmJson(MESSAGES_REPLY))).toEqual(message);
});
