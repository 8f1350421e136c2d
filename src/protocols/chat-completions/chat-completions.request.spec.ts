import { describe, expect, it } from '@jest/globals';
import { chatSent, decodeChat, functionTool, ignoredOf, said, USER } from '../../../test/support/decode-chat.js';
import { refusal } from '../../../test/support/decode-request.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { sha256 } from '../shared/digest.js';

const tools = [functionTool('f')];
const schema = { type: 'object', properties: { a: { type: 'string', description: null } }, required: ['a'], additionalProperties: false };

describe('what goes upstream', () => {
  it('is the least the backend takes, with a summary of the reasoning', () => {
    expect(chatSent({})).toEqual({
      model: 'gpt-5.4',
      instructions: '',
      input: [said('hi')],
      reasoning: { summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      store: false,
      stream: true,
      prompt_cache_key: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['stream:true whatever was asked', { stream: false }, { stream: true }],
    ['store:false whatever was asked', { store: true }, { store: false }],
    ['no format for text', { response_format: { type: 'text' } }, { text: undefined }],
    ['a JSON object format', { response_format: { type: 'json_object' } }, { text: { format: { type: 'json_object' } } }],
    [
      'a JSON schema, flat, with its description and strictness, unaltered',
      { response_format: { type: 'json_schema', json_schema: { name: 'n', description: 'd', schema, strict: true } } },
      { text: { format: { type: 'json_schema', name: 'n', description: 'd', schema, strict: true } } },
    ],
    [
      'a JSON schema without name or strictness',
      { response_format: { type: 'json_schema', json_schema: { schema, strict: null } } },
      { text: { format: { type: 'json_schema', name: 'response_schema', schema } } },
    ],
    [
      'a JSON schema with an empty name',
      { response_format: { type: 'json_schema', json_schema: { name: '', schema } } },
      { text: { format: { type: 'json_schema', name: 'response_schema', schema } } },
    ],
    ['the effort', { reasoning_effort: 'high' }, { reasoning: { effort: 'high', summary: 'auto' } }],
    ['no effort where none is asked', { reasoning_effort: null }, { reasoning: { summary: 'auto' } }],
    ['effort none without summary', { model: 'gpt-9', reasoning_effort: 'none' }, { reasoning: { effort: 'none' } }],
    [
      'effort none without the summary that was asked for',
      { model: 'gpt-9', reasoning_effort: 'none', reasoning_summary: 'detailed' },
      { reasoning: { effort: 'none' } },
    ],
    ['the reasoning object', { reasoning: { effort: 'low', summary: 'detailed' } }, { reasoning: { effort: 'low', summary: 'detailed' } }],
    [
      'the official effort first',
      { reasoning_effort: 'low', reasoning: { effort: 'high' } },
      { reasoning: { effort: 'low', summary: 'auto' } },
    ],
    ['the summary', { reasoning_summary: 'concise' }, { reasoning: { summary: 'concise' } }],
    ['no summary where none is wanted', { reasoning_summary: 'none' }, { reasoning: undefined }],
    [
      'camel-case aliases',
      { reasoningEffort: 'low', reasoningSummary: 'detailed', textVerbosity: 'high' },
      { reasoning: { effort: 'low', summary: 'detailed' }, text: { verbosity: 'high' } },
    ],
    ['verbosity', { verbosity: 'low' }, { text: { verbosity: 'low' } }],
    ['priority', { service_tier: 'priority' }, { service_tier: 'priority' }],
    ['fast as priority', { service_tier: 'fast' }, { service_tier: 'priority' }],
    ['no automatic tier', { service_tier: 'auto' }, { service_tier: undefined }],
    ['no default tier', { service_tier: 'default' }, { service_tier: undefined }],
    ['no flex tier', { service_tier: 'flex' }, { service_tier: undefined }],
    ['no scale tier', { service_tier: 'scale' }, { service_tier: undefined }],
    ['the fast suffix as priority', { model: 'gpt-5.4-fast' }, { model: 'gpt-5.4', service_tier: 'priority' }],
    ['the client’s cache key', { prompt_cache_key: 'mine' }, { prompt_cache_key: 'mine' }],
    ['a long cache key as its digest', { prompt_cache_key: 'k'.repeat(65) }, { prompt_cache_key: sha256('k'.repeat(65)) }],
    ['one choice', { n: 1 }, { n: undefined }],
    ['no log probabilities', { logprobs: false, top_logprobs: 0 }, { logprobs: undefined, top_logprobs: undefined }],
    ['text as the only modality', { modalities: ['text'] }, { modalities: undefined }],
  ])('%s', (_name, body, expected) => {
    const result = chatSent(body);
    for (const name in expected) expect(result[name]).toEqual(expected[name]);
  });

  it('has no summary and no verbosity for models that refuse them; only what was asked for is named', () => {
    const model = { supportsSummary: false, supportsVerbosity: false };
    const silent = decodeChat({}, {}, model).request;
    expect(silent.body).not.toHaveProperty('reasoning');
    expect(silent.ignored).toEqual([]);
    const asked = decodeChat({ verbosity: 'low', reasoning: { summary: 'auto' } }, {}, model).request;
    expect(asked.body).not.toHaveProperty('text');
    expect(asked.ignored).toEqual(['verbosity', 'reasoning.summary']);
  });

  it('has no summary where no reasoning was asked of a model that always reasons, unless one was asked for', () => {
    const model = { effort: 'low' };
    const reasoningOf = (body: JsonObject): unknown => decodeChat(body, {}, model).request.body.reasoning;
    const silent = { effort: 'low' };
    expect(reasoningOf({ reasoning_effort: 'none' })).toEqual(silent);
    expect(reasoningOf({ reasoning: { effort: 'none' } })).toEqual(silent);
    expect(reasoningOf({ reasoningEffort: 'none' })).toEqual(silent);
    expect(reasoningOf({ messages: undefined, input: 'hi', reasoning: { effort: 'none' } })).toEqual(silent);
    expect(reasoningOf({ messages: undefined, input: 'hi', reasoning_effort: 'none' })).toEqual(silent);
    expect(reasoningOf({ reasoning: { effort: 'none', summary: 'concise' } })).toEqual({ effort: 'low', summary: 'concise' });
    const named = (askedEffort: string, body: JsonObject = {}): unknown =>
      decodeChat(body, {}, { ...model, askedEffort }).request.body.reasoning;
    expect(named('none')).toEqual(silent);
    expect(named('none', { reasoning_effort: 'high' })).toEqual(silent);
    expect(named('low', { reasoning_effort: 'none' })).toEqual({ effort: 'low', summary: 'auto' });
  });

  it('asks for JSON in words where JSON mode would be refused without them, and goes on doing so', () => {
    const format = { response_format: { type: 'json_object' } };
    const first = chatSent({ ...format, messages: [USER] }).input as JsonObject[];
    expect(first[0]).toMatchObject({ role: 'developer' });
    const later = chatSent({ ...format, messages: [USER, { role: 'assistant', content: '{"json":1}' }, USER] }).input as JsonObject[];
    expect(later.slice(0, 2)).toEqual(first);
    expect(chatSent({ ...format, messages: [{ role: 'user', content: 'as JSON' }] }).input).toHaveLength(1);
  });
});

describe('the reply', () => {
  it('is JSON unless a stream is asked for', () => {
    expect([decodeChat({}).stream, decodeChat({ stream: null }).stream, decodeChat({ stream: true }).stream]).toEqual([false, false, true]);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['the name that the client used', { model: 'gpt-5.4-fast' }, { model: 'gpt-5.4-fast' }],
    ['usage only on request', {}, { includeUsage: false }],
    ['usage on request', { stream: true, stream_options: { include_usage: true } }, { includeUsage: true }],
    ['calls as tool calls', { tools }, { legacyFunctions: false }],
    ['calls as function calls', { functions: [{ name: 'f' }] }, { legacyFunctions: true }],
    ['no stop sequence', {}, { stops: [] }],
    ['no stop sequence for null', { stop: null }, { stops: [] }],
    ['no stop sequence for an empty string', { stop: '' }, { stops: [] }],
    ['no stop sequence for an empty list', { stop: [] }, { stops: [] }],
    ['no stop sequence for empty ones', { stop: ['', ''] }, { stops: [] }],
    ['the stop sequences that are not empty', { stop: ['', 'a'] }, { stops: ['a'] }],
    ['one stop sequence', { stop: '\n' }, { stops: ['\n'] }],
    ['four stop sequences', { stop: ['a', 'b', 'c', 'd'] }, { stops: ['a', 'b', 'c', 'd'] }],
  ])('shows %s', (_name, body, expected) => {
    expect(decodeChat(body).reply).toMatchObject(expected);
    expect(ignoredOf({ stop: ['a'], stream_options: { include_usage: true } })).toEqual([]);
  });
});

describe('refusals', () => {
  it.each<[string, JsonObject, string]>([
    ['a missing model', { model: undefined }, 'model'],
    ['an empty model', { model: ' ' }, 'model'],
    ['a body without anything', { model: undefined, messages: undefined }, 'model'],
    ['missing messages', { messages: undefined }, 'messages'],
    ['messages that are no list', { messages: 'hi' }, 'messages'],
    ['no messages', { messages: [] }, 'messages'],
    ['a stream that is no boolean', { stream: 'yes' }, 'stream'],
    ['stream options that are no object', { stream_options: true }, 'stream_options'],
    ['a usage wish that is no boolean', { stream_options: { include_usage: 1 } }, 'stream_options.include_usage'],
    ['a fifth stop sequence', { stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    ['a stop sequence that is no string', { stop: ['a', 1] }, 'stop[1]'],
    ['a stop of another type', { stop: 1 }, 'stop'],
    ['several choices', { n: 2 }, 'n'],
    ['no choice', { n: 0 }, 'n'],
    ['half a choice', { n: 1.5 }, 'n'],
    ['log probabilities', { logprobs: true }, 'logprobs'],
    ['top log probabilities', { top_logprobs: 3 }, 'top_logprobs'],
    ['audio answers', { modalities: ['text', 'audio'], audio: { voice: 'x' } }, 'modalities'],
    ['an unknown effort type', { reasoning_effort: 3 }, 'reasoning_effort'],
    ['an unknown summary', { reasoning: { summary: 'long' } }, 'reasoning.summary'],
    ['an unknown verbosity', { verbosity: 'chatty' }, 'verbosity'],
    ['an unknown tier', { service_tier: 'gold' }, 'service_tier'],
    ['an unknown format', { response_format: { type: 'grammar' } }, 'response_format.type'],
    ['a format without type', { response_format: {} }, 'response_format.type'],
    [
      'a schema format without its schema',
      { response_format: { type: 'json_schema', json_schema: { name: 'n' } } },
      'response_format.json_schema.schema',
    ],
    ['a schema format without anything', { response_format: { type: 'json_schema' } }, 'response_format.json_schema'],
    ['no completion tokens', { max_completion_tokens: 0 }, 'max_completion_tokens'],
    ['half a token', { max_tokens: 1.5 }, 'max_tokens'],
    ['a temperature out of range', { temperature: 2.1 }, 'temperature'],
    ['a top_p out of range', { top_p: 1.1 }, 'top_p'],
    ['a presence penalty out of range', { presence_penalty: 3 }, 'presence_penalty'],
    ['a frequency penalty that is no number', { frequency_penalty: '1' }, 'frequency_penalty'],
    ['metadata that is no object', { metadata: 'x' }, 'metadata'],
    ['a bias that is no object', { logit_bias: [] }, 'logit_bias'],
    ['a seed that is no integer', { seed: 1.5 }, 'seed'],
    ['a store that is no boolean', { store: 'yes' }, 'store'],
    ['a prediction that is no object', { prediction: 'x' }, 'prediction'],
    ['a prediction without type', { prediction: { content: 'x' } }, 'prediction.type'],
    ['a safety identifier that is no string', { safety_identifier: 1 }, 'safety_identifier'],
    ['a cache retention that is no string', { prompt_cache_retention: 24 }, 'prompt_cache_retention'],
    ['cache options that are no object', { prompt_cache_options: '24h' }, 'prompt_cache_options'],
    ['modalities that are no list', { modalities: 'text' }, 'modalities'],
    ['an audio that is no object', { audio: 'x' }, 'audio'],
    ['a prediction of another type', { prediction: { type: 'guess' } }, 'prediction.type'],
    ['a user that is no string', { user: 1 }, 'user'],
    ['a cache key that is no string', { prompt_cache_key: 1 }, 'prompt_cache_key'],
    ['parallel calls that are no boolean', { tools, parallel_tool_calls: 'no' }, 'parallel_tool_calls'],
  ])('%s', (_name, body, param) => {
    const error = refusal(() => decodeChat(body));
    expect([error.kind, error.detail.param]).toEqual(['invalid_request', param]);
  });
});

describe('what is left out is named', () => {
  it.each<[string, JsonObject, string[]]>([
    ['max_tokens', { max_tokens: 5 }, ['max_tokens']],
    ['max_completion_tokens', { max_completion_tokens: 5 }, ['max_completion_tokens']],
    ['temperature and top_p', { temperature: 0.2, top_p: 0.5 }, ['temperature', 'top_p']],
    ['penalties', { presence_penalty: 1, frequency_penalty: -1 }, ['presence_penalty', 'frequency_penalty']],
    ['seed', { seed: 7 }, ['seed']],
    ['logit_bias', { logit_bias: { 50256: -100 } }, ['logit_bias']],
    ['prediction', { prediction: { type: 'content', content: 'x' } }, ['prediction']],
    ['store', { store: true }, ['store']],
    ['metadata', { metadata: { a: 'b' } }, ['metadata']],
    ['user and safety_identifier', { user: 'u', safety_identifier: 's' }, ['user', 'safety_identifier']],
    ['cache hints', { prompt_cache_retention: '24h', prompt_cache_options: {} }, ['prompt_cache_retention', 'prompt_cache_options']],
    ['moderation', { moderation: { model: 'm' } }, ['moderation']],
    ['audio without an audio modality', { audio: { voice: 'x' } }, ['audio']],
    ['other tiers', { service_tier: 'flex' }, ['service_tier']],
    ['the scale tier', { service_tier: 'scale' }, ['service_tier']],
    ['a summary where no reasoning is', { model: 'gpt-9', reasoning_effort: 'none', reasoning_summary: 'auto' }, ['reasoning_summary']],
    ['obfuscation', { stream_options: { include_obfuscation: true } }, ['stream_options.include_obfuscation']],
    ['other stream options', { stream_options: { x: 1 } }, ['stream_options.x']],
    ['other members of reasoning', { reasoning: { max_tokens: 5, enabled: true } }, ['reasoning.max_tokens', 'reasoning.enabled']],
    ['unknown fields, safely', { top_k: 4, 'x\r\ny': 1 }, ['top_k', 'x__y']],
    [
      'a cache mark on a part',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', prompt_cache_breakpoint: {} }] }] },
      ['prompt_cache_breakpoint'],
    ],
    [
      'names and unverifiable reasoning',
      { messages: [{ ...USER, name: 'bob' }, { role: 'assistant', content: 'a', reasoning_content: 'r' }, USER] },
      ['messages.name', 'messages.reasoning_content'],
    ],
    [
      'nothing that says nothing new',
      {
        temperature: 1,
        top_p: 1,
        presence_penalty: 0,
        frequency_penalty: 0,
        logit_bias: {},
        metadata: {},
        store: false,
        n: 1,
        logprobs: false,
        service_tier: 'auto',
        response_format: { type: 'text' },
        modalities: ['text'],
        stream_options: { include_obfuscation: false },
        seed: null,
        tool_choice: 'auto',
        parallel_tool_calls: true,
      },
      [],
    ],
  ])('%s', (_name, body, expected) => {
    const { request } = decodeChat(body);
    expect(request.ignored).toEqual(expected);
    for (const name of expected) expect(request.body).not.toHaveProperty([name.split('.')[0]!, name.split('.')[1] ?? '']);
  });
});

describe('who asks', () => {
  it('takes the session of a header for session, cache key and affinity', () => {
    const { request } = decodeChat({}, { 'x-session-affinity': 'ses_1' });
    expect(request.sessionId).toBe('ses_1');
    expect(request.body.prompt_cache_key).toBe('ses_1');
    expect(request.affinity.map((key) => key.split(':')[0])).toEqual(['session', 'conversation']);
  });

  it('keeps a conversation together as it grows, and apart from another user’s', () => {
    const messages = [{ role: 'system', content: 's' }, USER];
    const grown = [...messages, { role: 'assistant', content: 'a' }, { role: 'user', content: 'more' }];
    const of = (body: JsonObject): unknown[] => [decodeChat(body).request.affinity, chatSent(body).prompt_cache_key];
    expect(of({ messages: grown })).toEqual(of({ messages }));
    expect(of({ messages: grown, user: 'bob' })).toEqual(of({ messages, user: 'bob' }));
    expect(of({ messages, user: 'bob' })).not.toEqual(of({ messages }));
    expect(of({ messages, user: 'bob' })).not.toEqual(of({ messages, safety_identifier: 'eve' }));
    expect(JSON.stringify(decodeChat({ messages, user: 'bob@example.com' }))).not.toContain('bob');
  });

  it('sees where a turn of the user begins', () => {
    const history = [USER, { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f' } }] }];
    expect(decodeChat({}).request.turnStart).toBe(true);
    expect(decodeChat({ messages: [...history, { role: 'tool', tool_call_id: 'c', content: '' }] }).request.turnStart).toBe(false);
    // A result without its call becomes a user's message, but no turn begins with it.
    expect(decodeChat({ messages: [{ role: 'tool', tool_call_id: 'c', content: 'x' }] }).request.turnStart).toBe(false);
  });
});

describe('a Responses body', () => {
  const decode = (body: JsonObject) => decodeChat({ messages: undefined, input: 'hi', ...body });

  it('is read as what it is', () => {
    const flat = { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } };
    const { request, stream } = decode({
      instructions: 'Be short.',
      tools: [flat, { type: 'custom', name: 'apply_patch' }],
      tool_choice: 'auto',
      stream: true,
      text: { verbosity: 'low' },
      max_output_tokens: 5,
    });
    expect(stream).toBe(true);
    expect(request.body).toMatchObject({
      instructions: 'Be short.',
      input: [said('hi')],
      tools: [flat, { type: 'custom', name: 'apply_patch' }],
      tool_choice: 'auto',
      text: { verbosity: 'low' },
      reasoning: { summary: 'auto' },
    });
    expect(request.ignored).toEqual(['max_output_tokens']);
  });

  it('may have Chat’s tools and options', () => {
    const { request, reply } = decode({
      tools: [functionTool('f')],
      stop: 'x',
      stream_options: { include_usage: true },
      reasoningEffort: 'low',
      reasoning_summary: 'concise',
      verbosity: 'high',
      n: 1,
      response_format: { type: 'json_schema', json_schema: { schema: {} } },
    });
    expect(request.body).toMatchObject({
      tools: [{ type: 'function', name: 'f', strict: false }],
      reasoning: { effort: 'low', summary: 'concise' },
      text: { verbosity: 'high', format: { type: 'json_schema', name: 'response_schema', schema: {} } },
    });
    expect(reply).toMatchObject({ stops: ['x'], includeUsage: true });
    expect(request.ignored).toEqual([]);
  });

  it('keeps what the Responses shape says itself', () => {
    const { body } = decode({
      reasoning_effort: 'high',
      reasoningEffort: 'low',
      reasoning: { generate_summary: 'concise' },
      text: { verbosity: 'low' },
      verbosity: 'high',
    }).request;
    expect(body).toMatchObject({ reasoning: { effort: 'high', summary: 'concise' }, text: { verbosity: 'low' } });
  });

  it('loses to messages', () => {
    expect(decodeChat({ input: 'other' }).request).toMatchObject({ body: { input: [said('hi')] }, ignored: ['input'] });
  });

  it.each<[string, JsonObject, string]>([
    ['an earlier response', { previous_response_id: 'resp_1' }, 'previous_response_id'],
    ['a reference to an item', { input: [{ type: 'item_reference', id: 'x' }] }, 'input[0]'],
    ['several choices', { n: 2 }, 'n'],
    ['an unknown verbosity', { verbosity: 'chatty' }, 'text.verbosity'],
  ])('is refused with %s', (_name, body, param) => {
    expect(refusal(() => decode(body)).detail.param).toBe(param);
  });

  it('has its calls and results paired', () => {
    const { request } = decode({
      input: [
        { role: 'user', content: 'a' },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { role: 'user', content: 'b' },
      ],
    });
    expect(request.body.input.map(({ type }) => type)).toEqual(['message', 'function_call', 'function_call_output', 'message']);
  });
});
