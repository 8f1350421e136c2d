import { describe, expect, it } from '@jest/globals';
import { ChatReading, readChatStream } from '../../../test/support/chat-grammar.js';
import type { Json } from '../../../test/support/sse-frames.js';
import { fromBytes } from '../../common/byte-string.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { ToolNames } from '../shared/tool-names.js';
import type { TurnBegin, TurnEnd, TurnListener, TurnSlot } from '../shared/turn/turn-listener.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';
import { CompletionDeltas } from './completion-deltas.js';
import { DeltaFrames } from './delta-frames.js';
import { DeltaJson } from './delta-json.js';

const REPLY: ChatCompletionsReply = {
  model: 'my "alias"',
  includeUsage: false,
  legacyFunctions: false,
  names: { original: (name: string) => name.replace('coded_', 'client.') } as ToolNames,
  stops: [],
  fallbackId: 'chatcmpl-fallback',
  createdAt: 1_700_000_000,
  inputEstimate: () => 40,
};
const BEGIN: TurnBegin = { responseId: 'resp_9', createdAt: 1_787_000_000.5, serviceTier: null };
const USAGE = { input: 100, output: 20, total: 120, cached: 60, cacheWrite: null, reasoning: 5 };
const END: TurnEnd = { status: 'completed', incompleteReason: null, usage: USAGE, failure: null, stopped: null, serviceTier: null };

const slot = (kind: TurnSlot['kind'], order: number, more: Partial<TurnSlot> = {}): TurnSlot => ({
  kind,
  order,
  itemId: `item_${order}`,
  callId: '',
  name: '',
  ...more,
});
const call = (order: number, name: string, kind: 'function' | 'custom' = 'function'): TurnSlot =>
  slot(kind, order, { name, callId: `call_${order}` });
const cite = (n: number, start: number, more: Json = {}): Json => ({
  type: 'url_citation',
  url: `https://example.com/${n}`,
  title: `Page ${n}`,
  start_index: start,
  end_index: start + 1,
  ...more,
});

/** Tells one whole item. */
class Teller {
  #order = 0;
  constructor(readonly to: TurnListener) {}

