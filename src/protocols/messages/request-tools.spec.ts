import { describe, expect, it } from '@jest/globals';
import { decode, HI, ignored, refusedByBackend, sent } from '../../../test/support/decode-messages.js';
import { refusal } from '../../../test/support/decode-request.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { CLIENT_TOOLS } from './client-tools.js';

const SCHEMA = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
const TOOL = { name: 'f', description: 'does', input_schema: SCHEMA };
const FUNCTION = { type: 'function', name: 'f', description: 'does', parameters: SCHEMA, strict: false };
const SEARCH = { type: 'web_search_20250305', name: 'web_search' };

const tools = (...given: unknown[]): unknown => sent({ tools: given }).tools;

describe('tools', () => {
  it.each<[string, unknown[], unknown]>([
    ['a tool without type', [TOOL], [FUNCTION]],
    ['a tool with null for a type', [{ ...TOOL, type: null }], [FUNCTION]],
    ['a custom tool', [{ ...TOOL, type: 'custom' }], [FUNCTION]],
    [
      'a tool without description',
      [{ name: 'f', input_schema: SCHEMA }],
      [{ type: 'function', name: 'f', parameters: SCHEMA, strict: false }],
    ],
    ['the client’s strict', [{ ...TOOL, strict: true }], [{ ...FUNCTION, strict: true }]],
    [
      'no hints of the vendor',
      [{ ...TOOL, cache_control: { type: 'ephemeral' }, defer_loading: true, allowed_callers: ['direct'], eager_input_streaming: true }],
      [FUNCTION],
    ],
    ['no $schema', [{ ...TOOL, input_schema: { $schema: 'http://json-schema.org/draft-07/schema#', ...SCHEMA } }], [FUNCTION]],
    ['a client’s own WebSearch as a function', [{ ...TOOL, name: 'WebSearch' }], [{ ...FUNCTION, name: 'WebSearch' }]],
    ['a web search', [SEARCH], [{ type: 'web_search' }]],
    ['a newer web search', [{ ...SEARCH, type: 'web_search_20260318' }], [{ type: 'web_search' }]],
    [
      'where a web search looks',
      [{ ...SEARCH, allowed_domains: ['a.com'], user_location: { type: 'approximate', city: 'Bern', region: null, x: 1 } }],
      [{ type: 'web_search', filters: { allowed_domains: ['a.com'] }, user_location: { type: 'approximate', city: 'Bern' } }],
    ],
    ['reading of pages by the web search', [{ type: 'web_fetch_20250910', name: 'web_fetch' }], [{ type: 'web_search' }]],
    ['one web search for both', [{ type: 'web_fetch_20250910', name: 'web_fetch' }, SEARCH], [{ type: 'web_search' }]],
    ['no search of tools', [{ type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' }], undefined],
    ['no empty list', [], undefined],
  ])('sends %s', (_name, given, expected) => {
    expect(tools(...given)).toEqual(expected);
  });

  it.each([...CLIENT_TOOLS])('sends %s as a function that the backend takes', (type, { name, parameters }) => {
    const body = sent({ tools: [{ type, name }], tool_choice: { type: 'tool', name } });
    expect(body).toMatchObject({ tools: [{ type: 'function', name, parameters, strict: false }], tool_choice: { type: 'function', name } });
    expect(refusedByBackend(body)).toBeNull();
  });

  it('knows undo_edit in the oldest editor alone', () => {
    const commands = (type: string): unknown => ((CLIENT_TOOLS.get(type)!.parameters.properties as JsonObject).command as JsonObject).enum;
    expect(commands('text_editor_20250124')).toEqual(['view', 'create', 'str_replace', 'insert', 'undo_edit']);
    expect(commands('text_editor_20250728')).toEqual(['view', 'create', 'str_replace', 'insert']);
  });

  it.each<[string, unknown[], string]>([
    ['a tool without schema', [{ name: 'f' }], 'tools.0.input_schema: Field required'],
    ['a schema that is none', [{ name: 'f', input_schema: [] }], 'tools.0.input_schema: Input should be a valid dictionary'],
    ['examples that are no list', [{ ...TOOL, input_examples: 'x' }], 'tools.0.input_examples: Input should be a valid list'],
    ['callers that are no list', [{ ...TOOL, allowed_callers: 'direct' }], 'tools.0.allowed_callers: Input should be a valid list'],
    ['a deferral that is no boolean', [{ ...TOOL, defer_loading: 1 }], 'tools.0.defer_loading: Input should be a valid boolean'],
    ['a limit of searches that is no number', [{ ...SEARCH, max_uses: '3' }], 'tools.0.max_uses: Input should be a valid integer'],
    [
      'a city that is no text',
      [{ ...SEARCH, user_location: { type: 'approximate', city: 5 } }],
      'tools.0.user_location.city: Input should be a valid string',
    ],
    ['a tool without name', [TOOL, { input_schema: SCHEMA }], 'tools.1.name: Field required'],
    ['an empty name', [{ ...TOOL, name: '' }], 'tools.0.name: String should have at least 1 character'],
    ['a description that is no text', [{ ...TOOL, description: 7 }], 'tools.0.description: Input should be a valid string'],
    ['a strict that is no boolean', [{ ...TOOL, strict: 1 }], 'tools.0.strict: Input should be a valid boolean'],
    ['one name twice', [TOOL, TOOL], "tools: Tool names must be unique, but 'f' comes twice"],
    [
      'a computer',
      [{ type: 'computer_20250124', name: 'computer' }],
      "tools.0.type: Tools of the type 'computer_20250124' cannot be run here",
    ],
    [
      'code execution',
      [{ type: 'code_execution_20250825' }],
      "tools.0.type: Tools of the type 'code_execution_20250825' cannot be run here",
    ],
    ['MCP toolsets', [{ type: 'mcp_toolset' }], "tools.0.type: Tools of the type 'mcp_toolset' cannot be run here"],
    ['browsers', [{ type: 'browser_toolset_20260101' }], "tools.0.type: Tools of the type 'browser_toolset_20260101' cannot be run here"],
    ['a tool that is none', ['f'], 'tools.0: Input should be a valid dictionary'],
    ['domains that are no list', [{ ...SEARCH, allowed_domains: 'a.com' }], 'tools.0.allowed_domains: Input should be a valid list'],
  ])('refuses %s', (_name, given, message) => {
    const error = refusal(() => tools(...given));
    expect([error.message, error.detail.param]).toEqual([message, message.split(':')[0]]);
  });

  it('refuses unknown types', () => {
    expect(refusal(() => tools({ type: 'function', function: {} })).message).toMatch(
      /^tools\.0\.type: Input tag 'function' found using 'type'/,
    );
  });

  describe('that are defined in the middle of the conversation', () => {
    const define = (definition: unknown): unknown => ({ type: 'tool_addition', tool: { type: 'tool_definition', definition } });
    const entry = (...blocks: unknown[]): unknown => ({ role: 'system', content: blocks });
    const namesOf = (body: JsonObject): unknown => (sent(body).tools as JsonObject[] | undefined)?.map(({ name }) => name);

    it('are there from the beginning, behind the others, under names that the backend takes', () => {
      const messages = [HI, entry(define({ ...TOOL, name: 'a.b' })), HI];
      expect(namesOf({ tools: [TOOL], messages, tool_choice: { type: 'tool', name: 'a.b' } })).toEqual(['f', 'a_b']);
      expect(ignored({ messages })).toEqual([]);
    });

    it('count once, as they were defined last', () => {
      const messages = [
        HI,
        entry(define({ ...TOOL, name: 'g', description: 'old' })),
        HI,
        entry(define({ ...TOOL, name: 'g', description: 'new' })),
      ];
      expect(sent({ messages }).tools).toEqual([{ ...FUNCTION, name: 'g', description: 'new' }]);
      expect(namesOf({ tools: [TOOL], messages: [HI, entry(define(TOOL))] })).toEqual(['f']);
    });

    it('are found in the summary of a conversation, too', () => {
      const compaction = { type: 'compaction', content: 'S', tool_changes: [define({ ...TOOL, name: 'g' })] };
      expect(namesOf({ messages: [{ role: 'assistant', content: [compaction] }, HI] })).toEqual(['g']);
    });

    it('are checked as the others are', () => {
      const error = refusal(() => sent({ messages: [HI, entry(define({ name: 'g' }))] }));
      expect(error.message).toBe('messages.1.content.0.tool.definition.input_schema: Field required');
    });
  });

  it('names what it leaves out', () => {
    const given = [
      { ...TOOL, input_examples: [{ a: 'x' }], defer_loading: true },
      { ...SEARCH, max_uses: 5 },
      { type: 'tool_search_tool_bm25_20251119', name: 'tool_search_tool_bm25' },
    ];
    expect(ignored({ tools: given })).toEqual([
      'tools.input_examples',
      'tools.defer_loading',
      'tools.max_uses',
      'tools.tool_search_tool_bm25_20251119',
    ]);
  });

  it('asks for the sources of searches, and shows searches, only where one was declared', () => {
    const search = decode({ tools: [SEARCH] });
    expect(search.request.body.include).toEqual(['reasoning.encrypted_content', 'web_search_call.action.sources']);
    expect(search.reply.webSearch).toBe(true);
    expect(decode({ tools: [TOOL] }).reply.webSearch).toBe(false);
    expect(decode({ tools: [{ type: 'web_fetch_20250910', name: 'web_fetch' }] }).reply.webSearch).toBe(false);
  });

  it('tells blocked domains in a sentence, since the backend knows allowed ones only', () => {
    expect(sent({ system: 's', tools: [{ ...SEARCH, blocked_domains: ['a.com', 'b.org'] }] }).instructions).toBe(
      's\n\nDo not use these domains in web searches: a.com, b.org.',
    );
  });

  it('repairs schemas, and says which rules were used on which tool', () => {
    const broken = { name: 'f', input_schema: { type: 'object', properties: { a: { type: 'array' } } } };
    const turn = decode({ tools: [broken, { ...TOOL, name: 'g' }] });
    expect(turn.request.body.tools).toMatchObject([
      { parameters: { properties: { a: { type: 'array', items: {} } } } },
      { parameters: SCHEMA },
    ]);
    expect(turn.repairs).toEqual([{ tool: 'f', rules: ['missing_items'] }]);
    expect(broken.input_schema.properties.a).toEqual({ type: 'array' });
  });

  it('uses one form of a long name everywhere, and knows the way back', () => {
    const name = `mcp__${'server'.repeat(15)}.tool`;
    const messages = [
      HI,
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name, input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'x' }] },
    ];
    const { request, reply } = decode({ messages, tools: [{ ...TOOL, name }], tool_choice: { type: 'tool', name } });
    const coded = (request.body.tools as JsonObject[])[0]!.name as string;
    expect(coded).toMatch(/^[\w-]{1,64}$/);
    expect(request.body.tool_choice).toEqual({ type: 'function', name: coded });
    expect(request.body.input[1]!.name).toBe(coded);
    expect(reply.names.original(coded)).toBe(name);
  });
});

