import { describe, expect, it } from '@jest/globals';
import { CIPHER, codex, decode, refusal, resolveWith, sent, TOOL } from '../../../test/support/decode-request.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { sha256 } from '../shared/digest.js';
import { decodeCompact } from './compact.request.js';

describe('top-level fields', () => {
  it('a plain request becomes the least the backend takes', () => {
    expect(sent({ input: 'hi' })).toEqual({
      model: 'gpt-5.4',
      instructions: '',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] }],
      include: ['reasoning.encrypted_content'],
      store: false,
      stream: true,
      prompt_cache_key: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['instructions as they are', { instructions: 'Be short.' }, { instructions: 'Be short.' }],
    ['null instructions as empty', { instructions: null }, { instructions: '' }],
    ['an empty input beside instructions', { input: [], instructions: 'x' }, { input: [] }],
    ['effort after the clamp', { reasoning: { effort: 'high' } }, { reasoning: { effort: 'high' } }],
    ['effort in the place of another dialect', { reasoning_effort: 'low' }, { reasoning: { effort: 'low' } }],
    ['summary as given', { reasoning: { summary: 'detailed' } }, { reasoning: { summary: 'detailed' } }],
    ['generate_summary as summary', { reasoning: { generate_summary: 'auto' } }, { reasoning: { summary: 'auto' } }],
    ['no reasoning where nothing is asked', { reasoning: { effort: null, summary: null } }, { reasoning: undefined }],
    ['reasoning context', { reasoning: { context: 'all_turns' } }, { reasoning: { context: 'all_turns' } }],
    ['verbosity', { text: { verbosity: 'low' } }, { text: { verbosity: 'low' } }],
    [
      'a Chat response_format',
      { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {}, strict: true } } },
      { text: { format: { type: 'json_schema', name: 'a', schema: {}, strict: true } } },
    ],
    ['priority', { service_tier: 'priority' }, { service_tier: 'priority' }],
    ['fast as priority', { service_tier: 'fast' }, { service_tier: 'priority' }],
    ['no other tier', { service_tier: 'flex' }, { service_tier: undefined }],
    ['the fast suffix as priority', { model: 'gpt-5.4-fast' }, { model: 'gpt-5.4', service_tier: 'priority' }],
    ['the client’s cache key', { prompt_cache_key: 'mine' }, { prompt_cache_key: 'mine' }],
    ['a long cache key as its digest', { prompt_cache_key: 'k'.repeat(65) }, { prompt_cache_key: sha256('k'.repeat(65)) }],
    ['store:false whatever was asked', { store: true }, { store: false }],
    ['stream:true whatever was asked', { stream: false }, { stream: true }],
    [
      'sources beside the ciphertext, and nothing else',
      { include: ['message.output_text.logprobs', 'web_search_call.action.sources'] },
      { include: ['reasoning.encrypted_content', 'web_search_call.action.sources'] },
    ],
  ])('sends %s', (_name, body, expected) => {
    const result = sent(body);
    for (const name in expected) expect(result[name]).toEqual(expected[name]);
  });

  it.each<[string, JsonObject, string]>([
    ['a missing model', { model: undefined }, 'model'],
    ['an empty model', { model: ' ' }, 'model'],
    ['a missing input', { input: null }, 'input'],
    ['an empty input without instructions', { input: [] }, 'input'],
    ['an input of another type', { input: 7 }, 'input'],
    ['instructions as items', { instructions: [] }, 'instructions'],
    ['background', { background: true }, 'background'],
    ['a conversation', { conversation: 'conv_1' }, 'conversation'],
    ['a prompt template', { prompt: { id: 'pmpt_1' } }, 'prompt'],
    ['an earlier response', { previous_response_id: 'resp_1' }, 'previous_response_id'],
    ['messages instead of input', { input: undefined, messages: [] }, 'messages'],
    ['a stream that is no boolean', { stream: 'yes' }, 'stream'],
    ['log probabilities', { top_logprobs: 2 }, 'top_logprobs'],
    ['a temperature out of range', { temperature: 3 }, 'temperature'],
    ['a top_p out of range', { top_p: -1 }, 'top_p'],
    ['no output tokens', { max_output_tokens: 0 }, 'max_output_tokens'],
    ['an unknown truncation', { truncation: 'middle' }, 'truncation'],
    ['metadata that is no object', { metadata: 'x' }, 'metadata'],
    ['an unknown summary', { reasoning: { summary: 'long' } }, 'reasoning.summary'],
    ['reasoning that is no object', { reasoning: 'high' }, 'reasoning'],
    ['an unknown verbosity', { text: { verbosity: 'chatty' } }, 'text.verbosity'],
    ['an unknown format', { text: { format: { type: 'xml' } } }, 'text.format.type'],
    ['a schema format without schema', { text: { format: { type: 'json_schema', name: 'a' } } }, 'text.format.schema'],
    ['tools that are no list', { tools: {} }, 'tools'],
    ['a tool without type', { tools: [{ name: 'f' }] }, 'tools[0].type'],
    ['a function without name', { tools: [TOOL, { type: 'function' }] }, 'tools[1].name'],
    ['an unknown tool choice', { tools: [TOOL], tool_choice: 'maybe' }, 'tool_choice'],
    ['an include that is no string', { include: [1] }, 'include[0]'],
    ['a service tier that is no string', { service_tier: 1 }, 'service_tier'],
  ])('refuses %s', (_name, body, param) => {
    const error = refusal(() => decode(body));
    expect([error.kind, error.detail.param]).toEqual(['invalid_request', param]);
  });

  it('says that an earlier response is not found, as the public API does', () => {
    expect(refusal(() => decode({ previous_response_id: 'resp_1' }))).toMatchObject({
      message: "Previous response with id 'resp_1' not found.",
      detail: { code: 'previous_response_not_found' },
    });
  });

  it('ignores an empty previous_response_id and background:false', () => {
    expect(decode({ previous_response_id: '', background: false, prompt: null, conversation: null }).request.ignored).toEqual([]);
  });

  it('leaves out what the backend refuses, names it, and shows it in the reply', () => {
    const dropped = {
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      user: 'u',
      metadata: { a: 'b' },
      safety_identifier: 's',
      truncation: 'auto',
    };
    const turn = decode({ ...dropped, context_management: [], seed: 1, store: true, 'x\r\ny': 1 });
    for (const name of Object.keys(dropped)) expect(turn.request.body).not.toHaveProperty(name);
    expect(turn.request.ignored).toEqual(['store', ...Object.keys(dropped), 'context_management', 'seed', 'x__y']);
    expect(turn.reply.echo).toEqual(dropped);
  });

  it('does not name members that say nothing new', () => {
    expect(decode({ truncation: 'disabled', temperature: null, service_tier: 'auto' }).request.ignored).toEqual([]);
  });

  it('leaves verbosity and summary out for models that refuse them', () => {
    const turn = decode(
      { text: { verbosity: 'low' }, reasoning: { summary: 'auto' } },
      {},
      { supportsVerbosity: false, supportsSummary: false },
    );
    expect(turn.request.body).not.toHaveProperty('text');
    expect(turn.request.body).not.toHaveProperty('reasoning');
    expect(turn.request.ignored).toEqual(['text.verbosity', 'reasoning.summary']);
  });

  it('answers JSON unless a stream is asked for', () => {
    expect([decode({}).stream, decode({ stream: null }).stream, decode({ stream: true }).stream]).toEqual([false, false, true]);
  });

  it('asks for JSON in words where JSON mode would be refused without them', () => {
    const format = { text: { format: { type: 'json_object' } } };
    expect((sent({ ...format, input: 'a list' }).input as JsonObject[])[0]).toMatchObject({ role: 'developer' });
    expect(sent({ ...format, input: 'a JSON list' }).input).toHaveLength(1);
    expect(sent({ ...format, instructions: 'json', input: 'a list' }).input).toHaveLength(2);
  });

  it('looks for that word in a nesting bomb without falling over', () => {
    const content = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
    expect(() => sent({ text: { format: { type: 'json_object' } }, input: [{ type: 'brand_new', content }] })).not.toThrow();
  });
});

