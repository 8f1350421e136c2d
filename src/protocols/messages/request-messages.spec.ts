import { describe, expect, it } from '@jest/globals';
import {
  assistant,
  assistantItems,
  decode,
  developer,
  HI,
  ignored,
  input,
  items,
  output,
  SEALED,
  signature,
  text,
  user,
  userItems,
} from '../../../test/support/decode-messages.js';
import { refusal } from '../../../test/support/decode-request.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

const CACHE = { cache_control: { type: 'ephemeral' } };
const PNG = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBOR' } };
const PICTURE = { type: 'input_image', image_url: 'data:image/png;base64,iVBOR' };
const call = (id: string, name = 'f', args: unknown = {}): JsonObject => ({ type: 'tool_use', id, name, input: args });
const result = (id: string, content?: unknown, more: JsonObject = {}): JsonObject => ({
  type: 'tool_result',
  tool_use_id: id,
  ...(content !== undefined && { content }),
  ...more,
});
const called = (call_id: string, name = 'f', args = '{}'): JsonObject => ({ type: 'function_call', call_id, name, arguments: args });
const answered = (call_id: string, value: unknown): JsonObject => ({ type: 'function_call_output', call_id, output: value });

describe('messages', () => {
  it.each<[string, unknown[], JsonObject[]]>([
    ['what the user says', [{ role: 'user', content: 'a' }], [user(input('a'))]],
    ['what was answered', [HI, { role: 'assistant', content: 'a' }, HI], [user(input('hi')), assistant(output('a')), user(input('hi'))]],
    ['system entries in their place', [HI, { role: 'system', content: 'a' }], [user(input('hi')), developer(input('a'))]],
    [
      'system entries of several blocks',
      [HI, { role: 'system', content: [{ ...text('a'), ...CACHE }, text(''), text('b')], output_config: { effort: 'low' } }],
      [user(input('hi')), developer(input('a'), input('b'))],
    ],
    [
      'nothing of a system entry that only asks for an effort',
      [HI, { role: 'system', output_config: { effort: 'low' } }, HI],
      [user(input('hi')), user(input('hi'))],
    ],
    [
      'a system entry for one turn while that turn lasts',
      [
        HI,
        { role: 'system', content: 'a', clear_at: 'next_user_message' },
        { role: 'assistant', content: 'b' },
        { role: 'system', content: 'c' },
      ],
      [user(input('hi')), developer(input('a')), assistant(output('b')), developer(input('c'))],
    ],
    [
      'nothing of a system entry for one turn once another has begun',
      [HI, { role: 'system', content: 'a', clear_at: 'next_user_message' }, { role: 'system', content: 'b', clear_at: 'never' }, HI],
      [user(input('hi')), developer(input('b')), user(input('hi'))],
    ],
    [
      'several messages of a role',
      [HI, HI, { role: 'assistant', content: 'a' }, { role: 'assistant', content: 'b' }, HI],
      [user(input('hi')), user(input('hi')), assistant(output('a')), assistant(output('b')), user(input('hi'))],
    ],
    ['an answer first', [{ role: 'assistant', content: 'a' }, HI], [assistant(output('a')), user(input('hi'))]],
    ['nothing of empty messages', [{ role: 'user', content: '' }, { role: 'assistant', content: [] }, HI], [user(input('hi'))]],
    ['nothing of an empty answer at the end', [HI, { role: 'assistant', content: '' }], [user(input('hi'))]],
    ['whitespace as it is', [{ role: 'user', content: ' \n' }], [user(input(' \n'))]],
    [
      'texts and pictures in one message, order kept',
      [{ role: 'user', content: [text('a'), PNG, text(''), { ...text('b'), ...CACHE }] }],
      [user(input('a'), PICTURE, input('b'))],
    ],
    [
      'results before what is said beside them',
      [HI, { role: 'assistant', content: [text('a'), call('c1'), text('b')] }, { role: 'user', content: [result('c1', 'r'), text('c')] }],
      [user(input('hi')), assistant(output('a')), called('c1'), assistant(output('b')), answered('c1', 'r'), user(input('c'))],
    ],
    [
      'an interrupted call at the end with an output, since upstream cannot be asked to run it',
      [HI, { role: 'assistant', content: [text('a'), call('c1')] }],
      [user(input('hi')), assistant(output('a')), called('c1'), answered('c1', 'aborted')],
    ],
    ['no billing text among system entries', [HI, { role: 'system', content: 'x-anthropic-billing-header: a' }], [user(input('hi'))]],
    [
      'an answer that a server tool ended',
      [HI, { role: 'assistant', content: [text('a'), { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } }] }],
      [user(input('hi')), assistant(output('a'), output('Web search for "q".'))],
    ],
    [
      'an answer before a system entry at the end',
      [HI, { role: 'assistant', content: 'a' }, { role: 'system', content: 'b' }],
      [user(input('hi')), assistant(output('a')), developer(input('b'))],
    ],
  ])('sends %s', (_name, messages, expected) => {
    expect(items(...messages)).toEqual(expected);
  });

  it.each<[string, unknown[], string]>([
    ['a message that is none', ['hi'], 'messages.0: Input should be a valid dictionary'],
    ['a missing role', [{ content: 'a' }], 'messages.0.role: Field required'],
    ['another role', [{ role: 'tool', content: 'a' }], "messages.0.role: Input should be 'user', 'assistant' or 'system'"],
    ['missing content', [HI, { role: 'user' }], 'messages.1.content: Field required'],
    ['content of another type', [{ role: 'user', content: 7 }], 'messages.0.content: Input should be a valid list'],
    ['a block that is none', [{ role: 'user', content: [7] }], 'messages.0.content.0: Input should be a valid dictionary'],
    ['a block without type', [{ role: 'user', content: [{ text: 'a' }] }], 'messages.0.content.0.type: Field required'],
    ['a text without text', [{ role: 'user', content: [{ type: 'text' }] }], 'messages.0.content.0.text: Field required'],
    ['a user who says nothing at the end', [HI, { role: 'user', content: [] }], 'messages.1: user messages must have non-empty content'],
    ['nothing at all', [{ role: 'system', content: '' }], 'messages: at least one message with content is required'],
    [
      'an answer that somebody else began',
      [HI, { role: 'assistant', content: '{' }],
      'messages.1: assistant message prefill is not supported; the conversation must end with a user message',
    ],
    [
      'such an answer before empty ones',
      [HI, { role: 'assistant', content: [text('{'), text('')] }, { role: 'assistant', content: '' }],
      'messages.1: assistant message prefill is not supported; the conversation must end with a user message',
    ],
  ])('refuses %s', (_name, messages, message) => {
    const error = refusal(() => items(...messages));
    expect([error.kind, error.message, error.detail.param]).toEqual(['invalid_request', message, message.split(':')[0]]);
  });
});

