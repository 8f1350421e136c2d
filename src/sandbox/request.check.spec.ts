import { describe, expect, it } from '@jest/globals';
import { JsonObject } from './json.js';
import { CheckedCall, checkCompact, checkResponses } from './request.check.js';
import { minimalRequest } from '../../test/support/sandbox-client.js';

const call = (request: JsonObject, headers: Record<string, string> = {}): CheckedCall => ({
  request,
  headers,
  plan: 'plus',
  ownModels: null,
  opens: (text) => text === 'gAAAAmine',
  anyModel: false,
  enforceContextWindow: true,
});
const request = (extra: JsonObject = {}): JsonObject => minimalRequest('hi', extra);
const without = (name: string): JsonObject => Object.fromEntries(Object.entries(request()).filter(([key]) => key !== name));
const user = { role: 'user', content: [{ type: 'input_text', text: 'hi' }] };
const fn = (extra: JsonObject = {}): JsonObject => ({
  type: 'function',
  name: 'lookup',
  parameters: { type: 'object', properties: { a: { type: 'string' } } },
  ...extra,
});
const functionCall = { type: 'function_call', call_id: 'call_9', name: 'lookup', arguments: '{}' };
const LONG = 'x'.repeat(65);
const TOO_LONG = 'string too long. Expected a string with maximum length 64, but got a string with length 65 instead.';

const details: [string, JsonObject, string][] = [
  ['no instructions', without('instructions'), 'Instructions are required'],
  ['no store', without('store'), 'Store must be set to false'],
  ['store true', request({ store: true }), 'Store must be set to false'],
  ['no stream', without('stream'), 'Stream must be set to true'],
  ['input as a string', request({ input: 'hi' }), 'Input must be a list'],
  ['a system message', request({ input: [{ role: 'system', content: 'x' }, user] }), 'System messages are not allowed'],
  ['service tier fast', request({ service_tier: 'fast' }), 'Unsupported service_tier: fast'],
  ['service tier flex', request({ service_tier: 'flex' }), 'Unsupported service_tier: flex'],
  ['include_usage', request({ stream_options: { include_usage: true } }), 'Unsupported parameter: stream_options'],
  ['a reasoning mode', request({ reasoning: { mode: 'pro' } }), 'Unsupported parameter: reasoning.mode'],
  ['a tool it does not run', request({ tools: [{ type: 'file_search' }] }), 'Unsupported tool type: file_search'],
  ['a retired model', request({ model: 'gpt-5.1' }), "The 'gpt-5.1' model is not supported when using Codex with a ChatGPT account."],
];

const PUBLIC_PARAMETERS =
  'max_output_tokens max_tokens max_completion_tokens temperature top_p top_logprobs logprobs presence_penalty frequency_penalty seed stop n truncation user metadata previous_response_id conversation prompt_cache_retention prompt_cache_options safety_identifier context_management background max_tool_calls generate variant response_format messages functions moderation prompt modalities reasoning_effort'.split(
    ' ',
  );