describe('tools', () => {
  it.each<[string, unknown, unknown]>([
    ['a function with the client’s strict', { ...TOOL, strict: true }, { ...TOOL, strict: true }],
    ['a function without strict', TOOL, TOOL],
    ['a function without its nulls', { ...TOOL, description: null }, TOOL],
    [
      'a nested function, flat and lenient',
      { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } },
      { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: false },
    ],
    ['a preview of web search', { type: 'web_search_preview_2025_03_11' }, { type: 'web_search' }],
    ['a custom tool', { type: 'custom', name: 'p', format: { type: 'text' } }, { type: 'custom', name: 'p', format: { type: 'text' } }],
    [
      'a hosted tool that only upstream can judge',
      { type: 'file_search', vector_store_ids: [] },
      { type: 'file_search', vector_store_ids: [] },
    ],
  ])('sends %s', (_name, tool, expected) => {
    expect(sent({ tools: [tool] }).tools).toEqual([expected]);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['nothing without tools', { tools: [], tool_choice: 'auto', parallel_tool_calls: true }, {}],
    ['no null', { tools: null, tool_choice: null, parallel_tool_calls: null }, {}],
    ['parallel_tool_calls as given', { tools: [TOOL], parallel_tool_calls: false }, { parallel_tool_calls: false }],
    ['a choice', { tools: [TOOL], tool_choice: 'required' }, { tool_choice: 'required' }],
    [
      'a nested choice, flat',
      { tools: [TOOL], tool_choice: { type: 'function', function: { name: 'f' } } },
      { tool_choice: { type: 'function', name: 'f' } },
    ],
    [
      'preview names inside allowed tools',
      { tools: [TOOL], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'web_search_preview' }] } },
      { tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'web_search' }] } },
    ],
  ])('sends %s', (_name, body, expected) => {
    const { tool_choice, parallel_tool_calls } = sent(body);
    expect(JSON.parse(JSON.stringify({ tool_choice, parallel_tool_calls }))).toEqual(expected);
  });
});

