import { describe, expect, it } from '@jest/globals';
import { call, calls, chatSent, decodeChat, functionTool, ignoredOf, result, USER } from '../../../test/support/decode-chat.js';
import { refusal } from '../../../test/support/decode-request.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

const parameters = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
const empty = { type: 'object', properties: {} };
const f = functionTool('f');
const patch = { type: 'custom', custom: { name: 'patch' } };
const grammar = { syntax: 'lark', definition: 'start: "a"' };

describe('tools', () => {
  it.each<[string, unknown, unknown]>([
    [
      'a function, flat and lenient',
      { type: 'function', function: { name: 'f', description: 'd', parameters } },
      { type: 'function', name: 'f', description: 'd', parameters, strict: false },
    ],
    [
      'the client’s strictness',
      functionTool('f', { strict: true, parameters: { ...parameters, additionalProperties: false } }),
      {
        type: 'function',
        name: 'f',
        parameters: { ...parameters, additionalProperties: false },
        strict: true,
      },
    ],
    [
      'an empty schema where there is none',
      { type: 'function', function: { name: 'f', description: null, strict: null } },
      { type: 'function', name: 'f', parameters: empty, strict: false },
    ],
    [
      'a function that is flat already',
      { type: 'function', name: 'f', parameters },
      { type: 'function', name: 'f', parameters, strict: false },
    ],
    [
      'a schema mended where the backend would refuse it',
      functionTool('f', { parameters: { type: 'object', properties: { a: { type: 'array' } } } }),
      {
        type: 'function',
        name: 'f',
        parameters: { type: 'object', properties: { a: { type: 'array', items: {} } } },
        strict: false,
      },
    ],
    ['a custom tool', patch, { type: 'custom', name: 'patch' }],
    [
      'a custom tool with text',
      { type: 'custom', custom: { name: 'p', description: 'd', format: { type: 'text' } } },
      { type: 'custom', name: 'p', description: 'd', format: { type: 'text' } },
    ],
    [
      'a custom tool with a grammar, flat',
      { type: 'custom', custom: { name: 'p', format: { type: 'grammar', grammar } } },
      { type: 'custom', name: 'p', format: { type: 'grammar', ...grammar } },
    ],
    [
      'a custom tool that is flat already',
      { type: 'custom', name: 'p', format: { type: 'grammar', ...grammar } },
      { type: 'custom', name: 'p', format: { type: 'grammar', ...grammar } },
    ],
    ['web search', { type: 'web_search', search_context_size: 'low', filters: null }, { type: 'web_search', search_context_size: 'low' }],
    [
      'web search without nulls at any depth',
      { type: 'web_search_preview', user_location: { type: 'approximate', city: null, country: 'DE' }, filters: { allowed_domains: null } },
      { type: 'web_search', user_location: { type: 'approximate', country: 'DE' }, filters: {} },
    ],
    ['a preview of web search', { type: 'web_search_preview_2025_03_11' }, { type: 'web_search' }],
    ['image generation', { type: 'image_generation', size: 'auto' }, { type: 'image_generation', size: 'auto' }],
  ])('%s', (_name, tool, expected) => {
    expect(chatSent({ tools: [tool] }).tools).toEqual([expected]);
  });

  it('tell which schemas were mended', () => {
    expect(decodeChat({ tools: [f] }).repairs).toEqual([]);
    expect(
      decodeChat({
        tools: [functionTool('a'), functionTool('b', { parameters: { type: 'object', properties: { x: { type: 'array' } } } })],
      }).repairs,
    ).toEqual([{ tool: 'b', rules: ['missing_items'] }]);
  });

  it('say in the description what a mended schema can no longer say', () => {
    const either = {
      anyOf: [
        { type: 'object', properties: { a: {} } },
        { type: 'object', properties: { b: {} } },
      ],
    };
    const [tool] = chatSent({ tools: [functionTool('f', { description: 'd', parameters: either })] }).tools as JsonObject[];
    expect(tool!.description).toMatch(/^d\n\n./);
    expect(tool!.parameters).toMatchObject({ type: 'object', properties: { a: {}, b: {} } });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['nothing for an empty list', { tools: [], tool_choice: 'auto', parallel_tool_calls: true }, {}],
    ['nothing for null', { tools: null, tool_choice: 'none', parallel_tool_calls: null }, {}],
    ['parallel calls as given', { tools: [f], parallel_tool_calls: false }, { parallel_tool_calls: false }],
    [
      'legacy functions, one call at a time',
      { functions: [{ name: 'g', parameters }] },
      {
        tools: [{ type: 'function', name: 'g', parameters, strict: false }],
        parallel_tool_calls: false,
      },
    ],
    [
      'legacy functions leniently, and one call at a time, whatever they say',
      { functions: [{ name: 'g', parameters, strict: true }], parallel_tool_calls: true },
      {
        tools: [{ type: 'function', name: 'g', parameters, strict: false }],
        parallel_tool_calls: false,
      },
    ],
    ['the search of web_search_options', { web_search_options: {} }, { tools: [{ type: 'web_search' }] }],
    [
      'its size and place',
      {
        web_search_options: {
          search_context_size: 'high',
          user_location: { type: 'approximate', approximate: { city: 'Bonn', country: null } },
        },
      },
      { tools: [{ type: 'web_search', search_context_size: 'high', user_location: { type: 'approximate', city: 'Bonn' } }] },
    ],
    ['that search once', { tools: [{ type: 'web_search' }], web_search_options: {} }, { tools: [{ type: 'web_search' }] }],
  ])('send %s', (_name, body, expected) => {
    const { tools, tool_choice, parallel_tool_calls } = chatSent(body);
    const sent = JSON.parse(JSON.stringify({ tools, tool_choice, parallel_tool_calls })) as JsonObject;
    if (!expected.tools) delete sent.tools;
    expect(sent).toEqual(expected);
    if (Object.keys(expected).length === 0) expect(tools).toBeUndefined();
  });

  it('have the same coded name in declaration, choice and history, and give the client’s name back', () => {
    const name = `mcp.${'x'.repeat(70)}`;
    const { request, reply } = decodeChat({
      tools: [functionTool(name)],
      tool_choice: { type: 'function', function: { name } },
      messages: [USER, calls(call('c', name)), result('c', 'r')],
    });
    const coded = (request.body.tools as JsonObject[])[0]!.name as string;
    expect(coded).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(request.body.tool_choice).toEqual({ type: 'function', name: coded });
    expect(request.body.input[1]!.name).toBe(coded);
    expect(reply.names.original(coded)).toBe(name);
  });

  it.each<[string, JsonObject, string]>([
    ['tools that are no list', { tools: {} }, 'tools'],
    ['a tool that is no object', { tools: ['f'] }, 'tools[0]'],
    ['a tool without type', { tools: [f, { function: { name: 'g' } }] }, 'tools[1].type'],
    ['a tool of an unknown type', { tools: [f, { type: 'file_search' }] }, 'tools[1].type'],
    ['a function without definition', { tools: [{ type: 'function' }] }, 'tools[0].function'],
    ['a function without name', { tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
    ['a description that is no string', { tools: [functionTool('f', { description: 1 })] }, 'tools[0].function.description'],
    ['a strictness that is no boolean', { tools: [functionTool('f', { strict: 'yes' })] }, 'tools[0].function.strict'],
    ['two tools of one name', { tools: [f, f] }, 'tools[1]'],
    ['two tools of one name and different kinds', { tools: [f, { type: 'custom', custom: { name: 'f' } }] }, 'tools[1]'],
    ['an unknown format', { tools: [{ type: 'custom', custom: { name: 'p', format: { type: 'xml' } } }] }, 'tools[0].custom.format.type'],
    [
      'a grammar without definition',
      { tools: [{ type: 'custom', custom: { name: 'p', format: { type: 'grammar', grammar: { syntax: 'lark' } } } }] },
      'tools[0].custom.format.grammar.definition',
    ],
    ['functions beside tools', { tools: [f], functions: [{ name: 'g' }] }, 'functions'],
    ['a legacy function without name', { functions: [{}] }, 'functions[0].name'],
    ['two tools of one name, the custom one first', { tools: [patch, functionTool('patch')] }, 'tools[1]'],
    [
      'a grammar in an unknown syntax',
      { tools: [{ type: 'custom', custom: { name: 'p', format: { type: 'grammar', grammar: { ...grammar, syntax: 'ebnf' } } } }] },
      'tools[0].custom.format.grammar.syntax',
    ],
    ['a search that is no object', { web_search_options: true }, 'web_search_options'],
    ['an exact place of search', { web_search_options: { user_location: { type: 'exact' } } }, 'web_search_options.user_location.type'],
    [
      'a city of search that is no string',
      { web_search_options: { user_location: { type: 'approximate', approximate: { city: 1 } } } },
      'web_search_options.user_location.approximate.city',
    ],
    ['an unknown size of search', { web_search_options: { search_context_size: 'huge' } }, 'web_search_options.search_context_size'],
  ])('refuse %s', (_name, body, param) => {
    const error = refusal(() => decodeChat(body));
    expect([error.kind, error.detail.param]).toEqual(['invalid_request', param]);
  });
});

describe('tool choice', () => {
  it.each<[string, JsonObject, unknown]>([
    ['nothing where none is asked', { tools: [f], tool_choice: null }, undefined],
    ['auto', { tools: [f], tool_choice: 'auto' }, 'auto'],
    ['none', { tools: [f], tool_choice: 'none' }, 'none'],
    ['required', { tools: [f], tool_choice: 'required' }, 'required'],
    ['a function', { tools: [f], tool_choice: { type: 'function', function: { name: 'f' } } }, { type: 'function', name: 'f' }],
    ['a function, flat already', { tools: [f], tool_choice: { type: 'function', name: 'f' } }, { type: 'function', name: 'f' }],
    ['a custom tool', { tools: [patch], tool_choice: { type: 'custom', custom: { name: 'patch' } } }, { type: 'custom', name: 'patch' }],
    ['web search by an old name', { tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search_preview' } }, { type: 'web_search' }],
    ['the search of web_search_options', { web_search_options: {}, tool_choice: { type: 'web_search' } }, { type: 'web_search' }],
    [
      'allowed tools',
      {
        tools: [f, patch, { type: 'web_search' }],
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'f' } }, { type: 'web_search_preview' }] },
        },
      },
      { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }, { type: 'web_search' }] },
    ],
    ['a legacy function', { functions: [{ name: 'g' }], function_call: { name: 'g' } }, { type: 'function', name: 'g' }],
    ['legacy none', { functions: [{ name: 'g' }], function_call: 'none' }, 'none'],
    ['nothing without tools', { function_call: 'auto', tool_choice: 'auto' }, undefined],
  ])('sends %s', (_name, body, expected) => {
    expect(chatSent(body).tool_choice).toEqual(expected);
  });

  it.each<[string, JsonObject, string]>([
    ['a mode that does not exist', { tools: [f], tool_choice: 'maybe' }, 'tool_choice'],
    ['required without tools', { tool_choice: 'required' }, 'tool_choice'],
    ['a tool without tools', { tool_choice: { type: 'function', function: { name: 'f' } } }, 'tool_choice'],
    ['a tool that is not declared', { tools: [f], tool_choice: { type: 'function', function: { name: 'g' } } }, 'tool_choice'],
    ['a hosted tool that is not declared', { tools: [f], tool_choice: { type: 'web_search' } }, 'tool_choice'],
    ['a choice without type', { tools: [f], tool_choice: {} }, 'tool_choice.type'],
    ['a choice of an unknown type', { tools: [f], tool_choice: { type: 'any' } }, 'tool_choice.type'],
    ['a function that is not named at all', { tools: [f], tool_choice: { type: 'function' } }, 'tool_choice.function'],
    ['allowed tools that are not listed at all', { tools: [f], tool_choice: { type: 'allowed_tools' } }, 'tool_choice.allowed_tools'],
    ['allowed tools, flat, without mode', { tools: [f], tool_choice: { type: 'allowed_tools', tools: [] } }, 'tool_choice.mode'],
    ['a function without name', { tools: [f], tool_choice: { type: 'function', function: {} } }, 'tool_choice.function.name'],
    [
      'an allowed tool that is not declared',
      {
        tools: [f],
        tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'g' } }] } },
      },
      'tool_choice',
    ],
    [
      'allowed tools without mode',
      { tools: [f], tool_choice: { type: 'allowed_tools', allowed_tools: { tools: [] } } },
      'tool_choice.allowed_tools.mode',
    ],
    [
      'allowed tools in no mode of theirs',
      { tools: [f], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'none', tools: [] } } },
      'tool_choice.allowed_tools.mode',
    ],
    [
      'allowed tools without a list',
      { tools: [f], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto' } } },
      'tool_choice.allowed_tools.tools',
    ],
    ['a legacy function that is not declared', { functions: [{ name: 'g' }], function_call: { name: 'h' } }, 'function_call'],
    ['a legacy choice without functions', { tools: [f], function_call: { name: 'f' } }, 'function_call'],
  ])('refuses %s', (_name, body, param) => {
    expect(refusal(() => decodeChat(body)).detail.param).toBe(param);
  });

  it('names a legacy choice that says nothing here', () => {
    expect(ignoredOf({ tools: [f], function_call: 'auto' })).toEqual(['function_call']);
  });
});