const document = (source: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'document', source, ...more });
const PDF = { type: 'base64', media_type: 'application/pdf', data: 'JVBER' };
const FILE = { type: 'input_file', filename: 'document.pdf', file_data: 'data:application/pdf;base64,JVBER' };

describe('blocks of a user', () => {
  it.each<[string, JsonObject, JsonObject[]]>([
    ['a picture', { ...PNG, ...CACHE }, [PICTURE]],
    [
      'a picture by its address',
      { type: 'image', source: { type: 'url', url: 'https://x/y.png' } },
      [{ type: 'input_image', image_url: 'https://x/y.png' }],
    ],
    ['the detail of a picture', { ...PNG, detail: 'low' }, [{ ...PICTURE, detail: 'low' }]],
    ['a PDF', document(PDF), [FILE]],
    ['a PDF with a title', document(PDF, { title: 'a.pdf', citations: { enabled: true } }), [{ ...FILE, filename: 'a.pdf' }]],
    ['a PDF with a context', document(PDF, { title: 'a.pdf', context: 'c' }), [input('a.pdf\nc'), { ...FILE, filename: 'a.pdf' }]],
    ['a document by its address', document({ type: 'url', url: 'https://x/y.pdf' }), [{ type: 'input_file', file_url: 'https://x/y.pdf' }]],
    [
      'a document by its address with a title',
      document({ type: 'url', url: 'https://x/y.pdf' }, { title: 't' }),
      [input('t'), { type: 'input_file', file_url: 'https://x/y.pdf' }],
    ],
    ['a document of text', document({ type: 'text', media_type: 'text/plain', data: 'd' }), [input('d')]],
    ['a document of text with a title', document({ type: 'text', data: 'd' }, { title: 't' }), [input('t\n\nd')]],
    ['a document of text with a context', document({ type: 'text', data: 'd' }, { title: 't', context: 'c' }), [input('t\nc\n\nd')]],
    ['a document of one string', document({ type: 'content', content: 'd' }, { title: 't' }), [input('t'), input('d')]],
    ['a document of blocks', document({ type: 'content', content: [text('a'), PNG, text('')] }, { context: null }), [input('a'), PICTURE]],
    [
      'a search result',
      { type: 'search_result', title: 't', source: 's', content: [text('a'), text('b')], citations: { enabled: true } },
      [input('t\ns\na\nb')],
    ],
  ])('%s', (_name, block, parts) => {
    expect(userItems(block)).toEqual([user(...parts)]);
  });

  it('says nothing of documents and search results that are empty', () => {
    const empty = [document({ type: 'text', data: '' }), { type: 'search_result', title: '', source: '', content: null }];
    expect(items({ role: 'user', content: [...empty, text('a')] })).toEqual([user(input('a'))]);
  });

  it.each<[string, JsonObject, string]>([
    [
      'an empty picture',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: '' } },
      'source.data: must not be empty',
    ],
    [
      'a blank picture',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: ' \n' } },
      'source.data: must not be empty',
    ],
    ['a picture without source', { type: 'image' }, 'source: Field required'],
    [
      'a picture of another media type',
      { type: 'image', source: { type: 'base64', media_type: 'text/html', data: 'x' } },
      "source.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
    ],
    ['a picture without media type', { type: 'image', source: { type: 'base64', data: 'x' } }, 'source.media_type: Field required'],
    [
      'a picture of another scheme',
      { type: 'image', source: { type: 'url', url: 'file:///x' } },
      'source.url: Only HTTP and HTTPS URLs are supported',
    ],
    [
      'a picture from the files',
      { type: 'image', source: { type: 'file', file_id: 'f' } },
      'source: Files are not stored here, so a file cannot be referred to; send it inline or by its URL',
    ],
    [
      'a document from the files',
      document({ type: 'file', file_id: 'f' }),
      'source: Files are not stored here, so a file cannot be referred to; send it inline or by its URL',
    ],
    ['an empty document', document({ ...PDF, data: '' }), 'source.data: must not be empty'],
    [
      'an unknown source',
      document({ type: 'disk' }),
      "source.type: Input tag 'disk' found using 'type' does not match any of the expected tags: 'base64', 'content', 'text', 'url'",
    ],
    ['an upload to a container', { type: 'container_upload', file_id: 'f' }, 'type: Container uploads are not supported here'],
    ['a call', call('c1'), 'type: `tool_use` blocks can only be in `assistant` messages'],
    ['thinking', { type: 'thinking', thinking: 'x', signature: '' }, 'type: `thinking` blocks can only be in `assistant` messages'],
    ['what a server tool did', { type: 'server_tool_use' }, 'type: `server_tool_use` blocks can only be in `assistant` messages'],
    ['a result without id', { type: 'tool_result' }, 'tool_use_id: Field required'],
    ['a result with another flag', result('c1', '', { is_error: 'yes' }), 'is_error: Input should be a valid boolean'],
    [
      'an unknown block',
      { type: 'hologram' },
      "type: Input tag 'hologram' found using 'type' does not match any of the expected tags: 'text', 'image', 'document', 'search_result', 'tool_result', 'tool_addition', 'tool_removal'",
    ],
  ])('refuses %s', (_name, block, message) => {
    const error = refusal(() => userItems(text('a'), block));
    expect([error.message, error.detail.param]).toEqual([
      `messages.0.content.1.${message}`,
      `messages.0.content.1.${message.split(':')[0]}`,
    ]);
  });
});

