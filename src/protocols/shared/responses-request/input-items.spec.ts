import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CIPHER, items, refusal, resolveWith, sent, TOOL } from '../../../../test/support/decode-request.js';
import { GatewayError } from '../../../common/gateway-error.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { readResponsesRequest } from './responses-request.js';

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

describe('captured requests', () => {
  const DIR = join(import.meta.dirname, '../../../../test/fixtures/client-requests');
  interface Captured {
    path: string;
    headers: Record<string, string>;
    body: JsonObject | null;
  }
  const files = readdirSync(DIR).map((name): [string, Captured] => [name, JSON.parse(readFileSync(join(DIR, name), 'utf8')) as Captured]);

  it.each(files.filter(([, { path, body }]) => path === '/v1/responses' && body !== null))(
    '%s is taken, and its own translation changes no more',
    (_name, { headers, body }) => {
      const turn = readResponsesRequest(body!, headers, resolveWith());
      expect(turn.stream).toBe(true);
      expect(turn.request.sessionId === '').toBe(!('session_id' in headers || 'session-id' in headers || 'x-session-id' in headers));
      expect(turn.request.body.input).toHaveLength((body!.input as unknown[]).length);
      expect(JSON.stringify(turn.request.body)).not.toContain(':null');
      expect(readResponsesRequest(turn.request.body, headers, resolveWith()).request.body).toEqual(turn.request.body);
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
            readResponsesRequest(body, {}, resolveWith());
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
