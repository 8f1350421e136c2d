import { describe, expect, it } from '@jest/globals';
import { readMessagesStream, MessagesReading } from '../../../test/support/messages-grammar.js';
import { framesOf, Json } from '../../../test/support/sse-frames.js';
import { fromBytes } from '../../common/byte-string.js';
import { GatewayError } from '../../common/gateway-error.js';
import { ToolNames } from '../shared/tool-names.js';
import type { TurnEnd, TurnListener, TurnSlot } from '../shared/turn/turn-listener.js';
import { BlockFrames } from './block-frames.js';
import { BlockJson } from './block-json.js';
import { MessageBlocks } from './message-blocks.js';
import type { MessagesReply } from './messages-reply.js';

const REPLY: MessagesReply = {
  model: 'claude-opus-4-8',
  slug: 'gpt-5.4',
  thinking: 'shown',
  webSearch: false,
  names: { original: (name: string) => name.replace('coded_', 'client.') } as ToolNames,
  stops: [],
  dropEmptyArguments: new Map(),
  inputEstimate: () => 77,
  fallbackId: 'msg_fallback',
  requestId: 'req_1',
};
const END: TurnEnd = {
  status: 'completed',
  incompleteReason: null,
  usage: { input: 100, output: 20, total: 120, cached: 60, cacheWrite: null, reasoning: 5 },
  failure: null,
  stopped: null,
  serviceTier: null,
};

const slot = (kind: TurnSlot['kind'], order: number, more: Partial<TurnSlot> = {}): TurnSlot => ({
  kind,
  order,
  itemId: `item_${order}`,
  callId: '',
  name: '',
  ...more,
});
const message = (order = 0): TurnSlot => slot('message', order);
const reasoning = (order = 0): TurnSlot => slot('reasoning', order);
const call = (order = 0, name = 'read', kind: 'function' | 'custom' = 'function'): TurnSlot =>
  slot(kind, order, { name, callId: `call_${order}` });

type Tell = (listener: TurnListener) => void;

interface Told {
  readonly bytes: string;
  readonly events: Json[];
  readonly reading: MessagesReading;
  /** The JSON answer, or the error it is refused with. */
  readonly json: Json;
}

function tell(turn: Tell, reply: Partial<MessagesReply> = {}, begin = { responseId: 'resp_9', serviceTier: null as string | null }): Told {
  const shown = { ...REPLY, ...reply };
  const outputs = [new BlockFrames(shown), new BlockJson(shown)] as const;
  for (const out of outputs) {
    const blocks = new MessageBlocks(shown, out, ({ itemId }, encrypted) => `sig:${itemId}:${encrypted}`);
    blocks.begin({ ...begin, createdAt: null });
    turn(blocks);
  }
  const { preamble, output } = outputs[0].take();
  const bytes = fromBytes(preamble + output);
  const frames = framesOf(bytes);
  const reading = readMessagesStream(frames);
  return { bytes, events: frames.map(({ data }) => data), reading, json: answer(outputs[1]) };
}