describe('who asks', () => {
  it('knows official Codex clients by their originator and forwards what they say of themselves', () => {
    const headers = {
      originator: 'Codex Desktop',
      version: '1.2.3',
      'x-codex-window-id': 'w:0',
      authorization: 'Bearer secret',
      cookie: 'c',
    };
    expect(decode({}, headers).request).toMatchObject({
      codexClient: true,
      identityHeaders: { originator: 'Codex Desktop', version: '1.2.3', 'x-codex-window-id': 'w:0' },
    });
    expect(JSON.stringify(decode({}, headers).request)).not.toContain('secret');
    expect(decode({}, { originator: 'mine', version: '9' }).request).toMatchObject({ codexClient: false, identityHeaders: {} });
  });

  it('forwards where an official Codex client wants to be computed, and its trace', () => {
    const own = { 'x-openai-internal-codex-residency': 'us', traceparent: '00-1', tracestate: 'a=b' };
    expect(decode({}, { ...codex, ...own }).request.identityHeaders).toEqual({ ...codex, ...own });
  });

  it('sends client_metadata and stream options on for Codex clients only', () => {
    const body = { client_metadata: { a: 'b' }, stream_options: { include_usage: true, reasoning_summary_delivery: 'sequential_cutoff' } };
    expect(sent(body, codex)).toMatchObject({
      client_metadata: { a: 'b' },
      stream_options: { reasoning_summary_delivery: 'sequential_cutoff' },
    });
    expect(decode(body).request.ignored).toEqual(['client_metadata', 'stream_options']);
  });

  it.each<[string, Record<string, string>, JsonObject, string]>([
    ['session-id first', { 'session-id': 'a', session_id: 'b', 'x-session-id': 'c' }, { prompt_cache_key: 'k' }, 'a'],
    ['session_id', { session_id: 'b', 'x-session-affinity': 'd' }, {}, 'b'],
    ['x-session-affinity', { 'x-session-affinity': 'd' }, {}, 'd'],
    ['the cache key where no header is', {}, { prompt_cache_key: 'k' }, 'k'],
    ['nothing where nothing is named', {}, {}, ''],
    ['a digest of a long one', { 'session-id': 's'.repeat(70) }, {}, sha256('s'.repeat(70))],
  ])('takes as session %s', (_name, headers, body, expected) => {
    expect(decode(body, headers).request.sessionId).toBe(expected);
  });

  it('names the conversation by session, cache key and first words, hashed and apart', () => {
    const { affinity } = decode({ prompt_cache_key: 'same' }, { 'session-id': 'same' }).request;
    expect(affinity.map((key) => key.split(':')[0])).toEqual(['session', 'cache', 'conversation']);
    expect(affinity.join()).not.toContain('same');
    const later = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'ho' },
      { role: 'user', content: 'more' },
    ];
    const first = [{ role: 'user', content: 'hi' }];
    expect(decode({ input: later }).request.affinity).toEqual(decode({ input: first }).request.affinity);
  });

  it('sees where a turn of the user begins', () => {
    expect(decode({}).request.turnStart).toBe(true);
    expect(decode({ input: [{ type: 'function_call_output', call_id: 'c', output: '' }] }).request.turnStart).toBe(false);
  });

  it('names compactions by the digest of their ciphertext', () => {
    expect(decode({ input: [{ type: 'compaction', encrypted_content: CIPHER }] }).request.compactions).toEqual([sha256(CIPHER)]);
  });
});