describe('results of tools', () => {
  const outputOf = (content?: unknown, more: JsonObject = {}): unknown =>
    items(HI, { role: 'assistant', content: [call('c1')] }, { role: 'user', content: [result('c1', content, more)] }).at(-1)!.output;

  it.each<[string, unknown, unknown]>([
    ['a string as it is', 'a\n', 'a\n'],
    ['a missing one', undefined, ''],
    ['null', null, ''],
    ['an empty list', [], ''],
    ['an empty string', '', ''],
    ['one text as a string', [{ ...text('a'), ...CACHE }], 'a'],
    ['an empty text', [text('')], ''],
    ['several texts as parts', [text('a'), text('b')], [input('a'), input('b')]],
    ['a picture inside the output', [PNG], [PICTURE]],
    ['text and picture', [text('a'), PNG], [input('a'), PICTURE]],
    ['a document', [document(PDF)], [FILE]],
    ['a search result', [{ type: 'search_result', title: 't', source: 's', content: [text('a')] }], 't\ns\na'],
    ['a found tool', [{ type: 'tool_reference', tool_name: 'f' }], 'Tool found: f'],
    ['an unknown block as JSON', [{ type: 'browser_state', url: 'x', ...CACHE }], '{"type":"browser_state","url":"x"}'],
  ])('%s', (_name, content, expected) => {
    expect(outputOf(content)).toEqual(expected);
  });

  it.each<[string, unknown, unknown]>([
    ['a text', 'no such file', 'Error: no such file'],
    ['a text that says so already', 'error: x', 'error: x'],
    ['the first text', [PNG, text('a'), text('b')], [PICTURE, input('Error: a'), input('b')]],
    ['a picture', [PNG], [input('Error'), PICTURE]],
    ['nothing', undefined, 'Error'],
  ])('a failure is told in front of %s', (_name, content, expected) => {
    expect(outputOf(content, { is_error: true })).toEqual(expected);
  });
});