  message(...parts: (string | { refusal: string } | Json[])[]): this {
    const item = slot('message', this.#order++);
    this.to.open(item);
    let part = -1;
    for (const one of parts) {
      if (Array.isArray(one)) for (const annotation of one) this.to.annotation(item, Math.max(0, part), annotation);
      else if (typeof one === 'string') this.to.text(item, ++part, one);
      else this.to.refusal(item, ++part, one.refusal);
    }
    this.to.close(item, {});
    return this;
  }

  reasoning(...parts: string[]): this {
    const item = slot('reasoning', this.#order++);
    this.to.open(item);
    for (const [i, text] of parts.entries()) {
      if (i > 0) this.to.thinkBreak(item);
      this.to.think(item, text);
    }
    this.to.close(item, { encrypted_content: 'gAAA' });
    return this;
  }

  call(name: string, pieces: string[], kind: 'function' | 'custom' = 'function'): this {
    const item = call(this.#order++, name, kind);
    this.to.open(item);
    for (const piece of pieces) this.to.args(item, piece);
    this.to.close(item, {});
    return this;
  }

  image(base64: string, format = 'png'): this {
    const item = slot('image', this.#order++);
    this.to.open(item);
    this.to.image(item, base64, format);
    this.to.close(item, {});
    return this;
  }

  other(kind: 'web_search' | 'other'): this {
    const item = slot(kind, this.#order++);
    this.to.open(item);
    this.to.close(item, { action: { type: 'search', query: 'q' } });
    return this;
  }

  end(end: Partial<TurnEnd> = {}): void {
    this.to.end({ ...END, ...end });
  }
}

type Tell = (teller: Teller) => unknown;

interface Told {
  readonly text: string;
  readonly reading: ChatReading;
  /** The JSON answer, or the error it is refused with. */
  readonly json: Json;
}

function tell(turn: Tell, reply: Partial<ChatCompletionsReply> = {}, begin: Partial<TurnBegin> = {}): Told {
  const shown = { ...REPLY, ...reply };
  const frames = new DeltaFrames(shown);
  const document = new DeltaJson(shown);
  for (const out of [frames, document]) {
    const deltas = new CompletionDeltas(shown, out);
    deltas.begin({ ...BEGIN, ...begin });
    turn(new Teller(deltas));
  }
  const { preamble, output } = frames.take();
  const text = fromBytes(preamble + output);
  return { text, reading: readChatStream(text, shown.includeUsage), json: answer(document) };
}

function answer(document: DeltaJson): Json {
  try {
    return JSON.parse(document.json());
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/** Both answers must say the same; returns the JSON one. */
function told(turn: Tell, reply: Partial<ChatCompletionsReply> = {}, begin: Partial<TurnBegin> = {}): Json {
  const { reading, json } = tell(turn, reply, begin);
  expect(reading.faults).toEqual([]);
  const { usage, ...rest } = json;
  expect(reading.completion).toEqual(reply.includeUsage ? json : rest);
  if (usage) expect(usage.total_tokens).toBe(120);
  return json;
}

const message = (turn: Tell, reply: Partial<ChatCompletionsReply> = {}): Json => told(turn, reply).choices[0].message;
const deltas = (turn: Tell, reply: Partial<ChatCompletionsReply> = {}): Json[] =>
  tell(turn, reply).reading.chunks.flatMap(({ choices }) => choices.map(({ delta }: Json) => delta));
const ROLE = { role: 'assistant', content: '' };

describe('the envelope', () => {
  it('is the same on every chunk: id, time and model are those that were told first', () => {
    const { reading, json } = tell((turn) => turn.message('Hi').end());
    const head = { id: 'chatcmpl-9', created: 1_787_000_000, model: 'my "alias"' };
    for (const chunk of reading.chunks) expect(chunk).toMatchObject({ ...head, object: 'chat.completion.chunk' });
    expect(json).toMatchObject({ ...head, object: 'chat.completion' });
  });

  it('is made up where upstream names no response and no time', () => {
    const json = told((turn) => turn.end(), {}, { responseId: '', createdAt: null });
    expect(json).toMatchObject({ id: 'chatcmpl-fallback', created: 1_700_000_000 });
  });

  it.each([
    [null, null, undefined],
    ['default', null, 'default'],
    ['auto', 'priority', 'priority'],
    ['priority', 'default', 'default'],
    ['flex', 'scale', undefined],
  ])('tells the tier %s, then %s, as %s', (first, last, shown) => {
    const json = told((turn) => turn.message('Hi').end({ serviceTier: last }), {}, { serviceTier: first });
    expect(json.service_tier).toBe(shown);
  });

  it('spells a whole stream out like this', () => {
    const { text } = tell((turn) => turn.message('Hi \\u00e9').end(), { includeUsage: true, model: 'm' }, { serviceTier: 'default' });
    const head = '"id":"chatcmpl-9","object":"chat.completion.chunk","created":1787000000,"model":"m","service_tier":"default"';
    const chunk = (delta: string, finish = 'null'): string =>
      `data: {${head},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}],"usage":null}\n\n`;
    const details =
      '"prompt_tokens_details":{"cached_tokens":60,"audio_tokens":0},' +
      '"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}';
    expect(text).toBe(
      chunk('{"role":"assistant","content":""}') +
        chunk('{"content":"Hi \\u00e9"}') +
        chunk('{}', '"stop"') +
        `data: {${head},"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,${details}}}\n\n` +
        'data: [DONE]\n\n',
    );
  });
});

describe('text', () => {
  it.each([
    ['one item', (t: Teller) => t.message('a'), 'a'],
    ['parts of one item', (t: Teller) => t.message('a', 'b'), 'ab'],
    ['two items', (t: Teller) => t.message('a').message('b'), 'a\n\nb'],
    ['three items', (t: Teller) => t.message('a').message('b').message('c'), 'a\n\nb\n\nc'],
    ['a first item that ends its line', (t: Teller) => t.message('a\\n').message('b'), 'a\nb'],
    ['a first item that ends with a backslash and an n', (t: Teller) => t.message('a\\\\n').message('b'), 'a\\n\n\nb'],
    ['a first item without text', (t: Teller) => t.message().message('b'), 'b'],
    ['an item without text between two', (t: Teller) => t.message('a').message().message('b'), 'a\n\nb'],
    ['items with others between them', (t: Teller) => t.message('a').reasoning('r').other('web_search').message('b'), 'a\n\nb'],
  ])('of %s', (_name, turn, content) => {
    expect(message((teller) => turn(teller).end()).content).toBe(content);
  });

  it('has the blank line in the chunk of the text behind it', () => {
    expect(deltas((turn) => turn.message('a').message('b').end())).toEqual([ROLE, { content: 'a' }, { content: '\n\nb' }, {}]);
  });

  it('is null beside calls or a refusal, and empty where there is nothing at all', () => {
    expect(message((turn) => turn.call('f', ['{}']).end()).content).toBeNull();
    expect(message((turn) => turn.message({ refusal: 'No' }).end()).content).toBeNull();
    expect(message((turn) => turn.end())).toEqual({ role: 'assistant', content: '', refusal: null, annotations: [] });
    expect(message((turn) => turn.image('AAAA').end()).content).toBe('');
  });

  it('stands beside a refusal', () => {
    const shown = message((turn) => turn.message('Hm.', { refusal: 'No' }, { refusal: ', thanks' }).end());
    expect([shown.content, shown.refusal]).toEqual(['Hm.', 'No, thanks']);
  });
});

describe('reasoning', () => {
  it.each([
    ['parts are apart', (t: Teller) => t.reasoning('a', 'b'), 'a\n\nb'],
    ['items are apart', (t: Teller) => t.reasoning('a').reasoning('b', 'c'), 'a\n\nb\n\nc'],
    ['an item without text says nothing', (t: Teller) => t.reasoning('a').reasoning().reasoning('b'), 'a\n\nb'],
    ['text between does not matter', (t: Teller) => t.reasoning('a').message('x').reasoning('b'), 'a\n\nb'],
  ])('%s', (_name, turn, text) => {
    const shown = message((teller) => turn(teller).end());
    expect(shown.reasoning_content).toBe(text);
  });

  it('alone is a normal end with empty content', () => {
    const { message: shown, finish_reason } = told((turn) => turn.reasoning('a').end()).choices[0];
    expect([shown.content, finish_reason]).toEqual(['', 'stop']);
  });

  it('is no member where there is none', () => {
    expect(message((turn) => turn.reasoning().message('a').end())).not.toHaveProperty('reasoning_content');
  });
});

describe('calls', () => {
  it('have indices of their own from 0 on, one header each, and only arguments behind it', () => {
    const header = (index: number, name: string): Json => ({
      tool_calls: [{ index, id: `call_${index + 1}`, type: 'function', function: { name, arguments: '' } }],
    });
    const args = (index: number, text: string): Json => ({ tool_calls: [{ index, function: { arguments: text } }] });
    expect(deltas((turn) => turn.reasoning('r').call('coded_a', ['{\\"x', '\\":1}']).call('b', ['{\\"y\\":2}']).end())).toEqual([
      ROLE,
      { reasoning_content: 'r' },
      header(0, 'client.a'),
      args(0, '{"x'),
      args(0, '":1}'),
      header(1, 'b'),
      args(1, '{"y":2}'),
      {},
    ]);
  });

  it('are listed with their finish reason in the JSON answer', () => {
    const { message: shown, finish_reason } = told((turn) => turn.message('Let me see').call('coded_a', ['{\\"x\\":1}']).end()).choices[0];
    expect([finish_reason, shown.content]).toEqual(['tool_calls', 'Let me see']);
    expect(shown.tool_calls).toEqual([{ id: 'call_1', type: 'function', function: { name: 'client.a', arguments: '{"x":1}' } }]);
  });

  it('without arguments get an empty object, in one piece', () => {
    expect(deltas((turn) => turn.call('f', []).end()).slice(2, -1)).toEqual([
      { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
    ]);
    expect(message((turn) => turn.call('f', []).end()).tool_calls[0].function.arguments).toBe('{}');
  });

  it('keep arguments that are no JSON', () => {
    expect(message((turn) => turn.call('f', ['{\\"x']).end({ status: 'incomplete' })).tool_calls[0].function.arguments).toBe('{"x');
  });

  it('of custom tools have raw input, which may be empty', () => {
    const turn: Tell = (teller) => teller.call('coded_patch', ['*** Begin', ' \\"x\\"'], 'custom').call('f', [], 'custom').end();
    expect(message(turn).tool_calls).toEqual([
      { id: 'call_0', type: 'custom', custom: { name: 'client.patch', input: '*** Begin "x"' } },
      { id: 'call_1', type: 'custom', custom: { name: 'f', input: '' } },
    ]);
    expect(deltas(turn).slice(1, 3)).toEqual([
      { tool_calls: [{ index: 0, id: 'call_0', type: 'custom', custom: { name: 'client.patch', input: '' } }] },
      { tool_calls: [{ index: 0, custom: { input: '*** Begin' } }] },
    ]);
  });

  it('of a request with functions are function_call', () => {
    const turn: Tell = (teller) => teller.call('coded_f', ['{\\"x\\":', '1}']).end();
    expect(deltas(turn, { legacyFunctions: true })).toEqual([
      ROLE,
      { function_call: { name: 'client.f', arguments: '' } },
      { function_call: { arguments: '{"x":' } },
      { function_call: { arguments: '1}' } },
      {},
    ]);
    const { message: shown, finish_reason } = told(turn, { legacyFunctions: true }).choices[0];
    expect([shown.function_call, shown.content, finish_reason]).toEqual([
      { name: 'client.f', arguments: '{"x":1}' },
      null,
      'function_call',
    ]);
    expect(shown).not.toHaveProperty('tool_calls');
  });

  it('beyond the first are left out where there is room for one', () => {
    const shown = message((turn) => turn.call('f', []).call('g', ['{\\"x\\":1}']).call('h', ['raw'], 'custom').end(), {
      legacyFunctions: true,
    });
    expect(shown.function_call).toEqual({ name: 'f', arguments: '{}' });
  });

  it('of custom tools have no place in a reply with function_call', () => {
    const json = told((turn) => turn.message('a').call('p', ['raw'], 'custom').end(), { legacyFunctions: true });
    expect(json.choices[0]).toMatchObject({ message: { content: 'a' }, finish_reason: 'stop' });
    expect(json.choices[0].message).not.toHaveProperty('function_call');
  });
});

describe('images', () => {
  it('are data URLs of the extension, never a call', () => {
    const images = [
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'image_url', image_url: { url: 'data:image/webp;base64,BBBB' } },
    ];
    const turn: Tell = (teller) => teller.image('AAAA').image('BBBB', 'webp').message('done').end();
    expect(message(turn)).toEqual({ role: 'assistant', content: 'done', refusal: null, annotations: [], images });
    expect(deltas(turn).slice(1, 3)).toEqual(images.map((image) => ({ images: [image] })));
  });

  it('cannot break a frame, whatever upstream calls base64', () => {
    expect(message((turn) => turn.image('A"\n\né').end()).images[0].image_url.url).toContain('A"\n\n');
  });
});

describe('annotations', () => {
  const shown = (n: number, start: number): Json => ({
    type: 'url_citation',
    url_citation: { start_index: start, end_index: start + 1, title: `Page ${n}`, url: `https://example.com/${n}` },
  });

  it('come in one chunk before the finish', () => {
    const turn: Tell = (teller) =>
      teller
        .message('abc', [cite(1, 0)])
        .message('d', [cite(2, 0)])
        .end();
    expect(deltas(turn).at(-2)).toEqual({ annotations: [shown(1, 0), shown(2, 5)] });
    expect(message(turn).annotations).toEqual([shown(1, 0), shown(2, 5)]);
  });

  it.each([
    ['parts before it', (t: Teller) => t.message('ab', 'cd', [cite(1, 1)]), 3],
    ['items before it, and the blank line', (t: Teller) => t.message('ab').message('cd', [cite(1, 1)]), 5],
    ['items before it that end their line', (t: Teller) => t.message('a\\n').message('cd', [cite(1, 1)]), 3],
    ['characters, not bytes', (t: Teller) => t.message('\u00c3\u00a9\\ud83d\\ude00').message('cd', [cite(1, 0)]), 4],
    ['text that is still to come', (t: Teller) => t.message('ab').message([cite(1, 0)] as Json[], 'cd'), 4],
  ])('are moved by %s', (_name, turn, start) => {
    expect(message((teller) => turn(teller).end()).annotations).toEqual([shown(1, start)]);
  });

  it('are told once', () => {
    expect(message((turn) => turn.message('ab', [cite(1, 0), cite(1, 0), cite(1, 1)]).end()).annotations).toEqual([
      shown(1, 0),
      shown(1, 1),
    ]);
  });

  it('of other kinds have no place here', () => {
    const others = [
      { type: 'file_citation', file_id: 'f' },
      cite(3, 0, { type: 'container_file_citation' }),
      { type: 'url_citation' },
      cite(1, 0, { title: null, start_index: -4, end_index: 'x' }),
    ];
    expect(message((turn) => turn.message('ab', others).end()).annotations).toEqual([
      { type: 'url_citation', url_citation: { start_index: 0, end_index: 0, title: '', url: 'https://example.com/1' } },
    ]);
  });

  it('of text that a stop sequence cut off are left out', () => {
    expect(message((turn) => turn.message('ab', [cite(1, 1), cite(2, 2)]).end({ stopped: 'x' })).annotations).toEqual([shown(1, 1)]);
    expect(message((turn) => turn.message('ab', [cite(1, 1), cite(2, 2)]).end()).annotations).toHaveLength(2);
  });
});

describe('usage', () => {
  it('is an own chunk behind the finish, only where it was asked for', () => {
    const { chunks } = tell((turn) => turn.message('a').end(), { includeUsage: true }).reading;
    expect(chunks.map(({ usage }) => usage?.total_tokens ?? usage)).toEqual([null, null, null, 120]);
    expect(chunks.at(-1).choices).toEqual([]);
    for (const chunk of tell((turn) => turn.message('a').end()).reading.chunks) expect(chunk).not.toHaveProperty('usage');
  });

  it('is left out where upstream told none: zeros would be false', () => {
    const json = told((turn) => turn.message('a').end({ usage: null }), { includeUsage: true });
    expect(json).not.toHaveProperty('usage');
  });
});

describe('a turn that failed', () => {
  it.each([
    [{ status: 'failed' as const, failure: { message: 'boom', code: 'server_error' } }, 'server_error', 'boom'],
    [{ status: 'failed' as const, failure: null }, 'upstream_error', 'the turn failed'],
    [{ status: 'cancelled' as const, failure: null }, 'upstream_error', 'the turn was cancelled'],
  ])('%j ends with the error alone', (end, code, text) => {
    const { reading, json } = tell((turn) => turn.message('a').end(end), { includeUsage: true });
    expect(reading.faults).toEqual([]);
    expect(reading.error).toMatchObject({ code, param: null, message: expect.stringContaining(text) });
    expect(reading.chunks).toHaveLength(2);
    expect(json).toBeInstanceOf(GatewayError);
  });
});

describe('a JSON answer', () => {
  it('is refused before the turn has ended, and where it is too long', () => {
    const document = new DeltaJson(REPLY, 4);
    const teller = new Teller(new CompletionDeltas(REPLY, document));
    expect(answer(document)).toMatchObject({ kind: 'truncated' });
    teller.to.begin(BEGIN);
    teller.message('abc', 'de').end();
    expect(answer(document)).toMatchObject({ kind: 'truncated', message: expect.stringContaining('too long') });
  });
});