const errors: [string, JsonObject, string, string | null, string | null][] = [
  [
    'an effort that does not exist',
    request({ reasoning: { effort: 'ultra' } }),
    "Invalid value: 'ultra'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'.",
    'reasoning.effort',
    'invalid_value',
  ],
  [
    'an effort the model lacks',
    request({ reasoning: { effort: 'minimal' } }),
    "Unsupported value: 'minimal' is not supported with the 'gpt-5.5' model. Supported values are: 'low', 'medium', 'high', and 'xhigh'.",
    'reasoning.effort',
    'unsupported_value',
  ],
  [
    'a long tool name',
    request({ tools: [fn({ name: LONG })] }),
    `Invalid 'tools[0].name': ${TOO_LONG}`,
    'tools[0].name',
    'string_above_max_length',
  ],
  [
    'a long cache key',
    request({ prompt_cache_key: LONG }),
    `Invalid 'prompt_cache_key': ${TOO_LONG}`,
    'prompt_cache_key',
    'string_above_max_length',
  ],
  [
    'a long call id',
    request({ input: [user, { ...functionCall, call_id: LONG }] }),
    `Invalid 'input[1].call_id': ${TOO_LONG}`,
    'input[1].call_id',
    'string_above_max_length',
  ],
  ['a call without output', request({ input: [user, functionCall] }), 'No tool output found for function call call_9.', 'input', null],
  [
    'an output without call',
    request({ input: [user, { type: 'function_call_output', call_id: 'call_9', output: '' }] }),
    'No tool call found for function call output with call_id call_9.',
    'input',
    null,
  ],
  [
    'input_text in an assistant message',
    request({ input: [{ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }] }),
    "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
    'input[0].content[0]',
    'invalid_value',
  ],
  [
    'content null',
    request({ input: [{ role: 'user', content: null }] }),
    "Invalid type for 'input[0].content': expected one of an array of objects or string, but got null instead.",
    'input[0].content',
    'invalid_type',
  ],
  [
    'a nested function',
    request({ tools: [{ type: 'function', function: { name: 'x' } }] }),
    "Missing required parameter: 'tools[0].name'.",
    'tools[0].name',
    'missing_required_parameter',
  ],
  [
    'a tool choice that is not declared',
    request({ tools: [fn()], tool_choice: { type: 'function', name: 'other' } }),
    "Tool choice 'other' not found in 'tools' parameter.",
    'tool_choice',
    null,
  ],
  [
    'a nested tool choice',
    request({ tools: [fn()], tool_choice: { type: 'function', function: { name: 'lookup' } } }),
    "Unknown parameter: 'tool_choice.function'.",
    'tool_choice.function',
    'unknown_parameter',
  ],
  [
    'an array schema without items',
    request({ tools: [fn({ parameters: { type: 'object', properties: { list: { type: 'array' } } } })] }),
    "Invalid schema for function 'lookup': In context=('properties', 'list'), array schema missing items.",
    'tools[0].parameters',
    'invalid_function_parameters',
  ],
  [
    'an object schema without properties',
    request({ tools: [fn({ parameters: { type: 'object' } })] }),
    "Invalid schema for function 'lookup': In context=(), object schema missing properties.",
    'tools[0].parameters',
    'invalid_function_parameters',
  ],
  [
    'a strict schema with an optional property',
    request({
      tools: [fn({ strict: true, parameters: { type: 'object', properties: { a: {} }, required: [], additionalProperties: false } })],
    }),
    "Invalid schema for function 'lookup': In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing 'a'.",
    'tools[0].parameters',
    'invalid_function_parameters',
  ],
  [
    'a strict output schema that is open',
    request({ text: { format: { type: 'json_schema', name: 'a', strict: true, schema: { type: 'object', properties: {} } } } }),
    "Invalid schema for response_format 'a': In context=(), 'additionalProperties' is required to be supplied and to be false.",
    'text.format.schema',
    'invalid_json_schema',
  ],
  [
    'json_object without the word',
    request({ instructions: 'json', text: { format: { type: 'json_object' } } }),
    "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
    'input',
    null,
  ],
  [
    'foreign ciphertext',
    request({ input: [{ type: 'reasoning', summary: [], encrypted_content: 'gAAAAforeign' }, user] }),
    'The encrypted content gAAA...eign could not be verified.',
    null,
    'invalid_encrypted_content',
  ],
  [
    'an id of another kind',
    request({ input: [{ ...user, id: 'item-1' }] }),
    "Invalid 'input[0].id': 'item-1'. Expected an ID that begins with 'msg'.",
    'input[0].id',
    'invalid_value',
  ],
  [
    'a prompt beyond the window',
    request({ instructions: 'x'.repeat(1_200_000) }),
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
    'input',
    'context_length_exceeded',
  ],
];

