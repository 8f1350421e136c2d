import { describe, expect, it } from '@jest/globals';
import {
  answered,
  call,
  calls,
  chatItems,
  chatSent,
  decodeChat,
  ignoredOf,
  result,
  said,
  USER,
} from '../../../test/support/decode-chat.js';
import { refusal } from '../../../test/support/decode-request.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

const system = (content: unknown, role = 'system'): JsonObject => ({ role, content });
const developer = (...texts: string[]): JsonObject => ({
  type: 'message',
  role: 'developer',
  content: texts.map((text) => ({ type: 'input_text', text })),
});
const assistant = (content: unknown, more: JsonObject = {}): JsonObject => ({ role: 'assistant', content, ...more });
const called = (call_id: string, name: string, args = '{}'): JsonObject => ({ type: 'function_call', call_id, name, arguments: args });
const output = (call_id: string, value: unknown): JsonObject => ({ type: 'function_call_output', call_id, output: value });
const custom = (id: string, name: string, input: string): JsonObject => ({ id, type: 'custom', custom: { name, input } });
const PNG = 'data:image/png;base64,iVBORw0KGgo=';

describe('system messages', () => {
  it.each<[string, unknown[], string, unknown[]]>([
    ['become the instructions at the beginning', [system('a'), system('b', 'developer'), USER], 'a\n\nb', [said('hi')]],
    [
      'may come as parts',
      [
        system([
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ]),
        USER,
      ],
      'a\n\nb',
      [said('hi')],
    ],
    ['leave nothing where they are empty', [system(''), system('b'), USER], 'b', [said('hi')]],
    ['stay where they are later on', [system('a'), USER, system('b'), USER], 'a', [said('hi'), developer('b'), said('hi')]],
    [
      'keep their parts later on',
      [
        USER,
        system([
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ]),
      ],
      '',
      [said('hi'), developer('a', 'b')],
    ],
    ['are the input where there is nothing else', [system('a'), system('b', 'developer')], '', [developer('a'), developer('b')]],
    [
      'are the input where the others say nothing',
      [system('a'), system('b'), { role: 'assistant', content: null }],
      '',
      [developer('a'), developer('b')],
    ],
  ])('%s', (_name, messages, instructions, input) => {
    expect(chatSent({ messages })).toMatchObject({ instructions, input });
  });
});

