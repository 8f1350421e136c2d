import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../common/gateway-error.js';
import type { ResolvedModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { sha256 } from '../shared/digest.js';
import { decodeCompact } from './compact.request.js';
import { decodeResponses } from './responses.request.js';

const CIPHER = `gAAAAAB${'x'.repeat(93)}`;

const resolveWith =
  (change: Partial<ResolvedModel> = {}) =>
  (name: string, asked: { effort?: string | null } = {}): ResolvedModel => ({
    requested: name,
    slug: name.replace(/-fast$/, ''),
    effort: asked.effort ?? null,
    effortCameFrom: asked.effort ? 'body' : 'none',
    priority: name.endsWith('-fast'),
    supportsVerbosity: true,
    supportsSummary: true,
    ...change,
  });

const decode = (body: JsonObject, headers: Record<string, string> = {}, model: Partial<ResolvedModel> = {}) =>
  decodeResponses({ model: 'gpt-5.4', input: 'hi', ...body }, headers, resolveWith(model));
const sent = (body: JsonObject, headers: Record<string, string> = {}): JsonObject => decode(body, headers).request.body;
const items = (...input: unknown[]): unknown => sent({ input }).input;
const codex = { originator: 'codex_cli_rs' };

const refusal = (run: () => unknown): GatewayError => {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('was accepted');
};

const TOOL = { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } };

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

