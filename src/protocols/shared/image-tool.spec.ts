import { describe, expect, it } from '@jest/globals';
import { decodeMessages } from '../messages/messages.request.js';
import { decodeChatCompletions } from '../chat-completions/chat-completions.request.js';
import { resolve } from '../../../test/support/decode-messages.js';
import { readResponsesRequest } from './responses-request/responses-request.js';

const IMAGE = { type: 'image_generation' };
const NAMED = { type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false };

describe('a name that asks for pictures', () => {
  it('brings the tool in the Responses dialect, beside those of the client and only once', () => {
    const tools = (more: object = {}): unknown =>
      readResponsesRequest({ model: 'gpt-5.4-image', input: 'x', ...more }, {}, resolve).request.body.tools;
    expect(tools()).toEqual([IMAGE]);
    expect(tools({ tools: [NAMED] })).toMatchObject([{ name: 'f' }, IMAGE]);
    expect(tools({ tools: [{ ...IMAGE, size: '1024x1024' }] })).toEqual([{ ...IMAGE, size: '1024x1024' }]);
    expect(tools({ model: 'gpt-5.4' })).toBeUndefined();
  });

  it('brings it in Chat Completions, whichever shape the body has', () => {
    const body = (more: object): object => decodeChatCompletions({ model: 'gpt-5.4-image', ...more }, {}, resolve).request.body;
    expect(body({ messages: [{ role: 'user', content: 'x' }] })).toMatchObject({ model: 'gpt-5.4', tools: [IMAGE] });
    expect(body({ input: 'x' })).toMatchObject({ model: 'gpt-5.4', tools: [IMAGE] });
  });

  it('is refused in Messages, whose answers have no place for a picture', () => {
    const body = { model: 'gpt-5.4-image', max_tokens: 100, messages: [{ role: 'user', content: 'x' }] };
    expect(() => decodeMessages(body, {}, resolve, { dropEmptyArguments: [] })).toThrow('cannot carry');
  });
});