describe('tool choice', () => {
  it.each<[string, JsonObject, unknown, unknown]>([
    ['nothing', { tools: [TOOL] }, undefined, undefined],
    ['auto', { tools: [TOOL], tool_choice: { type: 'auto' } }, 'auto', undefined],
    ['any as required', { tools: [TOOL], tool_choice: { type: 'any' } }, 'required', undefined],
    ['none', { tools: [TOOL], tool_choice: { type: 'none' } }, 'none', undefined],
    ['a function', { tools: [TOOL], tool_choice: { type: 'tool', name: 'f' } }, { type: 'function', name: 'f' }, undefined],
    ['the web search', { tools: [SEARCH], tool_choice: { type: 'tool', name: 'web_search' } }, { type: 'web_search' }, undefined],
    ['one call at a time', { tools: [TOOL], tool_choice: { type: 'auto', disable_parallel_tool_use: true } }, 'auto', false],
    ['calls as usual', { tools: [TOOL], tool_choice: { type: 'auto', disable_parallel_tool_use: false } }, 'auto', undefined],
    ['auto without tools', { tool_choice: { type: 'auto', disable_parallel_tool_use: true } }, undefined, undefined],
    ['none without tools', { tool_choice: { type: 'none' } }, undefined, undefined],
  ])('%s', (_name, body, choice, parallel) => {
    const { tool_choice, parallel_tool_calls } = sent(body);
    expect([tool_choice, parallel_tool_calls]).toEqual([choice, parallel]);
  });

  it.each<[string, JsonObject, string]>([
    ['any without tools', { tool_choice: { type: 'any' } }, 'tool_choice: tool_choice.any may only be specified while providing tools'],
    ['a tool without tools', { tool_choice: { type: 'tool', name: 'f' } }, "tool_choice.name: Tool 'f' not found in provided tools"],
    [
      'an undeclared tool',
      { tools: [TOOL], tool_choice: { type: 'tool', name: 'g' } },
      "tool_choice.name: Tool 'g' not found in provided tools",
    ],
    ['a tool without name', { tools: [TOOL], tool_choice: { type: 'tool' } }, 'tool_choice.name: Field required'],
    ['a choice without type', { tools: [TOOL], tool_choice: {} }, 'tool_choice.type: Field required'],
    ['a choice that is a string', { tools: [TOOL], tool_choice: 'auto' }, 'tool_choice: Input should be a valid dictionary'],
    [
      'an unknown choice',
      { tools: [TOOL], tool_choice: { type: 'required' } },
      "tool_choice.type: Input tag 'required' found using 'type' does not match any of the expected tags: 'auto', 'any', 'none', 'tool'",
    ],
  ])('refuses %s', (_name, body, message) => {
    expect(refusal(() => decode(body)).message).toBe(message);
  });
});