describe('blocks of an assistant', () => {
  it.each<[string, JsonObject[], JsonObject[]]>([
    [
      'texts, without citations',
      [{ ...text('a'), citations: [{ type: 'x' }] }, text(''), text('b')],
      [assistant(output('a'), output('b'))],
    ],
    ['the summary of a compaction', [{ type: 'compaction', content: 's' }, text('a')], [developer(input('s')), assistant(output('a'))]],
    [
      'a web search and what it found',
      [
        { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'q' } },
        {
          type: 'web_search_tool_result',
          tool_use_id: 's1',
          content: [
            { type: 'web_search_result', title: 'T', url: 'https://t', encrypted_content: 'x' },
            { type: 'web_search_result', url: 'https://u' },
          ],
        },
        text('a'),
      ],
      [assistant(output('Web search for "q". Results: T (https://t); https://u.'), output('a'))],
    ],
    [
      'a web search that failed',
      [
        { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'q' } },
        { type: 'web_search_tool_result', tool_use_id: 's1', content: { type: 'web_search_tool_result_error', error_code: 'unavailable' } },
      ],
      [assistant(output('Web search for "q". Error: unavailable.'))],
    ],
    [
      'a result whose search is gone',
      [{ type: 'web_search_tool_result', tool_use_id: 'x', content: [] }],
      [assistant(output('Web search. Results: none.'))],
    ],
    [
      'a page that was read',
      [
        { type: 'server_tool_use', id: 's1', name: 'web_fetch', input: { url: 'https://t' } },
        { type: 'web_fetch_tool_result', tool_use_id: 's1', content: { type: 'web_fetch_result', url: 'https://t' } },
      ],
      [assistant(output('Web page read: https://t.'))],
    ],
    [
      'code that ran',
      [
        { type: 'server_tool_use', id: 's1', name: 'bash_code_execution', input: {} },
        { type: 'bash_code_execution_tool_result', tool_use_id: 's1', content: { type: 'bash_code_execution_result', stdout: 'x' } },
      ],
      [assistant(output('Server tool used: bash_code_execution.'))],
    ],
    [
      'tools that were found',
      [{ type: 'tool_search_tool_result', tool_use_id: 's1', content: { tool_references: [{ tool_name: 'f' }, { tool_name: 'g' }] } }],
      [assistant(output('Tools found: f; g.'))],
    ],
    [
      'calls of MCP servers',
      [
        { type: 'mcp_tool_use', id: 'm1', name: 'echo', server_name: 's', input: {} },
        { type: 'mcp_tool_result', tool_use_id: 'm1', content: [text('x')] },
      ],
      [assistant(output('Server tool used: echo.'))],
    ],
  ])('%s', (_name, blocks, expected) => {
    expect(assistantItems(...blocks)).toEqual(expected);
  });

  it.each<[string, unknown, string]>([
    ['order of keys and text kept', { b: 1, a: '<&>é', 10: null }, '{"10":null,"b":1,"a":"<&>é"}'],
    ['null as nothing', null, '{}'],
    ['missing as nothing', undefined, '{}'],
  ])('input of a call: %s', (_name, value, args) => {
    expect(assistantItems(call('c1', 'f', value))).toEqual([called('c1', 'f', args), answered('c1', 'aborted')]);
  });

  it.each<[string, JsonObject, string]>([
    ['a picture', PNG, 'type: `image` blocks can only be in `user` messages'],
    ['a result', result('c1'), 'type: `tool_result` blocks can only be in `user` messages'],
    ['a call without id', { type: 'tool_use', name: 'f' }, 'id: Field required'],
    ['a call without name', { type: 'tool_use', id: 'c1' }, 'name: Field required'],
    ['a call of nobody', call('c1', ''), 'name: String should have at least 1 character'],
    ['input that is no object', call('c1', 'f', '{}'), 'input: Input should be a valid dictionary'],
  ])('refuses %s', (_name, block, message) => {
    expect(refusal(() => assistantItems(block)).message).toBe(`messages.1.content.0.${message}`);
  });

  it('refuses pictures of system entries', () => {
    expect(refusal(() => items(HI, { role: 'system', content: [PNG] })).message).toBe(
      'messages.1.content.0.type: `image` blocks can only be in `user` messages',
    );
  });

  it('sends names and ids the backend refuses in a form it takes, the same for a call and its result', () => {
    const long = 'x'.repeat(70);
    const [one, two] = items(
      HI,
      { role: 'assistant', content: [call(`toolu:${long}`, 'mcp.server.tool')] },
      { role: 'user', content: [result(`toolu:${long}`, 'r')] },
    ).slice(1);
    expect(one!.call_id).toMatch(/^[\w-]{1,64}$/);
    expect(two!.call_id).toBe(one!.call_id);
    expect(one!.name).toBe('mcp_server_tool');
  });

  it.each(['fallback', 'mcp_tool_listing'])('leaves out what the vendor notes of itself: %s', (type) => {
    const messages = [HI, { role: 'assistant', content: [{ type }, text('a')] }, HI];
    expect(items(...messages)).toEqual([user(input('hi')), assistant(output('a')), user(input('hi'))]);
    expect(ignored({ messages })).toEqual([`messages.${type}`]);
  });

  it('ignores changes of the tools, since all of them are there from the beginning', () => {
    const messages = [{ role: 'user', content: [text('a'), { type: 'tool_addition', tool_name: 'f' }] }];
    expect(items(...messages)).toEqual([user(input('a'))]);
    expect(ignored({ messages })).toEqual(['messages.tool_addition']);
  });
});

