import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decode, HI, refusedByBackend, SEALED, signature } from '../../../test/support/decode-messages.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

const word = fc.string({ maxLength: 12 });
const textBlock = word.map((text) => ({ type: 'text', text }));
const imageBlock = fc.constant({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBOR' } });
const name = fc.constantFrom('f', 'g', 'mcp.a.b', 'mcp_a_b', 'x'.repeat(80), `${'x'.repeat(79)}y`);
const thinkingBlock = fc
  .constantFrom(signature(SEALED), SEALED, 'EqMB', '')
  .map((sign) => ({ type: 'thinking', thinking: 'x', signature: sign }));
const system = word.map((content) => ({ role: 'system', content }));

interface Call {
  readonly name: string;
  readonly input: JsonObject;
  readonly result: unknown;
  readonly failed: boolean;
}

const call: fc.Arbitrary<Call> = fc.record({
  name,
  input: fc.dictionary(word, fc.oneof(word, fc.integer())),
  result: fc.oneof(word, fc.array(fc.oneof(textBlock, imageBlock), { maxLength: 3 })),
  failed: fc.boolean(),
});

/** One exchange as a well-behaved client tells it: what was said, what was answered, calls with their results. */
const exchange = fc.record({
  said: fc.array(fc.oneof(textBlock, imageBlock), { minLength: 1, maxLength: 3 }),
  before: fc.array(fc.oneof(textBlock, thinkingBlock), { maxLength: 3 }),
  calls: fc.array(call, { maxLength: 3 }),
  aside: fc.option(system, { nil: null }),
});

function conversation(exchanges: readonly (typeof exchange extends fc.Arbitrary<infer T> ? T : never)[]): JsonObject[] {
  let id = 0;
  return exchanges.flatMap(({ said, before, calls, aside }) => {
    const ids = calls.map(() => `toolu_${id++}`);
    const uses = calls.map((one, i) => ({ type: 'tool_use', id: ids[i], name: one.name, input: one.input }));
    const results = calls.map((one, i) => ({ type: 'tool_result', tool_use_id: ids[i], content: one.result, is_error: one.failed }));
    return [
      { role: 'user', content: said },
      ...(aside ? [aside] : []),
      { role: 'assistant', content: [...before, ...uses] },
      ...(results.length > 0 ? [{ role: 'user', content: results }] : []),
    ];
  });
}

const TOOLS = [{ name: 'f', input_schema: { type: 'object', properties: {} } }];
const body = (messages: readonly JsonObject[]): JsonObject => ({ messages: [...messages, HI], tools: TOOLS });

describe('translation of any conversation', () => {
  it('changes nothing of what was sent before as the conversation grows', () => {
    fc.assert(
      fc.property(fc.array(exchange, { minLength: 1, maxLength: 5 }), (exchanges) => {
        let before: string[] = [];
        for (let n = 1; n <= exchanges.length; n++) {
          const { input, tools } = decode(body(conversation(exchanges.slice(0, n)))).request.body;
          const sentNow = input.map((item) => JSON.stringify(item));
          expect(sentNow.slice(0, before.length)).toEqual(before);
          expect(tools).toEqual(decode(body([])).request.body.tools);
          before = sentNow.slice(0, -1);
        }
      }),
    );
  });

  it('does not look at caching hints, wherever they stand', () => {
    const mark = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(mark);
      if (typeof value !== 'object' || value === null || !('type' in value)) return value;
      const { content, ...rest } = value as JsonObject;
      return { ...rest, ...(content !== undefined && { content: mark(content) }), cache_control: { type: 'ephemeral' } };
    };
    fc.assert(
      fc.property(fc.array(exchange, { maxLength: 3 }), (exchanges) => {
        const messages = conversation(exchanges);
        const marked = messages.map((message) => ({ ...message, content: mark(message.content) }));
        expect(decode(body(marked)).request.body).toEqual(decode(body(messages)).request.body);
      }),
    );
  });

  it('is something the backend takes', () => {
    fc.assert(
      fc.property(fc.array(exchange, { maxLength: 4 }), (exchanges) => {
        expect(refusedByBackend(decode(body(conversation(exchanges))).request.body)).toBeNull();
      }),
    );
  });

  it('is something the backend takes even where messages are missing, repeated or out of order', () => {
    const damaged = fc
      .array(exchange, { minLength: 1, maxLength: 4 })
      .chain((exchanges) => fc.shuffledSubarray([...conversation(exchanges), ...conversation(exchanges.slice(0, 1))]));
    fc.assert(
      fc.property(damaged, (messages) => {
        expect(refusedByBackend(decode(body(messages)).request.body)).toBeNull();
      }),
    );
  });

  it('gives reasoning back to the backend byte for byte', () => {
    const sealed = fc.integer({ min: 1, max: 40 }).chain((blocks) => {
      const length = 52 + blocks * 16;
      return fc.uint8Array({ minLength: length, maxLength: length });
    });
    fc.assert(
      fc.property(sealed, word, (bytes, thinking) => {
        const digits = Buffer.concat([Buffer.from([0x80, 0, 0, 0, 0]), bytes]).toString('base64url');
        const ciphertext = digits + '='.repeat((4 - (digits.length % 4)) % 4);
        const messages = [HI, { role: 'assistant', content: [{ type: 'thinking', thinking, signature: signature(ciphertext) }] }, HI];
        const item = { type: 'reasoning', summary: [], encrypted_content: ciphertext };
        expect(decode({ messages }).request.body.input[1]).toEqual(item);
      }),
    );
  });

  it('does not change the client’s body', () => {
    fc.assert(
      fc.property(fc.array(exchange, { maxLength: 3 }), (exchanges) => {
        const given = body(conversation(exchanges));
        const copy = structuredClone(given);
        decode(given);
        expect(given).toEqual(copy);
      }),
    );
  });

  it('either comes to a body or is the caller’s fault, whatever it is', () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const block = fc.oneof(
      textBlock,
      thinkingBlock,
      imageBlock,
      json,
      fc.record({
        type: fc.constantFrom(
          'text',
          'image',
          'document',
          'tool_use',
          'tool_result',
          'thinking',
          'server_tool_use',
          'web_search_tool_result',
          'search_result',
          'compaction',
        ),
        id: json,
        tool_use_id: json,
        name: json,
        input: json,
        content: json,
        source: json,
        text: json,
      }),
    );
    const message = fc.record({
      role: fc.constantFrom('user', 'assistant', 'system', 'x'),
      content: fc.oneof(fc.array(block, { maxLength: 4 }), word, json),
    });
    const any = fc.record(
      {
        messages: fc.oneof(fc.array(message, { maxLength: 4 }), json),
        system: json,
        tools: json,
        tool_choice: json,
        thinking: json,
        output_config: json,
        metadata: json,
        stop_sequences: json,
      },
      { requiredKeys: ['messages'] },
    );
    fc.assert(
      fc.property(any, (given) => {
        try {
          const { request } = decode(given);
          expect(JSON.parse(JSON.stringify(request.body))).toEqual(request.body);
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('survives bodies of any depth and width', () => {
    let deep: unknown = {};
    for (let i = 0; i < 100_000; i++) deep = { properties: { a: deep }, type: 'object' };
    const wide = Array.from({ length: 200_000 }, () => ({ type: 'string' }));
    for (const given of [
      { output_format: { type: 'json_schema', schema: deep } },
      { output_format: { type: 'json_schema', schema: { type: 'object', anyOf: wide } } },
      { tools: [{ name: 'f', input_schema: deep }] },
      { messages: [HI, { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: deep }] }] },
    ]) {
      try {
        decode(given);
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
      }
    }
  });
});