describe('messages', () => {
  it.each<[string, unknown[], unknown[]]>([
    ['a user’s string', [USER], [said('hi')]],
    ['a user’s empty string', [{ role: 'user', content: '' }], [said('')]],
    ['an assistant’s string', [USER, assistant('a')], [said('hi'), answered('a')]],
    [
      'an assistant’s texts and refusals, in order',
      [
        assistant([
          { type: 'text', text: 'a' },
          { type: 'refusal', refusal: 'no' },
        ]),
      ],
      [
        {
          type: 'message',
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'a' },
            { type: 'refusal', refusal: 'no' },
          ],
        },
      ],
    ],
    [
      'a refusal beside the content',
      [assistant(null, { refusal: 'no' })],
      [{ type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] }],
    ],
    [
      'a refusal only once',
      [assistant([{ type: 'refusal', refusal: 'no' }], { refusal: 'no' })],
      [{ type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] }],
    ],
    ['nothing for an assistant that said nothing', [USER, assistant(null), USER], [said('hi'), said('hi')]],
    ['an empty answer as it was', [USER, assistant(''), USER], [said('hi'), answered(''), said('hi')]],
    [
      'text, then calls',
      [assistant('a', { tool_calls: [call('c', 'f')] }), result('c', 'r')],
      [answered('a'), called('c', 'f'), output('c', 'r')],
    ],
    [
      'no message for an empty text with calls',
      [assistant('', { tool_calls: [call('c', 'f')] }), result('c', 'r')],
      [called('c', 'f'), output('c', 'r')],
    ],
    [
      'calls in their order',
      [calls(call('c', 'f'), call('d', 'g')), result('c', '1'), result('d', '2')],
      [called('c', 'f'), called('d', 'g'), output('c', '1'), output('d', '2')],
    ],
    [
      'results in the client’s order',
      [calls(call('c', 'f'), call('d', 'g')), result('d', '2'), result('c', '1')],
      [called('c', 'f'), called('d', 'g'), output('d', '2'), output('c', '1')],
    ],
    [
      'a custom call and its result',
      [calls(custom('c', 'patch', 'raw')), result('c', 'done')],
      [
        { type: 'custom_tool_call', call_id: 'c', name: 'patch', input: 'raw' },
        { type: 'custom_tool_call_output', call_id: 'c', output: 'done' },
      ],
    ],
    [
      'a custom call that does not say its type, and its result as parts',
      [
        calls({ id: 'c', custom: { name: 'patch', input: 'raw' } }),
        result('c', [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ]),
      ],
      [
        { type: 'custom_tool_call', call_id: 'c', name: 'patch', input: 'raw' },
        {
          type: 'custom_tool_call_output',
          call_id: 'c',
          output: [
            { type: 'input_text', text: 'a' },
            { type: 'input_text', text: 'b' },
          ],
        },
      ],
    ],
    [
      'the result of the nearest call of a function, where two wait',
      [
        assistant(null, { function_call: { name: 'f', arguments: '1' } }),
        assistant(null, { function_call: { name: 'f', arguments: '2' } }),
        { role: 'function', name: 'f', content: 'b' },
        { role: 'function', name: 'f', content: 'a' },
      ],
      [called('call_legacy_1', 'f', '1'), called('call_legacy_2', 'f', '2'), output('call_legacy_2', 'b'), output('call_legacy_1', 'a')],
    ],
    ['arguments as they are', [calls(call('c', 'f', '{"a": 1}')), result('c', '')], [called('c', 'f', '{"a": 1}'), output('c', '')]],
    ['empty arguments as an empty object', [calls(call('c', 'f', '')), result('c', '')], [called('c', 'f'), output('c', '')]],
    [
      'missing arguments as an empty object',
      [calls({ id: 'c', type: 'function', function: { name: 'f' } }), result('c', '')],
      [called('c', 'f'), output('c', '')],
    ],
    [
      'arguments that are an object, as JSON',
      [calls(call('c', 'f', { a: 1 })), result('c', '')],
      [called('c', 'f', '{"a":1}'), output('c', '')],
    ],
    [
      'calls without ids, paired in their order',
      [USER, calls(call(undefined, 'f'), call('', 'g')), { role: 'tool', content: '1' }, { role: 'tool', content: '2' }],
      [said('hi'), called('call_1_0', 'f'), called('call_1_1', 'g'), output('call_1_0', '1'), output('call_1_1', '2')],
    ],
    [
      'no call without a name, and no result of it',
      [calls(call('c', ''), call('d', 'g')), result('c', '1'), result('d', '2')],
      [called('d', 'g'), output('d', '2')],
    ],
    [
      'long ids shortened alike',
      [calls(call('x'.repeat(80), 'f')), result('x'.repeat(80), 'r')],
      [
        called(expect.stringMatching(/^x{47}_[0-9a-f]{16}$/) as unknown as string, 'f'),
        output(expect.stringMatching(/^x{47}_[0-9a-f]{16}$/) as unknown as string, 'r'),
      ],
    ],
    [
      'legacy calls and their results',
      [
        assistant(null, { function_call: { name: 'f', arguments: '1' } }),
        { role: 'function', name: 'f', content: 'a' },
        assistant(null, { function_call: { name: 'f', arguments: '2' } }),
        { role: 'function', name: 'f', content: 'b' },
      ],
      [called('call_legacy_1', 'f', '1'), output('call_legacy_1', 'a'), called('call_legacy_2', 'f', '2'), output('call_legacy_2', 'b')],
    ],
    ['names that the backend refuses, coded', [calls(call('c', 'a.b')), result('c', 'r')], [called('c', 'a_b'), output('c', 'r')]],
  ])('send %s', (_name, messages, items) => {
    expect(chatItems(...messages)).toEqual(items);
  });

  it('name a legacy call beside others, which has no place', () => {
    const both = assistant(null, { tool_calls: [call('c', 'f')], function_call: { name: 'g', arguments: '{}' } });
    expect(chatItems(both, result('c', 'r'))).toEqual([called('c', 'f'), output('c', 'r')]);
    expect(ignoredOf({ messages: [both, result('c', 'r')] })).toEqual(['messages[0].function_call']);
  });

  it('name what they leave out of instructions', () => {
    const marked = system([{ type: 'text', text: 'a', prompt_cache_breakpoint: { mode: 'explicit' } }]);
    expect(ignoredOf({ messages: [{ ...marked, name: 'policy' }, USER] })).toEqual(['messages.name', 'prompt_cache_breakpoint']);
  });

  it('name calls that were left out', () => {
    expect(ignoredOf({ messages: [USER, calls(call('c', '')), result('c', '1')] })).toEqual(['messages[1].tool_calls[0]']);
  });
});

