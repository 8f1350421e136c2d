import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backendRefusal, call, calls, decodeChat, functionTool, result } from '../../../test/support/decode-chat.js';
import { resolveWith } from '../../../test/support/decode-request.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { decodeChatCompletions } from './chat-completions.request.js';

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }),
  ),
})).value;

const text = fc.string({ maxLength: 12 });
const part = fc.oneof(
  fc.record({ type: fc.constant('text'), text }),
  fc.constant({ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } }),
);
const content = fc.oneof(text, fc.array(part, { minLength: 1, maxLength: 3 }));
const user = fc.record({ role: fc.constant('user'), content });
const reminder = fc.record({ role: fc.constantFrom('system', 'developer'), content: text });
const assistant = fc.record({ role: fc.constant('assistant'), content: fc.oneof(text, fc.constant(null)) });
const name = fc.constantFrom('read', 'mcp.server/tool', 'x'.repeat(80), 'y'.repeat(80));
const id = fc.constantFrom('call_a', 'call_b', 'call:c', 'z'.repeat(90));

/** An assistant's calls with every result behind them: what a client that keeps its history sends. */
const exchange = fc
  .record({
    said: text,
    called: fc.uniqueArray(fc.record({ id, name }), { minLength: 1, maxLength: 3, selector: (made) => made.id }),
    answer: content,
  })
  .map(({ said, called, answer }) => [
    { ...calls(...called.map((made) => call(made.id, made.name))), content: said },
    ...called.map((made) => result(made.id, answer)),
  ]);

const complete = fc
  .tuple(
    fc.array(reminder, { maxLength: 2 }),
    user,
    fc.array(
      fc.oneof(
        user.map((m) => [m]),
        assistant.map((m) => [m]),
        reminder.map((m) => [m]),
        exchange,
      ),
      { maxLength: 8 },
    ),
  )
  .map(([system, first, rest]) => [system, [first], ...rest] as JsonObject[][]);

/** What clients make of a history when they cut it, reorder it or resume it. */
const broken = fc.array(
  fc.oneof(
    user,
    assistant,
    reminder,
    fc.record({ role: fc.constant('tool'), tool_call_id: id, content }),
    fc
      .array(fc.record({ id: fc.option(id, { nil: undefined }), name: fc.option(name, { nil: '' }) }), { maxLength: 3 })
      .map((made) => calls(...made.map((one) => call(one.id, one.name)))),
    fc.record({ role: fc.constant('assistant'), content: text, function_call: fc.record({ name, arguments: text }) }),
    fc.record({ id, input: text }).map(({ id, input }) => calls({ id, type: 'custom', custom: { name: 'patch', input } })),
  ),
  { minLength: 1, maxLength: 12 },
);

const tools = [functionTool('read'), functionTool('mcp.server/tool'), { type: 'custom', custom: { name: 'patch' } }];
const inputOf = (messages: JsonObject[]): JsonObject[] => decodeChat({ messages, tools }).request.body.input;

describe('translation of any conversation', () => {
  it('never changes what was sent before when a conversation grows', () => {
    fc.assert(
      fc.property(complete, fc.constantFrom(undefined, { type: 'json_object' }), (turns, response_format) => {
        let before: string[] = [];
        let settings = '';
        for (let length = 2; length <= turns.length; length++) {
          const { body } = decodeChat({ messages: turns.slice(0, length).flat(), tools, response_format }).request;
          const { input, ...rest } = body;
          const items = input.map((item) => JSON.stringify(item));
          expect(items.slice(0, before.length)).toEqual(before);
          if (settings) expect(JSON.stringify(rest)).toBe(settings);
          before = items;
          settings = JSON.stringify(rest);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is deterministic and leaves the client’s own object alone', () => {
    fc.assert(
      fc.property(
        broken,
        fc.dictionary(
          fc.string().map((key) => `x_${key}`),
          json,
        ),
        (messages, extra) => {
          const body: JsonObject = { ...extra, model: 'gpt-5.4', messages: [{ role: 'user', content: 'hi' }, ...messages], tools };
          const before = JSON.stringify(body);
          const once = JSON.stringify(decodeChat(body).request);
          expect(JSON.stringify(decodeChat(body).request)).toBe(once);
          expect(JSON.stringify(body)).toBe(before);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('makes of any history a body that the backend takes', () => {
    fc.assert(
      fc.property(broken, (messages) => {
        const { body } = decodeChat({ messages: messages, tools }).request;
        expect(backendRefusal(body)).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the order in which a conversation was held', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(user, assistant), { maxLength: 10 }), (messages) => {
        const marked = messages.map((message, i) => ({ ...message, content: `${i}` }));
        const first = { role: 'user', content: 'first' };
        const texts = inputOf([first, ...marked]).map((item) => ((item.content as JsonObject[])[0] as { text: string }).text);
        expect(texts).toEqual(['first', ...marked.map(({ content }) => content)]);
      }),
    );
  });

  it('ends in a request or a refusal with a param, never in a crash', () => {
    const members =
      'model messages input tools functions function_call tool_choice response_format reasoning stop stream_options n modalities';
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...members.split(' ')), json), fc.array(json), (body, messages) => {
        for (const given of [body, { model: 'gpt-5.4', messages, ...body }]) {
          try {
            decodeChatCompletions(given, {}, resolveWith());
          } catch (error) {
            expect(error).toBeInstanceOf(GatewayError);
            expect((error as GatewayError).detail.param).toEqual(expect.any(String));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads a nesting bomb without falling over', () => {
    const bomb = JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`) as JsonObject;
    for (const body of [
      { tools: [functionTool('f', { parameters: bomb })] },
      { metadata: bomb },
      { messages: [calls(call('c', 'f', bomb))] },
    ]) {
      try {
        decodeChat(body);
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
      }
    }
  });
});