describe('thinking of earlier turns', () => {
  const thinking = (sign: unknown): JsonObject => ({ type: 'thinking', thinking: 'Hm.', signature: sign });
  const reasoning = { type: 'reasoning', summary: [], encrypted_content: SEALED };

  it('is replayed as the backend sealed it, without its text, in its place', () => {
    expect(assistantItems(thinking(signature(SEALED)), text('a'), thinking(signature(SEALED)), text('b'))).toEqual([
      reasoning,
      assistant(output('a')),
      reasoning,
      assistant(output('b')),
    ]);
  });

  it('is told with the accounts that can read it', () => {
    const { request } = decode({ messages: [HI, { role: 'assistant', content: [thinking(signature(SEALED, 'mine'))] }, HI] });
    expect([...request.scoped!]).toEqual([[reasoning, 'mine']]);
    expect(request.body.input).toContain([...request.scoped!.keys()][0]);
  });

  it('is replayed from a blob of another gateway, for whoever can read it', () => {
    const { request } = decode({ messages: [HI, { role: 'assistant', content: [thinking(SEALED), text('a')] }, HI] });
    expect([request.body.input[1], request.scoped!.size]).toEqual([reasoning, 0]);
  });

  it('is replayed from redacted blocks', () => {
    expect(assistantItems({ type: 'redacted_thinking', data: signature(SEALED) }, text('a'))[0]).toEqual(reasoning);
  });

  it.each<[string, unknown]>([
    ['a signature of the vendor', 'EqMBCkYIBxgCKkA='],
    ['an empty signature', ''],
    ['no signature', undefined],
    ['a truncated one', signature(SEALED).slice(0, 40)],
  ])('is left out with %s, and this is said', (_name, sign) => {
    const messages = [HI, { role: 'assistant', content: [thinking(sign), text('a')] }, HI];
    expect(items(...messages)).toEqual([user(input('hi')), assistant(output('a')), user(input('hi'))]);
    expect(ignored({ messages })).toEqual(['messages.thinking']);
  });
});