describe('Responses-Lite layout', () => {
  const input = [
    { type: 'additional_tools', role: 'developer', tools: [TOOL] },
    { type: 'message', role: 'user', content: 'hi' },
  ];
  const lite = { ...codex, 'x-openai-internal-codex-responses-lite': 'true' };

  it('keeps header and item together', () => {
    const { request } = decode({ input, parallel_tool_calls: false, tool_choice: 'auto' }, lite);
    expect(request.identityHeaders['x-openai-internal-codex-responses-lite']).toBe('true');
    expect(request.body).toMatchObject({ parallel_tool_calls: false, tool_choice: 'auto' });
    expect(request.body).not.toHaveProperty('instructions');
    expect(request.body).not.toHaveProperty('tools');
    expect(request.body.input[0]).toMatchObject({ type: 'additional_tools' });
  });

  it('becomes the classic layout where one of the two is missing', () => {
    const { request } = decode({ input }, codex);
    expect(request.body.tools).toEqual([TOOL]);
    expect(request.body.input).toHaveLength(1);
    expect(decode({}, lite).request.identityHeaders).not.toHaveProperty('x-openai-internal-codex-responses-lite');
  });
});

describe('compaction', () => {
  const compact = (body: JsonObject, model = '') =>
    decodeCompact({ model: 'gpt-5.4', input: [{ role: 'user', content: 'a' }], ...body }, {}, resolveWith(), model);

  it('sends the history and nothing of a turn', () => {
    const body = {
      instructions: 'x',
      tools: [TOOL],
      parallel_tool_calls: true,
      reasoning: { effort: 'low' },
      text: { verbosity: 'low' },
      include: [],
      store: false,
      temperature: 1,
    };
    expect(compact(body)).toMatchObject({
      operation: 'compact',
      body: {
        model: 'gpt-5.4',
        instructions: 'x',
        input: [{ type: 'message', role: 'user', content: 'a' }],
        tools: [TOOL],
        parallel_tool_calls: true,
        reasoning: { effort: 'low' },
        text: { verbosity: 'low' },
      },
    });
    for (const name of ['stream', 'store', 'include', 'temperature']) expect(compact(body).body).not.toHaveProperty(name);
    expect(compact({}).body.instructions).toBe('');
  });

  it('refuses streams and unknown history, and uses the operator’s model', () => {
    expect(refusal(() => compact({ stream: true })).detail.param).toBe('stream');
    expect(refusal(() => compact({ previous_response_id: 'resp_1' })).detail.param).toBe('previous_response_id');
    expect(refusal(() => compact({ input: undefined })).detail.param).toBe('input');
    expect(compact({}, 'gpt-5.4-mini').body.model).toBe('gpt-5.4-mini');
  });
});