describe('results of tools', () => {
  const sent = (content: unknown): unknown => (chatItems(calls(call('c', 'f')), result('c', content)) as JsonObject[])[1]!.output;

  it.each<[string, unknown, unknown]>([
    ['a string, never trimmed nor parsed', ' ["a"] \n', ' ["a"] \n'],
    ['nothing as an empty string', null, ''],
    ['an empty list as an empty string', [], ''],
    ['one text as a string', [{ type: 'text', text: 'a' }], 'a'],
    [
      'several texts as parts',
      [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
      [
        { type: 'input_text', text: 'a' },
        { type: 'input_text', text: 'b' },
      ],
    ],
    ['images inside', [{ type: 'image_url', image_url: { url: PNG } }], [{ type: 'input_image', image_url: PNG }]],
    [
      'files inside',
      [{ type: 'file', file: { filename: 'a.txt', file_data: 'YQ==' } }],
      [{ type: 'input_file', filename: 'a.txt', file_data: 'data:text/plain;base64,YQ==' }],
    ],
  ])('%s', (_name, content, expected) => {
    expect(sent(content)).toEqual(expected);
  });

  it('are those of a custom tool even where they stand before their call', () => {
    const items = chatItems(USER, result('c', 'r'), calls(custom('c', 'p', 'x'))) as JsonObject[];
    expect(items.map(({ type }) => type)).toEqual(['message', 'custom_tool_call', 'custom_tool_call_output']);
  });
});

describe('content parts of a user', () => {
  const sent = (...content: unknown[]): unknown => (chatItems({ role: 'user', content }) as JsonObject[])[0]!.content;

  it.each<[string, unknown, unknown]>([
    ['text', { type: 'text', text: 'a' }, { type: 'input_text', text: 'a' }],
    [
      'an image with its detail',
      { type: 'image_url', image_url: { url: PNG, detail: 'high' } },
      { type: 'input_image', image_url: PNG, detail: 'high' },
    ],
    [
      'an image with the newest detail, and in either case',
      { type: 'image_url', image_url: { url: PNG.replace('data:image/png', 'DATA:image/PNG'), detail: 'original' } },
      { type: 'input_image', image_url: PNG.replace('data:image/png', 'DATA:image/PNG'), detail: 'original' },
    ],
    ['an image that is a string', { type: 'image_url', image_url: PNG }, { type: 'input_image', image_url: PNG }],
    [
      'an image of the web',
      { type: 'image_url', image_url: { url: 'https://a.b/c.png' } },
      { type: 'input_image', image_url: 'https://a.b/c.png' },
    ],
    [
      'a file, its type by its name',
      { type: 'file', file: { filename: 'a.csv', file_data: 'YQ==' } },
      { type: 'input_file', filename: 'a.csv', file_data: 'data:text/csv;base64,YQ==' },
    ],
    [
      'a nameless file as PDF',
      { type: 'file', file: { file_data: 'YQ==' } },
      { type: 'input_file', filename: 'file.pdf', file_data: 'data:application/pdf;base64,YQ==' },
    ],
    [
      'a file that is a data URL already',
      { type: 'file', file: { filename: 'x', file_data: 'data:a/b;base64,YQ==' } },
      { type: 'input_file', filename: 'x', file_data: 'data:a/b;base64,YQ==' },
    ],
    ['text in the backend’s shape', { type: 'input_text', text: 'a' }, { type: 'input_text', text: 'a' }],
    [
      'an image in the backend’s shape',
      { type: 'input_image', image_url: PNG, detail: 'auto' },
      { type: 'input_image', image_url: PNG, detail: 'auto' },
    ],
    [
      'a file in the backend’s shape',
      { type: 'input_file', file_url: 'https://a.b/c.pdf', detail: null },
      { type: 'input_file', file_url: 'https://a.b/c.pdf' },
    ],
  ])('%s', (_name, part, expected) => {
    expect(sent(part)).toEqual([expected]);
  });

  it('lose empty texts, unless nothing else is there', () => {
    expect(sent({ type: 'text', text: '' }, { type: 'text', text: 'a' })).toEqual([{ type: 'input_text', text: 'a' }]);
    expect(sent({ type: 'text', text: '' }, { type: 'text', text: '' })).toEqual([{ type: 'input_text', text: '' }]);
  });

  it('keep their order', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'image_url', image_url: PNG },
      { type: 'text', text: 'b' },
    ];
    expect((sent(...parts) as JsonObject[]).map(({ type }) => type)).toEqual(['input_text', 'input_image', 'input_text']);
  });
});

