import { describe, expect, it } from '@jest/globals';
import { decode, HI, ignored, input, resolve, sent, text, user } from '../../../test/support/decode-messages.js';
import { refusal } from '../../../test/support/decode-request.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { sha256 } from '../shared/digest.js';
import { decodeCountTokens, decodeMessages } from './messages.request.js';

const TOOL = { name: 'f', input_schema: { type: 'object', properties: {} } };
const CLOSED = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
const OPEN = { type: 'object', properties: { a: { type: 'string' } } };
const UUID = '0b5b1d5e-0000-4000-8000-000000000001';

const schemaFormat = (schema: object, strict: boolean): JsonObject => ({
  text: { format: { type: 'json_schema', name: 'structured_output', schema, strict } },
});

describe('top-level fields', () => {
  it('a plain request becomes the least the backend takes', () => {
    expect(sent({})).toEqual({
      model: 'gpt-5.4',
      instructions: '',
      input: [user(input('hi'))],
      include: ['reasoning.encrypted_content'],
      store: false,
      stream: true,
      prompt_cache_key: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['a system string as instructions', { system: 'Be short.' }, { instructions: 'Be short.' }],
    ['an empty system as empty instructions', { system: '' }, { instructions: '' }],
    ['system blocks joined with a blank line', { system: [text('a'), text('b')] }, { instructions: 'a\n\nb' }],
    ['system blocks without the empty ones', { system: [text(''), text('b')] }, { instructions: 'b' }],
    [
      'system blocks without caching hints',
      { system: [{ ...text('a'), cache_control: { type: 'ephemeral' }, citations: null }] },
      { instructions: 'a' },
    ],
    [
      'no billing block, wherever it stands',
      { system: [text('x-anthropic-billing-header: cc_version=1.2'), text('a'), text('\n x-anthropic-billing-header: z'), text('b')] },
      { instructions: 'a\n\nb' },
    ],
    [
      'a system string without its billing line, but with what stands behind it',
      { system: ' x-anthropic-billing-header: cc_version=1.2;\n\nBe short.\nx-anthropic-billing-header: quoted' },
      { instructions: 'Be short.\nx-anthropic-billing-header: quoted' },
    ],
    ['no system string that is a billing line alone', { system: 'x-anthropic-billing-header: cc_version=1.2' }, { instructions: '' }],
    ['the model without its context marker', { model: 'claude-sonnet-4-5[1m]' }, { model: 'gpt-5.4' }],
    ['small models of the family', { model: 'claude-haiku-4-5' }, { model: 'gpt-5.4-mini' }],
    [
      'the backend’s own names',
      { model: 'gpt-5.4-high-fast' },
      { model: 'gpt-5.4', reasoning: { effort: 'high' }, service_tier: 'priority' },
    ],
    ['a fast request as priority', { speed: 'fast' }, { service_tier: 'priority' }],
    ['no tier at standard speed', { speed: 'standard', service_tier: 'standard_only' }, { service_tier: undefined }],
    ['a closed schema as strict', { output_config: { format: { type: 'json_schema', schema: CLOSED } } }, schemaFormat(CLOSED, true)],
    ['an open schema as lenient', { output_config: { format: { type: 'json_schema', schema: OPEN } } }, schemaFormat(OPEN, false)],
    ['the older place of a schema', { output_format: { type: 'json_schema', schema: CLOSED } }, schemaFormat(CLOSED, true)],
    [
      'one schema in both places',
      { output_format: { type: 'json_schema', schema: CLOSED }, output_config: { format: { type: 'json_schema', schema: CLOSED } } },
      schemaFormat(CLOSED, true),
    ],
    [
      'one schema in both places, its members in another order',
      {
        output_format: { type: 'json_schema', schema: Object.fromEntries(Object.entries(CLOSED).reverse()) },
        output_config: { format: { type: 'json_schema', schema: CLOSED } },
      },
      schemaFormat(CLOSED, true),
    ],
    ['store:false and stream:true whatever was asked', { stream: false, store: true }, { store: false, stream: true }],
  ])('sends %s', (_name, body, expected) => {
    const result = sent(body);
    for (const name in expected) expect(result[name]).toEqual(expected[name]);
  });

  it.each<[string, JsonObject]>([
    ['an optional property', OPEN],
    ['an open object deeper down', { ...CLOSED, properties: { a: { type: 'array', items: OPEN } } }],
    ['an open object among definitions', { ...CLOSED, $defs: { x: OPEN } }],
    ['an open object among alternatives', { ...CLOSED, properties: { a: { anyOf: [{ type: 'null' }, OPEN] } } }],
    ['a keyword that strict mode does not know', { ...CLOSED, allOf: [] }],
  ])('takes a schema with %s for a lenient one', (_name, schema) => {
    expect(sent({ output_format: { type: 'json_schema', schema } }).text).toEqual(schemaFormat(schema, false).text);
  });

  it.each<[string, JsonObject, string]>([
    ['a missing model', { model: undefined }, 'model: Field required'],
    ['an empty model', { model: ' ' }, 'model: String should have at least 1 character'],
    ['a model that is no string', { model: 7 }, 'model: Input should be a valid string'],
    ['missing messages', { messages: null }, 'messages: Field required'],
    ['empty messages', { messages: [] }, 'messages: at least one message is required'],
    ['messages that are no list', { messages: 'hi' }, 'messages: Input should be a valid list'],
    ['a limit below zero', { max_tokens: -1 }, 'max_tokens: Input should be greater than or equal to 0'],
    ['a limit that is no number', { max_tokens: '5' }, 'max_tokens: Input should be a valid integer'],
    ['a stream that is no boolean', { stream: 'yes' }, 'stream: Input should be a valid boolean'],
    ['a temperature out of range', { temperature: 1.1 }, 'temperature: Input should be less than or equal to 1'],
    ['a top_p out of range', { top_p: -1 }, 'top_p: Input should be greater than or equal to 0'],
    ['a top_k with a fraction', { top_k: 1.5 }, 'top_k: Input should be a valid integer'],
    ['a system picture', { system: [{ type: 'image' }] }, "system.0.type: Input should be 'text'"],
    ['a system block without text', { system: [{ type: 'text' }] }, 'system.0.text: Field required'],
    ['a system of another type', { system: 7 }, 'system: Input should be a valid list'],
    ['a blank stop sequence', { stop_sequences: [' \n'] }, 'stop_sequences: each stop sequence must contain non-whitespace'],
    ['a stop sequence that is no string', { stop_sequences: ['a', 1] }, 'stop_sequences.1: Input should be a valid string'],
    ['a caching hint that is no object', { cache_control: 'ephemeral' }, 'cache_control: Input should be a valid dictionary'],
    ['an unknown tier', { service_tier: 'flex' }, "service_tier: Input should be 'auto' or 'standard_only'"],
    ['metadata that is no object', { metadata: 'x' }, 'metadata: Input should be a valid dictionary'],
    ['MCP servers', { mcp_servers: [{ type: 'url' }] }, 'mcp_servers: MCP servers are not supported here.'],
    ['a container', { container: 'c_1' }, 'container: Containers are not supported here.'],
    ['an unknown format', { output_format: { type: 'xml' } }, "output_format.type: Input should be 'json_schema'"],
    ['a format without schema', { output_config: { format: { type: 'json_schema' } } }, 'output_config.format.schema: Field required'],
    [
      'two formats that differ',
      { output_format: { type: 'json_schema', schema: OPEN }, output_config: { format: { type: 'json_schema', schema: CLOSED } } },
      'output_format: differs from output_config.format; send one of them',
    ],
  ])('refuses %s', (_name, body, message) => {
    const error = refusal(() => decode(body));
    expect([error.kind, error.message, error.detail.param]).toEqual(['invalid_request', message, message.split(':')[0]]);
  });

  it('names an unknown model as the public API does, with the nearest name', () => {
    const error = refusal(() => decode({ model: 'gtp-5.4' }));
    expect([error.kind, error.message]).toEqual([
      'model_not_found',
      "model: gtp-5.4. The model 'gtp-5.4' does not exist. Did you mean 'gpt-5.4'?",
    ]);
  });

  it('refuses threads with the code upon which the SDK sends the whole conversation', () => {
    const error = refusal(() => decode({ thread: { id: 't_1' } }));
    expect([error.kind, error.detail.code]).toEqual(['invalid_request', 'thread_unsupported_request']);
  });

  it('leaves out what the backend has no place for, and names it', () => {
    const dropped = {
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      service_tier: 'standard_only',
      context_management: { edits: [] },
      fallbacks: [],
      diagnostics: {},
      inference_geo: 'eu',
      cache_control: { type: 'ephemeral' },
      'x\r\ny': 1,
    };
    const turn = decode({ ...dropped, output_config: { task_budget: 5 }, metadata: { user_id: 'u', team: 'x' } });
    for (const name of Object.keys(dropped)) expect(turn.request.body).not.toHaveProperty([name]);
    expect(turn.request.ignored).toEqual([
      'max_tokens',
      'output_config.task_budget',
      'metadata.team',
      ...Object.keys(dropped).slice(0, -1),
      'x__y',
    ]);
  });

  it('does not name members that say nothing new', () => {
    const usual = {
      temperature: 1,
      top_p: 1,
      top_k: null,
      service_tier: 'auto',
      metadata: { user_id: 'u' },
      container: {},
      mcp_servers: [],
    };
    expect(ignored({ ...usual, thread: null, speed: 'standard' })).toEqual([]);
  });

  it('takes requests without max_tokens', () => {
    expect(decode({ max_tokens: undefined })).toMatchObject({ prewarm: false, stream: false });
  });

  it('tells requests that only fill a cache', () => {
    expect(decode({ max_tokens: 0, stream: true })).toMatchObject({ prewarm: true, stream: true });
  });
});

describe('what the encoder has to know', () => {
  it('model, backend’s model, stop sequences and arguments to leave out', () => {
    const body = { model: 'claude-opus-5-5[1m]', stop_sequences: ['a', 'b', 'a'] };
    expect(decode(body, {}, ['Read.pages', 'Read.x', 'a.b.c', 'wrong', '.x', 'x.']).reply).toMatchObject({
      model: 'claude-opus-5-5[1m]',
      slug: 'gpt-5.4',
      thinking: 'hidden',
      webSearch: false,
      stops: ['a', 'b'],
      dropEmptyArguments: new Map([
        ['Read', new Set(['pages', 'x'])],
        ['a.b', new Set(['c'])],
      ]),
    });
  });
});

/** [effort, summary, how thinking is shown] */
type Thought = [effort: unknown, summary: unknown, thinking: string];

describe('thinking and effort', () => {
  const thought = (body: JsonObject): Thought => {
    const { request, reply } = decode(body);
    const reasoning = (request.body.reasoning ?? {}) as JsonObject;
    return [reasoning.effort, reasoning.summary, reply.thinking];
  };
  const enabled = (budget_tokens: number): JsonObject => ({ thinking: { type: 'enabled', budget_tokens } });

  it.each<[string, JsonObject, Thought]>([
    ['nothing asked', {}, [undefined, undefined, 'hidden']],
    ['nothing asked of a small model', { model: 'claude-haiku-4-5' }, ['low', undefined, 'hidden']],
    ['switched off', { thinking: { type: 'disabled' } }, ['none', undefined, 'hidden']],
    [
      'switched off, whatever effort is asked',
      { thinking: { type: 'disabled' }, output_config: { effort: 'high' } },
      ['none', undefined, 'hidden'],
    ],
    ['switched off where the model has no such level', { model: 'gpt-5', thinking: { type: 'disabled' } }, ['low', undefined, 'hidden']],
    ['the least budget', enabled(1024), ['low', 'auto', 'shown']],
    ['a budget of 2047', enabled(2047), ['low', 'auto', 'shown']],
    ['a budget of 2048', enabled(2048), ['medium', 'auto', 'shown']],
    ['a usual budget of 4000', enabled(4000), ['medium', 'auto', 'shown']],
    ['a budget of 8191', enabled(8191), ['medium', 'auto', 'shown']],
    ['a budget of 8192', enabled(8192), ['high', 'auto', 'shown']],
    ['a usual budget of 10000', enabled(10_000), ['high', 'auto', 'shown']],
    ['a budget of 24575', enabled(24_575), ['high', 'auto', 'shown']],
    ['a budget of 24576', enabled(24_576), ['xhigh', 'auto', 'shown']],
    ['a usual budget of 31999', enabled(31_999), ['xhigh', 'auto', 'shown']],
    ['more than the model has', { model: 'gpt-5', ...enabled(31_999) }, ['high', 'auto', 'shown']],
    ['a budget beside an effort', { ...enabled(31_999), output_config: { effort: 'low' } }, ['low', 'auto', 'shown']],
    ['adaptive thinking', { thinking: { type: 'adaptive' } }, [undefined, 'auto', 'shown']],
    ['adaptive thinking of a small model', { model: 'claude-haiku-4-5', thinking: { type: 'adaptive' } }, ['low', 'auto', 'shown']],
    ['adaptive thinking with effort', { thinking: { type: 'adaptive' }, output_config: { effort: 'medium' } }, ['medium', 'auto', 'shown']],
    ['thinking between tools', { thinking: { type: 'between_tools' } }, [undefined, 'auto', 'shown']],
    ['effort alone', { output_config: { effort: 'high' } }, ['high', undefined, 'hidden']],
    ['effort of a small model', { model: 'claude-haiku-4-5', output_config: { effort: 'high' } }, ['high', undefined, 'hidden']],
    ['effort max, clamped', { output_config: { effort: 'max' } }, ['xhigh', undefined, 'hidden']],
    ['effort ultra, clamped', { output_config: { effort: 'ultra' } }, ['xhigh', undefined, 'hidden']],
    ['a suffix of the name beside an effort', { model: 'gpt-5.4-low', output_config: { effort: 'high' } }, ['low', undefined, 'hidden']],
    ['a suffix that leaves the effort open', { model: 'gpt-5.4-auto', ...enabled(10_000) }, [undefined, 'auto', 'shown']],
    ['thinking without its text', { thinking: { type: 'adaptive', display: 'omitted' } }, [undefined, undefined, 'omitted']],
    ['thinking summarised', { thinking: { type: 'adaptive', display: 'summarized' } }, [undefined, 'auto', 'shown']],
    ['thinking as updates', { thinking: { type: 'adaptive', display: 'updates' } }, [undefined, 'auto', 'shown']],
    ['thinking with no display', { thinking: { type: 'adaptive', display: null } }, [undefined, 'auto', 'shown']],
    ['no thinking at all', { thinking: null, output_config: null }, [undefined, undefined, 'hidden']],
  ])('%s', (_name, body, expected) => {
    expect(thought(body)).toEqual(expected);
  });

  it.each<[string, JsonObject, string]>([
    ['a budget below the least', enabled(1023), 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024'],
    ['a missing budget', { thinking: { type: 'enabled' } }, 'thinking.enabled.budget_tokens: Field required'],
    ['a missing type', { thinking: {} }, 'thinking.type: Field required'],
    [
      'an unknown type',
      { thinking: { type: 'deep' } },
      "thinking.type: Input tag 'deep' found using 'type' does not match any of the expected tags: 'enabled', 'disabled', 'adaptive'",
    ],
    ['thinking that is no object', { thinking: true }, 'thinking: Input should be a valid dictionary'],
    [
      'an unknown effort',
      { output_config: { effort: 'extreme' } },
      "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ],
    [
      'an unknown effort of a system entry',
      { messages: [HI, { role: 'system', content: 'x', output_config: { effort: 'extreme' } }] },
      "messages.1.output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ],
  ])('refuses %s', (_name, body, message) => {
    expect(refusal(() => decode(body)).message).toBe(message);
  });

  it('takes the effort of the last system entry that names one', () => {
    const entry = (effort?: string): JsonObject => ({ role: 'system', content: 'x', ...(effort && { output_config: { effort } }) });
    const messages = [HI, entry('low'), HI, entry('high'), HI, entry()];
    expect(thought({ messages, output_config: { effort: 'medium' } })[0]).toBe('high');
  });

  it('asks no summary of models that refuse it, and says so', () => {
    const quiet = (name: string): ReturnType<typeof resolve> => ({ ...resolve(name), supportsSummary: false });
    const body = { model: 'gpt-5.4', messages: [HI], thinking: { type: 'adaptive' } };
    const turn = decodeMessages(body, {}, quiet, { dropEmptyArguments: [] });
    expect([turn.request.body.reasoning, turn.request.ignored]).toEqual([undefined, ['thinking.display']]);
  });
});

describe('the conversation', () => {
  const identity = (body: JsonObject, headers = {}): [unknown, unknown] => {
    const { request } = decode(body, headers);
    return [request.sessionId, request.body.prompt_cache_key];
  };
  const ofUser = (user_id: string): [unknown, unknown] => identity({ metadata: { user_id } });

  it('is named by the client’s session header, first of all', () => {
    const headers = { 'x-claude-code-session-id': UUID };
    expect(identity({ metadata: { user_id: 'user_1_session_2' } }, headers)).toEqual([UUID, UUID]);
  });

  it.each([
    ['a JSON text', JSON.stringify({ device_id: 'd', account_uuid: '', session_id: UUID })],
    ['its last part', `user_0123_account__session_${UUID}`],
  ])('is read from the user id: %s', (_name, userId) => {
    expect(ofUser(userId)).toEqual([sha256(UUID), sha256(UUID)]);
  });

  it.each(['somebody@example.com', '{"session_id":7}', '{broken', `user_session_${'x'.repeat(5000)}`])(
    'is not told by a user id without a session, which is never sent',
    (userId) => {
      const [session, key] = ofUser(userId);
      expect(session).toBe('');
      expect(key).toBe(identity({})[1]);
      expect(JSON.stringify(decode({ metadata: { user_id: userId } }).request)).not.toContain(userId.slice(0, 12));
    },
  );

  it('is told by its first words where nobody names it, and stays the same as it grows', () => {
    const first = decode({ system: 's', messages: [HI] }).request;
    const later = decode({ system: 's', messages: [HI, { role: 'assistant', content: 'x' }, HI] }).request;
    expect(later.body.prompt_cache_key).toBe(first.body.prompt_cache_key);
    expect(later.affinity).toEqual(first.affinity);
    expect(decode({ system: 'other' }).request.affinity).not.toEqual(first.affinity);
  });

  it('begins a turn with what the user says, also before a system entry, and not with a tool’s result', () => {
    const call = { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }] };
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'x' }] };
    const begins = (...messages: JsonObject[]): boolean => decode({ messages, tools: [TOOL] }).request.turnStart;
    expect(begins(HI)).toBe(true);
    expect(begins(HI, { role: 'system', content: 'x' })).toBe(true);
    expect(begins(HI, call, result)).toBe(false);
    expect(begins(HI, call, result, { role: 'system', content: 'x' })).toBe(false);
  });
});

describe('bodies to count', () => {
  const counted = (body: JsonObject): JsonObject => decodeCountTokens({ model: 'claude-sonnet-4-5', messages: [HI], ...body }, {}, resolve);

  it('are what would be sent, without a key', () => {
    const body = { system: 's', tools: [TOOL], thinking: { type: 'adaptive' } };
    const { prompt_cache_key: _, ...rest } = sent(body);
    expect(counted(body)).toEqual(rest);
  });

  it('may end with an answer or with nothing', () => {
    expect(counted({ messages: [HI, { role: 'assistant', content: 'so far' }] }).input).toHaveLength(2);
    expect(counted({ messages: [{ role: 'user', content: '' }] }).input).toEqual([]);
  });

  it('are checked like others, but for their limit and their stream', () => {
    expect(counted({ max_tokens: 'x', stream: 1 }).model).toBe('gpt-5.4');
    expect(refusal(() => counted({ tools: [{ name: 'f' }] })).message).toBe('tools.0.input_schema: Field required');
    expect(refusal(() => counted({ messages: null })).message).toBe('messages: Field required');
  });
});