describe('checkResponses', () => {
  it('accepts the smallest request, an empty instruction and a whole tool round trip', () => {
    expect(checkResponses(call(request()))).toBeNull();
    const history = [
      user,
      { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: 'gAAAAmine' },
      { ...functionCall, id: 'fc_1' },
      { type: 'function_call_output', call_id: 'call_9', output: [{ type: 'input_text', text: 'x' }] },
    ];
    const tools = [fn(), { type: 'custom', name: 'apply_patch' }, { type: 'web_search' }, { type: 'namespace', name: 'a', tools: [fn()] }];
    expect(checkResponses(call(request({ input: history, tools, tool_choice: 'required', service_tier: 'priority' })))).toBeNull();
  });

  it.each(details)('answers %s with a detail', (_, body, words) => {
    expect(checkResponses(call(body))).toEqual({ status: 400, body: { detail: words } });
  });

  it.each(PUBLIC_PARAMETERS)('refuses the public parameter %s by its name', (name) => {
    expect(checkResponses(call(request({ [name]: null })))?.body).toEqual({ detail: `Unsupported parameter: ${name}` });
  });

  it.each(errors)('answers %s with an invalid_request_error', (_, body, message, param, code) => {
    expect(checkResponses(call(body))).toEqual({
      status: 400,
      body: { error: { message, type: 'invalid_request_error', param, code } },
    });
  });

  it('names the faults in the order of the backend, one at a time', () => {
    const body: JsonObject = { model: 'nope', input: 'x', temperature: 1 };
    const words: unknown[] = [];
    for (const repair of [{ instructions: '' }, { store: false }, { stream: true }, { input: [] }]) {
      words.push(checkResponses(call(body))?.body);
      Object.assign(body, repair);
    }
    words.push(checkResponses(call(body))?.body);
    delete body.temperature;
    words.push(checkResponses(call(body))?.body);
    expect(words.map((entry) => (entry as { detail: string }).detail)).toEqual([
      'Instructions are required',
      'Store must be set to false',
      'Stream must be set to true',
      'Input must be a list',
      'Unsupported parameter: temperature',
      "The 'nope' model is not supported when using Codex with a ChatGPT account.",
    ]);
  });

  it('does not find reasoning that was not stored, nor references', () => {
    const words =
      "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input.";
    for (const type of ['reasoning', 'item_reference']) {
      const refusal = checkResponses(call(request({ input: [{ type, id: 'rs_1', summary: [] }] })));
      expect(refusal).toMatchObject({ status: 404, body: { error: { message: words } } });
    }
  });

  it('keeps models from plans, accounts and clients that may not have them', () => {
    const spark = call(request({ model: 'gpt-5.3-codex-spark' }));
    expect(checkResponses(spark)).toBeNull();
    expect(checkResponses({ ...spark, plan: 'team' })?.status).toBe(400);
    expect(checkResponses({ ...spark, ownModels: ['gpt-5.5'] })?.status).toBe(400);
    expect(checkResponses({ ...call(request({ model: 'anything' })), anyModel: true })).toBeNull();
    const old = checkResponses(call(request({ model: 'gpt-6-luna' }), { version: '0.144.0' }));
    expect(old?.body).toEqual({
      detail: "The 'gpt-6-luna' model requires a newer version of Codex. Please upgrade to the latest app or CLI and try again.",
    });
  });

  it('removes image generation from free plans, so that choosing it fails', () => {
    const body = request({ tools: [{ type: 'image_generation' }], tool_choice: { type: 'image_generation' } });
    expect(checkResponses(call(body))).toBeNull();
    expect(checkResponses({ ...call(body), plan: 'free' })?.body).toMatchObject({
      error: { message: "Tool choice 'image_generation' not found in 'tools' parameter." },
    });
  });

  it('holds the lite layout to its rules', () => {
    const headers = { 'x-openai-internal-codex-responses-lite': 'true' };
    const lite = { ...without('instructions'), model: 'gpt-5.6-sol', reasoning: { context: 'all_turns' }, parallel_tool_calls: false };
    expect(checkResponses(call(lite, headers))).toBeNull();
    const words = (extra: JsonObject): unknown => checkResponses(call({ ...lite, ...extra }, headers))?.body;
    expect(words({ reasoning: {} })).toMatchObject({ error: { code: 'unsupported_value', param: 'reasoning.context' } });
    expect(words({ parallel_tool_calls: true })).toMatchObject({ error: { param: 'parallel_tool_calls' } });
    expect(words({ tools: [{ type: 'web_search' }] })).toMatchObject({ error: { param: 'tools' } });
    expect(words({ model: 'gpt-5.5' })).toMatchObject({ error: { param: 'model' } });
  });
});

describe('checkCompact', () => {
  it('takes no streaming members and still wants instructions', () => {
    const { model, input } = request();
    expect(checkCompact(call({ model, input, instructions: '' }))).toBeNull();
    expect(checkCompact(call({ model, input }))?.body).toEqual({ detail: 'Instructions are required' });
    expect(checkCompact(call(request()))?.body).toEqual({ detail: 'Unsupported parameter: store' });
  });
});