function answer(message: BlockJson): Json {
  try {
    return JSON.parse(message.json());
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/** Both answers must say the same; returns it. */
function told(turn: Tell, reply: Partial<MessagesReply> = {}): Json {
  const { reading, json } = tell(turn, reply);
  expect(reading.faults).toEqual([]);
  expect(reading.message).toEqual(json);
  return json;
}

const content = (turn: Tell, reply: Partial<MessagesReply> = {}): Json =>
  told((to) => {
    turn(to);
    to.end(END);
  }, reply).content;

const say = (to: TurnListener, on: TurnSlot, text: string, part = 0): void => to.text(on, part, text);

/** The compact form of a stream: what each frame is about. */
const outline = (events: readonly Json[]): string[] =>
  events.map(({ type, index, content_block: block, delta }) => {
    if (type === 'content_block_start') return `start ${index} ${block.type}${block.name ? ` ${block.name}` : ''}`;
    if (type === 'content_block_stop') return `stop ${index}`;
    if (type !== 'content_block_delta') return delta ? `${type} ${delta.stop_reason}` : type;
    return `${delta.type} ${JSON.stringify(delta.text ?? delta.thinking ?? delta.partial_json ?? delta.signature ?? delta.citation)}`;
  });

describe('the stream', () => {
  it('tells thinking, text and two calls as blocks one after another', () => {
    const { events } = tell((to) => {
      const [r, m, a, b] = [reasoning(0), message(1), call(2, 'a'), call(3, 'b')];
      to.open(r);
      to.think(r, 'a');
      to.thinkBreak(r);
      to.think(r, 'b');
      to.close(r, { encrypted_content: 'gAAA' });
      to.open(m);
      say(to, m, 'Hi');
      to.close(m, {});
      to.open(a);
      to.args(a, '{\\"p\\":');
      to.args(a, '1}');
      to.close(a, {});
      to.open(b);
      to.args(b, '{}');
      to.close(b, {});
      to.end(END);
    });
    expect(outline(events)).toEqual([
      'message_start',
      'ping',
      'start 0 thinking',
      'thinking_delta "a"',
      'thinking_delta "\\n\\n"',
      'thinking_delta "b"',
      'signature_delta "sig:item_0:gAAA"',
      'stop 0',
      'start 1 text',
      'text_delta "Hi"',
      'stop 1',
      'start 2 tool_use a',
      'input_json_delta ""',
      'input_json_delta "{\\"p\\":"',
      'input_json_delta "1}"',
      'stop 2',
      'start 3 tool_use b',
      'input_json_delta ""',
      'input_json_delta "{}"',
      'stop 3',
      'message_delta tool_use',
      'message_stop',
    ]);
    expect(events.at(-2).usage).toEqual({
      input_tokens: 40,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 60,
      output_tokens: 20,
      output_tokens_details: { thinking_tokens: 5 },
      server_tool_use: null,
    });
  });

  it('starts with a message of the name that the client used, an estimate and a ping', () => {
    const { events } = tell((to) => to.end(END), {}, { responseId: 'resp_0af', serviceTier: 'priority' });
    expect(events[0]).toEqual({
      type: 'message_start',
      message: {
        id: 'msg_0af',
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-4-8',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        usage: {
          input_tokens: 77,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
          output_tokens: 1,
          service_tier: 'priority',
        },
      },
    });
    expect(events[1]).toEqual({ type: 'ping' });
  });

  it('uses its own id where upstream names no response', () => {
    const { events, json } = tell((to) => to.end(END), {}, { responseId: '', serviceTier: 'default' });
    expect([events[0].message.id, json.id, json.usage.service_tier]).toEqual(['msg_fallback', 'msg_fallback', 'standard']);
  });

  it('writes a text delta as head, the literal and tail', () => {
    const { bytes } = tell((to) => {
      say(to, message(), '\\u00fc\\n\\"x\\"');
      to.end(END);
    });
    expect(bytes).toContain(
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\u00fc\\n\\"x\\""}}\n\n',
    );
  });

  it.each(['failed', 'cancelled'] as const)('ends a %s turn with an error and without message_stop', (status) => {
    const { reading, json, events } = tell((to) => {
      say(to, message(), 'par');
      to.end({ ...END, status, failure: status === 'failed' ? { message: 'busy', code: 'server_is_overloaded' } : null });
    });
    expect(reading.faults).toEqual([]);
    expect(reading.error.type).toBe(status === 'failed' ? 'overloaded_error' : 'api_error');
    expect(events.map(({ type }) => type)).not.toContain('content_block_stop');
    expect(json).toBeInstanceOf(GatewayError);
  });

  it('of an empty turn has no block', () => {
    expect(told((to) => to.end(END))).toMatchObject({ content: [], stop_reason: 'end_turn' });
  });
});

describe('text', () => {
  it('of several messages and parts becomes one block each', () => {
    const blocks = content((to) => {
      const [first, second] = [message(0), message(1)];
      say(to, first, 'a');
      say(to, first, 'b');
      say(to, first, 'c', 1);
      to.close(first, {});
      say(to, second, 'd');
    });
    expect(blocks.map(({ text }: Json) => text)).toEqual(['ab', 'c', 'd']);
  });

  it('a message without text opens no block', () => {
    expect(
      content((to) => {
        to.open(message());
        to.close(message(), {});
      }),
    ).toEqual([]);
  });

  it('keeps text of any language byte for byte', () => {
    const text = 'Grüße, 世界 😀 "quoted" \\ \n';
    const [block] = content((to) => say(to, message(), Buffer.from(JSON.stringify(text).slice(1, -1)).toString('latin1')));
    expect(block.text).toBe(text);
  });
});

describe('thinking', () => {
  const think = (to: TurnListener, item: Json): void => {
    to.open(reasoning());
    to.think(reasoning(), 'hm');
    to.close(reasoning(), item);
    say(to, message(1), 'x');
  };

  it.each<[MessagesReply['thinking'], Json, Json]>([
    ['shown', { encrypted_content: 'E' }, [{ type: 'thinking', thinking: 'hm', signature: 'sig:item_0:E' }]],
    ['shown', {}, [{ type: 'thinking', thinking: 'hm', signature: '' }]],
    ['shown', null, [{ type: 'thinking', thinking: 'hm', signature: '' }]],
    ['omitted', { encrypted_content: 'E' }, [{ type: 'thinking', thinking: '', signature: 'sig:item_0:E' }]],
    ['omitted', {}, []],
    ['hidden', { encrypted_content: 'E' }, []],
  ])('%s, item %j', (thinking, item, expected) => {
    expect(content((to) => think(to, item), { thinking }).slice(0, -1)).toEqual(expected);
  });

  it('without a summary is an empty block with its signature', () => {
    const turn: Tell = (to) => to.close(reasoning(), { encrypted_content: 'E' });
    expect(content(turn)).toEqual([{ type: 'thinking', thinking: '', signature: 'sig:item_0:E' }]);
  });
});

describe('calls', () => {
  it('carry the client’s name and the backend’s id', () => {
    expect(content((to) => to.open(call(0, 'coded_x')))).toEqual([{ type: 'tool_use', id: 'call_0', name: 'client.x', input: {} }]);
  });

  it('of a custom tool carry their raw input as JSON', () => {
    const raw = 'a "b"\n\\ ü';
    const on = call(0, 'patch', 'custom');
    const [block] = content((to) => {
      to.open(on);
      for (const piece of [raw.slice(0, 3), raw.slice(3)]) to.args(on, Buffer.from(JSON.stringify(piece).slice(1, -1)).toString('latin1'));
      to.close(on, {});
    });
    expect(block.input).toEqual({ input: raw });
  });

  it.each([
    ['{\\"n\\":12345678901234567890}', '{"n":12345678901234567890}'],
    ['[1]', '{}'],
    ['', '{}'],
  ])('arguments %s are the input %s', (args, input) => {
    const frames = new BlockJson(REPLY);
    const blocks = new MessageBlocks(REPLY, frames, () => '');
    blocks.begin({ responseId: 'resp_1', createdAt: null, serviceTier: null });
    blocks.open(call());
    if (args !== '') blocks.args(call(), args);
    blocks.end(END);
    expect(frames.json()).toContain(`"input":${input}}`);
  });

  describe('whose arguments are no JSON', () => {
    const broken =
      (status: TurnEnd['status']): Tell =>
      (to) => {
        to.open(call());
        to.args(call(), '{\\"a\\":1,\\"b\\":\\"cu');
        to.end({ ...END, status, incompleteReason: status === 'incomplete' ? 'max_output_tokens' : null });
      };

    it('are told as they are in a stream, and refused in a JSON answer', () => {
      const { events, json } = tell(broken('completed'));
      expect(outline(events)).toContain('input_json_delta "{\\"a\\":1,\\"b\\":\\"cu"');
      expect(json).toMatchObject({ kind: 'truncated', message: 'tool arguments are not valid JSON' });
    });

    it('of a turn that was cut are told as far as they are whole', () => {
      expect(told(broken('incomplete'))).toMatchObject({ content: [{ input: { a: 1 } }], stop_reason: 'max_tokens' });
    });
  });

  describe('with arguments that are left out where they are blank', () => {
    const dropEmptyArguments = new Map([['Read', new Set(['pages'])]]);
    const input = (name: string, args: object | string): Json => {
      const { events } = tell(
        (to) => {
          const text = typeof args === 'string' ? args : JSON.stringify(args);
          to.open(call(0, name));
          for (const char of text) to.args(call(0, name), JSON.stringify(char).slice(1, -1));
          to.close(call(0, name), {});
          to.end(END);
        },
        { dropEmptyArguments },
      );
      return events.flatMap(({ delta }) => (delta?.type === 'input_json_delta' ? [delta.partial_json] : []));
    };

    it.each([
      [{ file: 'x', pages: '' }, { file: 'x' }],
      [{ pages: ' \n', file: '' }, { file: '' }],
      [{ pages: '1-2' }, { pages: '1-2' }],
      [{ pages: null }, { pages: null }],
    ])('%j becomes %j, told at once', (args, expected) => {
      const [empty, all, ...more] = input('Read', args);
      expect([empty, JSON.parse(all), more]).toEqual(['', expected, []]);
    });

    it('leaves other tools alone, and streams them', () => {
      const args = { pages: '', new_string: '' };
      const pieces = input('Edit', args);
      expect(pieces.length).toBe(JSON.stringify(args).length + 1);
      expect(JSON.parse(pieces.join(''))).toEqual(args);
    });

    it.each(['{"pages":', '"pages"', ''])('passes on %j, which is no object', (args) => {
      expect(input('Read', args).join('')).toBe(args);
    });
  });
});

describe('web search', () => {
  const search = (action: object, status = 'completed'): Tell => {
    const on = slot('web_search', 0, { itemId: 'ws_12' });
    return (to) => {
      to.open(on);
      to.close(on, { type: 'web_search_call', status, action });
      say(to, message(1), 'x');
      to.annotation(message(1), 0, { type: 'url_citation', url: 'https://a.example', title: 'A', start_index: 0, end_index: 1 });
    };
  };
  const result = { type: 'web_search_result', encrypted_content: '', page_age: null };
  const blocksOf = (query: string, found: unknown): object[] => [
    { type: 'server_tool_use', id: 'srvtoolu_12', name: 'web_search', input: { query } },
    { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_12', content: found },
  ];

  it.each<[string, object, string, object[]]>([
    ['one query', { type: 'search', query: 'oslo' }, 'completed', blocksOf('oslo', [])],
    ['several', { type: 'search', queries: ['a', 'b', 'c'] }, 'completed', blocksOf('a; b; c', [])],
    [
      'sources',
      { type: 'search', query: 'q', sources: [{ url: 'https://a', title: 'A' }, { type: 'url', url: 'https://b' }, { name: 'x' }] },
      'completed',
      blocksOf('q', [
        { ...result, url: 'https://a', title: 'A' },
        { ...result, url: 'https://b', title: 'https://b' },
      ]),
    ],
    [
      'a failure',
      { type: 'search', query: 'q' },
      'failed',
      blocksOf('q', { type: 'web_search_tool_result_error', error_code: 'unavailable' }),
    ],
    ['an action without a type that has a query', { query: 'q' }, 'completed', blocksOf('q', [])],
    ['an action of which nothing is known', {}, 'completed', []],
    ['a page that is opened', { type: 'open_page', url: 'https://a' }, 'completed', []],
    ['a page that is searched', { type: 'find_in_page', pattern: 'x' }, 'completed', []],
  ])('%s', (_, action, status, expected) => {
    const answer = told(
      (to) => {
        search(action, status)(to);
        to.end(END);
      },
      { webSearch: true },
    );
    expect(answer.content.slice(0, -1)).toEqual(expected.map((block) => expect.objectContaining(block)));
    expect(answer.usage.server_tool_use?.web_search_requests ?? 0).toBe(expected.length > 0 ? 1 : 0);
  });

  it('cites what the text refers to', () => {
    const [, , text] = content(search({ type: 'search', query: 'q' }), { webSearch: true });
    expect(text.citations).toEqual([
      { type: 'web_search_result_location', url: 'https://a.example', title: 'A', cited_text: '', encrypted_index: '' },
    ]);
  });

  it('cites a text that comes behind its annotation', () => {
    const turn: Tell = (to) => {
      to.annotation(message(), 0, { type: 'url_citation', url: 'https://a', title: '' });
      say(to, message(), 'x');
      say(to, message(), 'y', 1);
      to.annotation(message(), 0, { type: 'url_citation', url: 'https://late', title: '' });
    };
    const texts = content(turn, { webSearch: true });
    expect(texts.map(({ citations }: Json) => citations?.map(({ url }: Json) => url) ?? null)).toEqual([['https://a'], null]);
  });

  it('is told only to those who declared the tool', () => {
    expect(content(search({ type: 'search', query: 'q' }))).toEqual([{ type: 'text', text: 'x' }]);
  });
});

describe('a refusal', () => {
  const refuse = (to: TurnListener): void => to.refusal(message(), 0, 'I will not.');

  it('is shown, and is the stop reason of an answer that is nothing else', () => {
    const answer = told((to) => {
      refuse(to);
      to.end(END);
    });
    expect(answer).toMatchObject({
      content: [{ type: 'text', text: 'I will not.' }],
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: null, explanation: null },
    });
  });

  it('behind text is an ordinary end', () => {
    const answer = told((to) => {
      say(to, message(), 'Well. ');
      refuse(to);
      to.end(END);
    });
    expect(answer).toMatchObject({ content: [{ text: 'Well. I will not.' }], stop_reason: 'end_turn' });
  });
});

describe('the usage', () => {
  it('is estimated where upstream tells none, and never zero', () => {
    const answer = told((to) => {
      say(to, message(), 'x'.repeat(41));
      to.end({ ...END, usage: null });
    });
    expect(answer.usage).toMatchObject({ input_tokens: 77, output_tokens: 11 });
    expect(told((to) => to.end({ ...END, usage: null }), { inputEstimate: () => 0 }).usage).toMatchObject({
      input_tokens: 1,
      output_tokens: 1,
    });
  });
});

it('a JSON answer is limited in length', () => {
  const message = new BlockJson(REPLY, 10);
  const blocks = new MessageBlocks(REPLY, message, () => '');
  blocks.text(slot('message', 0), 0, 'x'.repeat(11));
  blocks.end(END);
  expect(() => message.json()).toThrow('ask for a stream');
});