describe('messages that are refused', () => {
  const user = (...content: unknown[]): JsonObject => ({ role: 'user', content });

  it.each<[string, unknown, string]>([
    ['no object', 'hi', 'messages[1]'],
    ['without role', { content: 'a' }, 'messages[1].role'],
    ['of an unknown role', { role: 'narrator', content: 'a' }, 'messages[1].role'],
    ['of a user, without content', { role: 'user' }, 'messages[1].content'],
    ['of a user, with no parts', user(), 'messages[1].content'],
    ['of a user, with an object', { role: 'user', content: {} }, 'messages[1].content'],
    ['with a part that is no object', user('a'), 'messages[1].content[0]'],
    ['with a part without type', user({ text: 'a' }), 'messages[1].content[0].type'],
    ['with a text that is no string', user({ type: 'text', text: 1 }), 'messages[1].content[0].text'],
    ['with a text part without text', user({ type: 'text' }), 'messages[1].content[0].text'],
    ['with an image without source', user({ type: 'image_url' }), 'messages[1].content[0].image_url'],
    ['with an image without URL', user({ type: 'image_url', image_url: {} }), 'messages[1].content[0].image_url'],
    ['with an empty image', user({ type: 'image_url', image_url: { url: 'data:image/png;base64,' } }), 'messages[1].content[0].image_url'],
    [
      'with an image that is text',
      user({ type: 'image_url', image_url: { url: 'data:text/plain;base64,YQ==' } }),
      'messages[1].content[0].image_url',
    ],
    [
      'with an image that is not base64',
      user({ type: 'image_url', image_url: { url: 'data:image/svg+xml,<svg/>' } }),
      'messages[1].content[0].image_url',
    ],
    ['with a blank image', user({ type: 'image_url', image_url: 'data:image/png;base64, \n' }), 'messages[1].content[0].image_url'],
    [
      'with an image of this machine',
      user({ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }),
      'messages[1].content[0].image_url',
    ],
    [
      'with an unknown detail',
      user({ type: 'image_url', image_url: { url: PNG, detail: 'ultra' } }),
      'messages[1].content[0].image_url.detail',
    ],
    ['with an image of another protocol', user({ type: 'image_url', image_url: 'ftp://a.b/c.png' }), 'messages[1].content[0].image_url'],
    ['with an image without URL', user({ type: 'image_url', image_url: { detail: 'low' } }), 'messages[1].content[0].image_url'],
    ['with a stored file in the backend’s shape', user({ type: 'input_file', file_id: 'file_1' }), 'messages[1].content[0].file_id'],
    [
      'with a file that is empty',
      user({ type: 'file', file: { file_data: 'data:application/pdf;base64,' } }),
      'messages[1].content[0].file.file_data',
    ],
    ['with a stored image', user({ type: 'input_image', file_id: 'file_1' }), 'messages[1].content[0].file_id'],
    ['with audio', user({ type: 'input_audio', input_audio: {} }), 'messages[1].content[0].type'],
    ['with a stored file', user({ type: 'file', file: { file_id: 'file_1' } }), 'messages[1].content[0].file.file_id'],
    ['with a file without data', user({ type: 'file', file: {} }), 'messages[1].content[0].file.file_data'],
    ['with a file part without file', user({ type: 'file' }), 'messages[1].content[0].file'],
    ['of a user, with a refusal', user({ type: 'refusal', refusal: 'no' }), 'messages[1].content[0].type'],
    ['with an unknown part', user({ type: 'text', text: 'a' }, { type: 'video_url' }), 'messages[1].content[1].type'],
    ['of the system, with an image', system([{ type: 'image_url', image_url: PNG }]), 'messages[1].content[0].type'],
    ['of the system, without content', system(null), 'messages[1].content'],
    ['of the assistant, with an image', assistant([{ type: 'image_url', image_url: PNG }]), 'messages[1].content[0].type'],
    ['of the assistant, with stored audio', assistant(null, { audio: { id: 'audio_1' } }), 'messages[1].audio'],
    ['with calls that are no list', assistant(null, { tool_calls: {} }), 'messages[1].tool_calls'],
    ['with a call that is no object', calls('c'), 'messages[1].tool_calls[0]'],
    ['with a call of an unknown type', calls({ id: 'c', type: 'magic' }), 'messages[1].tool_calls[0].type'],
    ['with arguments that are a list', calls(call('c', 'f', [])), 'messages[1].tool_calls[0].function.arguments'],
    ['of a tool, with an object', { role: 'tool', tool_call_id: 'c', content: {} }, 'messages[1].content'],
    ['of a tool, with no call to belong to', { role: 'tool', content: 'a' }, 'messages[1].tool_call_id'],
    ['of a function, with no call to belong to', { role: 'function', name: 'f', content: 'a' }, 'messages[1]'],
    ['of a function, without name', { role: 'function', content: 'a' }, 'messages[1].name'],
  ])('%s', (_name, message, param) => {
    const error = refusal(() => decodeChat({ messages: [USER, message] }));
    expect([error.kind, error.detail.param]).toEqual(['invalid_request', param]);
  });

  it('says of audio that its type is not supported', () => {
    const content = [{ type: 'input_audio', input_audio: { data: '', format: 'wav' } }];
    expect(refusal(() => decodeChat({ messages: [{ role: 'user', content }] })).detail.code).toBe('unsupported_content_type');
  });
});