describe('input items', () => {
  const user = (content: unknown, role = 'user'): unknown => (items({ role, content }) as JsonObject[])[0]!.content;

  it.each<[string, unknown, unknown]>([
    ['adds the type of a message', { role: 'user', content: 'a' }, { type: 'message', role: 'user', content: 'a' }],
    ['turns system into developer', { role: 'system', content: 'a' }, { type: 'message', role: 'developer', content: 'a' }],
    ['turns null content into empty text', { role: 'user', content: null }, { type: 'message', role: 'user', content: '' }],
    [
      'takes ids, status, nulls and foreign extras off messages and keeps the phase',
      {
        type: 'message',
        id: 'msg_1',
        status: 'completed',
        role: 'assistant',
        content: 'a',
        phase: 'commentary',
        reasoning_content: 'x',
        tool_calls: [],
        extra: null,
      },
      { type: 'message', role: 'assistant', content: 'a', phase: 'commentary' },
    ],
    [
      'keeps reasoning with its own ciphertext',
      { type: 'reasoning', id: 'rs_1', status: 'completed', encrypted_content: CIPHER, content: null },
      { type: 'reasoning', summary: [], encrypted_content: CIPHER },
    ],
    ['drops reasoning without ciphertext', { type: 'reasoning', id: 'rs_1', summary: [] }, undefined],
    ['drops reasoning of another vendor', { type: 'reasoning', summary: [], encrypted_content: 'ErUBCkYI' }, undefined],
    [
      'gives an empty call arguments',
      { type: 'function_call', id: 'fc_1', status: 'completed', call_id: 'c1', name: 'f', arguments: '' },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
    ],
    [
      'turns an object into the text of an output',
      { type: 'function_call_output', id: 'fco_1', call_id: 'c1', output: { ok: true } },
      { type: 'function_call_output', call_id: 'c1', output: '{"ok":true}' },
    ],
    [
      'turns a null output into empty text',
      { type: 'function_call_output', call_id: 'c1', output: null },
      { type: 'function_call_output', call_id: 'c1', output: '' },
    ],
    [
      'names the parts of an output',
      {
        type: 'function_call_output',
        call_id: 'c1',
        output: [
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: 'data:,' } },
        ],
      },
      {
        type: 'function_call_output',
        call_id: 'c1',
        output: [
          { type: 'input_text', text: 'a' },
          { type: 'input_image', image_url: 'data:,' },
        ],
      },
    ],
    [
      'passes custom calls',
      { type: 'custom_tool_call', id: 'ctc_1', status: 'completed', call_id: 'c1', name: 'p', namespace: 'n', input: 'raw' },
      { type: 'custom_tool_call', status: 'completed', call_id: 'c1', name: 'p', namespace: 'n', input: 'raw' },
    ],
    [
      'keeps the id of a hosted call',
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: null } },
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search' } },
    ],
    ['drops a hosted call with a foreign id', { type: 'web_search_call', id: 'srvtoolu_1', status: 'completed' }, undefined],
    ['passes items it does not know', { type: 'brand_new', id: 'bn_1', a: null, b: 1 }, { type: 'brand_new', b: 1 }],
    [
      'passes a compaction',
      { type: 'compaction', id: 'cmp_1', encrypted_content: CIPHER },
      { type: 'compaction', encrypted_content: CIPHER },
    ],
  ])('%s', (_name, item, expected) => {
    expect(items({ role: 'user', content: 'first' }, item)).toEqual([
      { type: 'message', role: 'user', content: 'first' },
      ...(expected ? [expected] : []),
    ]);
  });

  it('rewrites parts that do not fit their role', () => {
    expect(
      user([
        { type: 'text', text: 'a' },
        { type: 'output_text', text: 'b', annotations: [] },
      ]),
    ).toEqual([
      { type: 'input_text', text: 'a' },
      { type: 'input_text', text: 'b' },
    ]);
    expect(
      user(
        [
          { type: 'input_text', text: 'a' },
          { type: 'refusal', refusal: 'no' },
          { type: 'output_text', text: 'b', annotations: [] },
        ],
        'assistant',
      ),
    ).toEqual([
      { type: 'output_text', text: 'a' },
      { type: 'refusal', refusal: 'no' },
      { type: 'output_text', text: 'b', annotations: [] },
    ]);
    expect(
      user([
        { type: 'image_url', image_url: { url: 'https://a/b.png', detail: 'low' } },
        { type: 'input_image', image_url: 'data:,', detail: null },
      ]),
    ).toEqual([
      { type: 'input_image', image_url: 'https://a/b.png', detail: 'low' },
      { type: 'input_image', image_url: 'data:,' },
    ]);
  });

  it('shortens call ids the same way in the call and its output', () => {
    const long = `call|${'x'.repeat(80)}`;
    const [call, output] = items(
      { type: 'function_call', call_id: long, name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: long, output: '' },
    ) as JsonObject[];
    expect(call!.call_id).toMatch(/^[\w-]{64}$/);
    expect(output!.call_id).toBe(call!.call_id);
  });

  it.each<[string, unknown, string]>([
    ['item references', { type: 'item_reference', id: 'msg_1' }, 'input[0]'],
    ['an item that is no object', 'hi', 'input[0]'],
    ['an item without type', { content: 'x' }, 'input[0].type'],
    ['an unknown role', { role: 'tool', content: 'x' }, 'input[0].role'],
    ['content of another type', { role: 'user', content: 7 }, 'input[0].content'],
    ['a part without type', { role: 'user', content: [{ text: 'a' }] }, 'input[0].content[0].type'],
    ['text that is no string', { role: 'user', content: [{ type: 'input_text', text: 1 }] }, 'input[0].content[0].text'],
    ['an empty image', { role: 'user', content: [{ type: 'input_image', image_url: '' }] }, 'input[0].content[0].image_url'],
    ['arguments that are no string', { type: 'function_call', call_id: 'c', name: 'f', arguments: {} }, 'input[0].arguments'],
    ['a call without id', { type: 'function_call', name: 'f', arguments: '' }, 'input[0].call_id'],
    ['an output without id', { type: 'function_call_output', output: '' }, 'input[0].call_id'],
  ])('refuses %s', (_name, item, param) => {
    expect(refusal(() => items(item)).detail.param).toBe(param);
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

describe('captured requests', () => {
  const DIR = join(import.meta.dirname, '../../../test/fixtures/client-requests');
  interface Captured {
    headers: Record<string, string>;
    body: JsonObject | null;
  }
  const files = readdirSync(DIR).map((name): [string, Captured] => [name, JSON.parse(readFileSync(join(DIR, name), 'utf8')) as Captured]);

  it.each(files.filter(([, { body }]) => body !== null))(
    '%s is taken, and its own translation changes no more',
    (_name, { headers, body }) => {
      const turn = decodeResponses(body!, headers, resolveWith());
      expect(turn.stream).toBe(true);
      expect(turn.request.sessionId === '').toBe(!('session_id' in headers || 'session-id' in headers || 'x-session-id' in headers));
      expect(turn.request.body.input).toHaveLength((body!.input as unknown[]).length);
      expect(JSON.stringify(turn.request.body)).not.toContain(':null');
      expect(decodeResponses(turn.request.body, headers, resolveWith()).request.body).toEqual(turn.request.body);
    },
  );
});

describe('translation of any body', () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value')),
      fc.dictionary(fc.string(), tie('value')),
    ),
  })).value;
  const part = fc.record({
    type: fc.constantFrom('text', 'input_text', 'output_text', 'refusal', 'image_url'),
    text: fc.string(),
    image_url: fc.constant('data:,'),
  });
  const item = fc.oneof(
    fc.record({
      role: fc.constantFrom('user', 'system', 'assistant', 'developer'),
      content: fc.oneof(fc.string(), fc.array(part), fc.constant(null)),
      id: json,
    }),
    fc.record({
      type: fc.constant('function_call'),
      call_id: fc.string({ minLength: 1 }),
      name: fc.string(),
      arguments: fc.string(),
      status: json,
    }),
    fc.record({
      type: fc.constant('function_call_output'),
      call_id: fc.string({ minLength: 1 }),
      output: fc.oneof(fc.string(), fc.array(part), fc.constant(null)),
    }),
    fc.record({
      type: fc.constant('reasoning'),
      encrypted_content: fc.constantFrom(CIPHER, 'x', null),
      summary: fc.constantFrom([], null),
    }),
  );

  it('is deterministic, idempotent and leaves the client’s own object alone', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1 }), fc.dictionary(fc.string(), json), (input, extra) => {
        const body: JsonObject = {
          ...extra,
          model: 'gpt-5.4',
          input: [{ role: 'user', content: 'hi' }, ...input],
          tools: [TOOL],
          previous_response_id: null,
        };
        const before = JSON.stringify(body);
        const once = JSON.stringify(sent(body));
        expect(JSON.stringify(sent(body))).toBe(once);
        expect(JSON.stringify(body)).toBe(before);
        expect(JSON.stringify(sent(JSON.parse(once) as JsonObject))).toBe(once);
      }),
      { numRuns: 200 },
    );
  });

  it('ends in a request or a refusal with a param, never in a crash', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('model', 'input', 'tools', 'text', 'reasoning', 'include', 'tool_choice', 'metadata'), json),
        (body) => {
          try {
            decodeResponses(body, {}, resolveWith());
          } catch (error) {
            expect(error).toBeInstanceOf(GatewayError);
            expect((error as GatewayError).detail.param).toEqual(expect.any(String));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
