import { describe, expect, it } from '@jest/globals';
import { COMPLETED, CREATED, ITEM, encoder, of, responseOf, run, types } from '../../../test/support/responses-run.js';
import { decodeEvents, readFixture, readFrames } from '../../../test/support/upstream-fixtures.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

describe('ResponsesStreamEncoder', () => {
  it('keeps text beyond ASCII whole when it has to rebuild an item from parsed deltas', () => {
    const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
    const delta = (text: string): JsonObject => ({ type: 'response.output_text.delta', ...at, delta: text, logprobs: [{ token: 'x' }] });
    const script = [
      CREATED,
      { type: 'response.output_item.added', output_index: 0, item: ITEM },
      delta('日本 '),
      delta('é "😀"'),
      COMPLETED,
    ];
    expect(responseOf(run(script).at(-1)).output).toMatchObject([{ content: [{ type: 'output_text', text: '日本 é "😀"' }] }]);
  });

  it('leaves out an item that is announced as nothing', () => {
    const nothing = { type: 'response.output_item.added', output_index: 0, item: null };
    expect(types(run([CREATED, nothing, COMPLETED]))).toEqual(['response.created', 'response.completed']);
  });

  it('copies the frames of a healthy turn byte for byte', () => {
    const events = decodeEvents(readFixture('text-output-kept'));
    const { preamble, output, ended } = encoder().encode(events);
    const usual = events.map(({ frame }) => frame);
    expect(preamble + output).toBe(usual.join(''));
    expect(preamble).toBe(usual.slice(0, 2).join(''));
    expect(ended).toBe(true);
  });

  it('keeps created, queued and in_progress apart from output', () => {
    const enc = encoder();
    expect(enc.encode(of(CREATED, { type: 'response.in_progress', response: CREATED.response }))).toMatchObject({
      output: '',
      ended: false,
    });
    expect(enc.encode(of({ type: 'response.output_item.added', output_index: 0, item: ITEM })).output).not.toBe('');
  });

  it('begins with response.created, made of what comes first', () => {
    const [first] = run([{ type: 'response.in_progress', response: { id: 'resp_9', created_at: 5, status: 'in_progress' } }]);
    expect(first).toMatchObject({ type: 'response.created', response: { id: 'resp_9', created_at: 5, output: [] } });
  });

  it.each(['response.created', 'response.in_progress'])('completes a bare snapshot of %s', (type) => {
    const events = run([CREATED, { type, response: { id: 'resp_1' } }].slice(type === 'response.created' ? 1 : 0));
    expect(responseOf(events.at(-1))).toMatchObject({
      id: 'resp_1',
      object: 'response',
      model: 'gpt-5.4',
      status: 'in_progress',
      output: [],
    });
  });

  it('shows the name that the client used and the members upstream never saw', () => {
    const events = run([CREATED, { type: 'response.in_progress', response: CREATED.response }, COMPLETED], {
      model: 'fast-one',
      echo: { user: 'u' },
    });
    expect(events.map((event) => [responseOf(event).model, responseOf(event).user])).toEqual(events.map(() => ['fast-one', 'u']));
  });

  it('tells that an item and its parts begin before anything in them', () => {
    const at = { output_index: 0, item_id: 'msg_1' };
    expect(types(run([CREATED, { type: 'response.output_text.delta', ...at, content_index: 0, delta: 'a' }]))).toEqual([
      'response.created',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
    ]);
    expect(
      types(run([CREATED, { type: 'response.reasoning_summary_text.delta', ...at, summary_index: 1, delta: 'a' }])).slice(1, 3),
    ).toEqual(['response.output_item.added', 'response.reasoning_summary_part.added']);
    expect(run([CREATED, { type: 'response.reasoning_text.delta', ...at, content_index: 0, delta: 'a' }])[2]).toMatchObject({
      type: 'response.content_part.added',
      part: { type: 'reasoning_text', text: '' },
    });
    expect(run([CREATED, { type: 'response.web_search_call.searching', output_index: 0, item_id: 'ws_1' }])[1]).toMatchObject({
      item: { id: 'ws_1', type: 'web_search_call' },
    });
  });

  it('gives text parts their lists', () => {
    const part = { type: 'output_text', text: 'a' };
    const events = run([
      CREATED,
      { type: 'response.output_item.added', output_index: 0, item: ITEM },
      { type: 'response.content_part.added', output_index: 0, item_id: 'msg_1', content_index: 0, part },
      { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'a' },
      { type: 'response.output_item.done', output_index: 0, item: { ...ITEM, content: [part] } },
    ]);
    const whole = { ...part, annotations: [], logprobs: [] };
    expect(events[2]!.part).toEqual(whole);
    expect((events[4]!.item as JsonObject).content).toEqual([whole]);
  });

  it('holds a call back until the name of its tool is known', () => {
    const enc = encoder();
    const delta = { type: 'response.function_call_arguments.delta', output_index: 0, item_id: 'fc_1', delta: '{}' };
    expect(enc.encode(of(CREATED, delta)).output).toBe('');
    const done = { type: 'response.function_call_arguments.done', output_index: 0, item_id: 'fc_1', arguments: '{}', name: 'f' };
    const events = readFrames(enc.encode(of(done)).output);
    expect(types(events)).toEqual(['response.output_item.added', delta.type, done.type]);
    expect(events[0]!.item).toMatchObject({ name: 'f', arguments: '' });
  });

  it('finds the item of an event that lost its index', () => {
    const events = run([
      CREATED,
      { type: 'response.output_item.added', output_index: 3, item: ITEM },
      { type: 'response.output_text.delta', item_id: 'msg_1', content_index: 0, delta: 'a' },
      { type: 'response.output_text.delta', content_index: 0, delta: 'b' },
      { type: 'response.output_item.done', item: ITEM },
    ]);
    expect(events.slice(1).map(({ output_index }) => output_index)).toEqual([3, 3, 3, 3, 3]);
  });

  it('fills an empty final output with the items that were seen, in their order', () => {
    const events = run([
      CREATED,
      { type: 'response.output_item.done', output_index: 1, item: { ...ITEM, id: 'msg_2' } },
      { type: 'response.output_item.done', output_index: 0, item: ITEM },
      { type: 'response.output_item.done', item: { ...ITEM, id: 'msg_3' } },
      COMPLETED,
    ]);
    expect((responseOf(events.at(-1)).output as JsonObject[]).map(({ id }) => id)).toEqual(['msg_1', 'msg_2', 'msg_3']);
  });

  it('completes a final output that lacks items, and leaves the items in it alone', () => {
    const listed = { ...ITEM, id: 'msg_2', note: 'upstream wins' };
    const events = run([
      CREATED,
      { type: 'response.output_item.done', output_index: 0, item: ITEM },
      { type: 'response.output_item.done', output_index: 1, item: { ...ITEM, id: 'msg_2' } },
      { ...COMPLETED, response: { ...COMPLETED.response, output: [listed] } },
    ]);
    expect(responseOf(events.at(-1)).output).toEqual([ITEM, listed]);
  });

  it('keeps the order of the last event where it differs from the indexes', () => {
    const second = { ...ITEM, id: 'msg_2' };
    const events = run([
      CREATED,
      { type: 'response.output_item.done', output_index: 0, item: second },
      { type: 'response.output_item.done', output_index: 1, item: ITEM },
      { ...COMPLETED, response: { ...COMPLETED.response, output: [ITEM, second] } },
    ]);
    expect(responseOf(events.at(-1)).output).toEqual([ITEM, second]);
  });

  it('tells items that only the last event names, and ends those that never ended', () => {
    const events = run([
      CREATED,
      { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'hi' },
      {
        ...COMPLETED,
        response: {
          ...COMPLETED.response,
          output: [
            { ...ITEM, content: [{ type: 'output_text', text: 'hi' }] },
            { ...ITEM, id: 'msg_2' },
          ],
        },
      },
    ]);
    expect(types(events).slice(4)).toEqual([
      'response.output_item.done',
      'response.output_item.added',
      'response.output_item.done',
      'response.completed',
    ]);
  });

  it('rebuilds what was cut, and calls it incomplete', () => {
    const events = run([
      CREATED,
      { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'half ' },
      { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'a' },
      {
        type: 'response.incomplete',
        response: { id: 'resp_1', status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      },
    ]);
    expect(responseOf(events.at(-1))).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ id: 'msg_1', status: 'incomplete', content: [{ type: 'output_text', text: 'half a', annotations: [], logprobs: [] }] }],
    });
  });

  it('does not show the provisional ciphertext of reasoning that never ended', () => {
    const events = run([
      CREATED,
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'gAAAAAprovisional' },
      },
      { type: 'response.incomplete', response: { id: 'resp_1', status: 'incomplete' } },
    ]);
    expect(JSON.stringify(responseOf(events.at(-1)).output)).not.toContain('provisional');
  });

  it('completes usage without changing a number', () => {
    const usage = { input_tokens: 7, output_tokens: 3 };
    const [, last] = run([CREATED, { ...COMPLETED, response: { ...COMPLETED.response, usage } }]);
    expect(responseOf(last).usage).toEqual({
      ...usage,
      total_tokens: 10,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    });
    expect(responseOf(run([CREATED, COMPLETED])[1]).usage).toBeNull();
  });

  it('adds the members that a Response must have', () => {
    expect(responseOf(run([CREATED, COMPLETED])[1])).toMatchObject({
      object: 'response',
      created_at: 1_787_000_001,
      instructions: 'Be short.',
      metadata: {},
      tools: [],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      store: false,
      background: false,
      previous_response_id: null,
      truncation: 'disabled',
      error: null,
      incomplete_details: null,
    });
  });

  it.each<[unknown, string]>([
    ['completed', 'response.completed'],
    ['incomplete', 'response.incomplete'],
    ['failed', 'response.failed'],
    ['cancelled', 'response.failed'],
    [undefined, 'response.completed'],
  ])('renames response.done with status %s to %s', (status, expected) => {
    expect(run([CREATED, { type: 'response.done', response: { ...COMPLETED.response, status } }]).at(-1)!.type).toBe(expected);
  });

  it.each(['incomplete', 'failed'])('believes a snapshot that says %s inside response.completed', (status) => {
    const end = run([CREATED, { type: 'response.completed', response: { ...COMPLETED.response, status } }]).at(-1)!;
    expect([end.type, (end.response as JsonObject).status]).toEqual([`response.${status}`, status]);
  });

  it.each<[string, JsonObject, string]>([
    [
      'a nested error event',
      { type: 'error', error: { type: 'invalid_request_error', code: 'context_length_exceeded', message: 'too long' } },
      'context_length_exceeded',
    ],
    ['a flat error event', { type: 'error', code: 'rate_limit_exceeded', message: 'too long' }, 'rate_limit_exceeded'],
    ['a bare error', { type: '', error: { message: 'too long' } }, 'server_error'],
    ['a cancelled turn', { type: 'response.cancelled', response: { error: { message: 'too long' } } }, 'server_error'],
  ])('turns %s into response.failed', (_name, event, code) => {
    const last = run([CREATED, event]).at(-1);
    expect(last).toMatchObject({
      type: 'response.failed',
      response: { id: 'resp_1', status: 'failed', error: { code, message: 'too long' } },
    });
  });

  it('gives official Codex clients an overload they retry, and everybody else the real code', () => {
    const script = [CREATED, { type: 'error', error: { code: 'server_is_overloaded', message: 'm' } }];
    const code = (codexClient: boolean): unknown => (responseOf(run(script, { codexClient }).at(-1)).error as JsonObject).code;
    expect([code(true), code(false)]).toEqual(['server_error', 'server_is_overloaded']);
  });

  it('shows events beyond the public API to official Codex clients only', () => {
    const script = [{ type: 'codex.rate_limits' }, CREATED, { type: 'response.metadata', a: 1 }, { type: 'keepalive' }];
    expect(types(run(script))).toEqual(['response.created']);
    expect(types(run(script, { codexClient: true }))).toEqual(['codex.rate_limits', 'response.created', 'response.metadata', 'keepalive']);
    expect(encoder({ codexClient: true }).encode(of({ type: 'codex.rate_limits' })).output).toBe('');
  });

  it('keeps comments for the public and events for official Codex clients', () => {
    expect(encoder().keepAlive()).toBe(': keep-alive\n\n');
    expect(readFrames(encoder({ codexClient: true }).keepAlive())).toEqual([{ type: 'codex.keepalive' }]);
  });

  it('fails in-band with the whole snapshot and what had come of the output', () => {
    const enc = encoder();
    enc.encode(of(CREATED, { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'part' }));
    const [last] = readFrames(enc.fail(new GatewayError('truncated', 'the stream was cut')));
    expect(last).toMatchObject({
      type: 'response.failed',
      response: {
        id: 'resp_1',
        status: 'failed',
        error: { code: 'server_error', message: 'the stream was cut' },
        output: [{ id: 'msg_1', status: 'incomplete' }],
        usage: null,
      },
    });
    expect(enc.fail(new GatewayError('internal', 'again'))).toBe('');
    expect(enc.encode(of(COMPLETED))).toEqual({ preamble: '', output: '', ended: true });
  });

  it('fails with a created event first where nothing has been told', () => {
    expect(types(readFrames(encoder().fail(new GatewayError('timeout', 'silence'))))).toEqual(['response.created', 'response.failed']);
  });

  it.each<[string, GatewayError, string]>([
    ['quota', new GatewayError('rate_limited', 'm'), 'rate_limit_exceeded'],
    ['a refusal with its own code', new GatewayError('rejected', 'm', { code: 'cyber_policy' }), 'cyber_policy'],
    ['a lost connection', new GatewayError('unreachable', 'm', { code: 'upstream_unreachable' }), 'server_error'],
  ])('names %s in-band', (_name, error, code) => {
    expect(responseOf(readFrames(encoder().fail(error)).at(-1)).error).toEqual({ code, message: 'm' });
  });

  it('says nothing twice', () => {
    const added = { type: 'response.output_item.added', output_index: 0, item: { ...ITEM, status: 'in_progress' } };
    const done = { type: 'response.output_item.done', output_index: 0, item: ITEM };
    const late = { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'late' };
    expect(types(run([CREATED, CREATED, added, added, done, done, late, COMPLETED, COMPLETED]))).toEqual([
      'response.created',
      added.type,
      done.type,
      'response.completed',
    ]);
  });

  it('begins again after an attempt of which nothing was sent', () => {
    const enc = encoder();
    enc.encode(of(CREATED));
    enc.restart(false);
    const { preamble } = enc.encode(of({ ...CREATED, response: { ...CREATED.response, id: 'resp_2' } }));
    expect(readFrames(preamble)).toMatchObject([{ type: 'response.created', response: { id: 'resp_2' }, sequence_number: 0 }]);
  });

  it('keeps the id that was sent when another attempt goes on, and does not repeat the preamble', () => {
    const enc = encoder();
    enc.encode(of(CREATED, { type: 'response.in_progress', response: CREATED.response, sequence_number: 1 }));
    enc.restart(true);
    const second = { ...CREATED.response, id: 'resp_2' };
    const chunk = enc.encode(
      of(
        { type: 'response.created', response: second, sequence_number: 0 },
        { type: 'response.in_progress', response: second, sequence_number: 1 },
        { type: 'response.output_item.done', output_index: 0, item: ITEM, sequence_number: 2 },
        { ...COMPLETED, response: { ...COMPLETED.response, id: 'resp_2' }, sequence_number: 3 },
      ),
    );
    expect(chunk.preamble).toBe('');
    const events = readFrames(chunk.output);
    expect(types(events)).toEqual(['response.output_item.added', 'response.output_item.done', 'response.completed']);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([2, 3, 4]);
    expect(responseOf(events.at(-1))).toMatchObject({ id: 'resp_1', output: [ITEM] });
  });

  it('gives numbers to a stream that has none, in the bytes of hot deltas as well', () => {
    const { preamble, output } = encoder().encode(decodeEvents(readFixture('no-numbers')));
    expect(readFrames(preamble + output).map(({ sequence_number }) => sequence_number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('forgets the text of items that outgrow what may be kept, and goes on', () => {
    const enc = encoder({}, 300);
    const delta = (n: number) => ({
      type: 'response.output_text.delta',
      output_index: 0,
      item_id: 'msg_1',
      content_index: 0,
      delta: 'x'.repeat(100),
      sequence_number: n,
    });
    const { output } = enc.encode(of(CREATED, delta(1), delta(2), delta(3), COMPLETED));
    const events = readFrames(output);
    expect(types(events).filter((type) => type === 'response.output_text.delta')).toHaveLength(3);
    expect(responseOf(events.at(-1)).output).toEqual([]);
  });
});