describe('broken histories are mended', () => {
  const outline = (...messages: unknown[]): unknown[] =>
    (chatItems(...messages) as JsonObject[]).map((item) =>
      item.type === 'message' ? item.role : `${item.type === 'function_call' ? 'call' : 'output'} ${item.call_id as string}`,
    );

  it.each<[string, unknown[], unknown[]]>([
    ['a result before its call', [USER, result('c', 'r'), calls(call('c', 'f')), USER], ['user', 'call c', 'output c', 'user']],
    ['a call that was never answered', [USER, calls(call('c', 'f')), USER], ['user', 'call c', 'output c', 'user']],
    ['a last call without answer', [USER, calls(call('c', 'f'))], ['user', 'call c', 'output c']],
    ['a result whose call is gone', [USER, result('c', 'r'), USER], ['user', 'user', 'user']],
    ['a second result', [calls(call('c', 'f')), result('c', '1'), result('c', '2')], ['call c', 'output c']],
    ['the same call twice', [calls(call('c', 'f'), call('c', 'f')), result('c', '1')], ['call c', 'output c']],
    [
      'an id that is used again',
      [calls(call('c', 'f')), result('c', '1'), calls(call('c', 'g')), result('c', '2')],
      ['call c', 'output c', 'call c__2', 'output c__2'],
    ],
    ['other messages between call and result', [calls(call('c', 'f')), USER, result('c', '1')], ['call c', 'user', 'output c']],
  ])('%s', (_name, messages, expected) => {
    expect(outline(...messages)).toEqual(expected);
  });
});
