import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromBytes } from '../common/byte-string.js';
import { DeltaShapes } from './delta-shape.js';
import { decodeJsonBody, SseDecoder } from './sse-decoder.js';
import { isTerminal, JsonObject, UpstreamEvent } from './upstream-event.js';

const decode = (input: string | Buffer, sizes: readonly number[] = []): { events: UpstreamEvent[]; malformed: number } => {
  const bytes = Buffer.from(input);
  const decoder = new SseDecoder(undefined, new DeltaShapes());
  const events: UpstreamEvent[] = [];
  let at = 0;
  for (const size of sizes) {
    events.push(...decoder.push(bytes.subarray(at, at + size)));
    at += size;
  }
  events.push(...decoder.push(bytes.subarray(at)), ...decoder.end());
  return { events, malformed: decoder.malformed };
};

const seen = (event: UpstreamEvent): unknown => ({ type: event.type, json: event.json, frame: event.frame });
const types = (input: string): string[] => decode(input).events.map((event) => event.type);

describe('SseDecoder', () => {
  it('reads a usual frame and keeps its bytes', () => {
    const frame = 'event: response.created\ndata: {"type":"response.created","response":{"id":"r"}}\n\n';
    const [event] = decode(frame).events;
    expect(event).toMatchObject({ type: 'response.created', frame, data: '{"type":"response.created","response":{"id":"r"}}' });
    expect(event!.json).toEqual({ type: 'response.created', response: { id: 'r' } });
  });

  it('believes the type in the data before the event line, and forwards no frame that names another', () => {
    const [event] = decode('event: message\ndata: {"type":"response.done"}\n\n').events;
    expect(event).toMatchObject({ type: 'response.done', frame: null });
    expect(decode('event: error\ndata: {"code":"x"}\n\n').events[0]).toMatchObject({ type: 'error', frame: null });
  });

  it.each([
    ['CRLF', 'event: a\r\ndata: {"type":"a"}\r\n\r\ndata: {"type":"b"}\r\n\r\n'],
    ['CR', 'event: a\rdata: {"type":"a"}\r\rdata: {"type":"b"}\r\r'],
    ['a BOM', '\uFEFFdata: {"type":"a"}\n\ndata: {"type":"b"}\n\n'],
    ['no space after the colon', 'event:a\ndata:{"type":"a"}\n\ndata:{"type":"b"}\n\n'],
    ['comments', ': hello\n\n:\ndata: {"type":"a"}\n: in between\n\n: x\ndata: {"type":"b"}\n\n'],
    ['several data lines', 'data: {"type":\ndata: "a"}\n\ndata: {\ndata: "type":"b"}\n\n'],
    ['no blank line at the end', 'data: {"type":"a"}\n\ndata: {"type":"b"}'],
    ['blank lines and other fields', '\n\nid: 1\nretry: 5\nfoo\ndata: {"type":"a"}\n\n\n\ndata: {"type":"b"}\n\n\n'],
    ['a [DONE]', 'data: {"type":"a"}\n\ndata: {"type":"b"}\n\ndata: [DONE]\n\n'],
    ['an event without data', 'event: nothing\n\ndata:\n\ndata: {"type":"a"}\n\ndata: {"type":"b"}\n\n'],
  ])('accepts %s', (_name, input) => {
    expect(types(input)).toEqual(['a', 'b']);
    expect(decode(input).malformed).toBe(0);
  });

  const numbered = (n: number, delta: string): string =>
    `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"${delta}","item_id":"m","output_index":0,"sequence_number":${n}}\n\n`;
  const deltas = (input: string, sizes: readonly number[] = []): unknown[] => decode(input, sizes).events.map(({ json }) => json.delta);

  it.each([
    ['usual', (frame: string) => frame],
    ['bare', (frame: string) => frame.slice(frame.indexOf('\n') + 1)],
    ['CRLF', (frame: string) => frame.replaceAll('\n', '\r\n')],
  ])('leaves an event out that comes twice in a row, whatever its form: %s', (_name, formed) => {
    const frames = [
      numbered(3, '-'),
      numbered(4, 'a'),
      numbered(4, 'a'),
      ': comment\n\n',
      numbered(5, 'a'),
      numbered(5, 'a'),
      numbered(5, 'a'),
      numbered(6, 'b'),
    ];
    const input = frames.map(formed).join('');
    expect(deltas(input)).toEqual(['-', 'a', 'a', 'b']);
    expect(deltas(input, [7, 150, 33, 200])).toEqual(['-', 'a', 'a', 'b']);
  });

  it('keeps equal events whose number does not move, or that have none: a word may be said twice', () => {
    expect(deltas(numbered(0, 'a').repeat(3))).toEqual(['a', 'a', 'a']);
    expect(deltas(numbered(5, 'a').repeat(3))).toEqual(['a', 'a', 'a']);
    expect(deltas(numbered(7, 'b') + numbered(7, 'a').repeat(2))).toEqual(['b', 'a', 'a']);
    expect(deltas(numbered(1, 'a').replaceAll(',"sequence_number":1', '').repeat(2))).toEqual(['a', 'a']);
    expect(
      deltas(
        numbered(1, 'x') +
          numbered(2, '\\"sequence_number\\": 9')
            .replace(/,"sequence_number":2/, '')
            .repeat(2),
      ),
    ).toHaveLength(3);
  });

  it('drops and counts data that is not a JSON object', () => {
    const { events, malformed } = decode('data: {"type":"a"\n\ndata: [1]\n\ndata: 7\n\ndata: null\n\ndata: {"type":"b"}\n\n');
    expect(events.map((event) => event.type)).toEqual(['b']);
    expect(malformed).toBe(4);
  });

  it('drops a last event that was cut off', () => {
    expect(decode('data: {"type":"a"}\n\ndata: {"type":"b"').events.map((event) => event.type)).toEqual(['a']);
  });

  it.each([
    ['without any data: prefix', '{\n  "detail": "Not allowed"\n}\n\n', { detail: 'Not allowed' }],
    ['whose further lines have none', 'data: {\n  "error": {\n    "code": "x"\n  }\n}\n\n', { error: { code: 'x' } }],
    ['at the end of the stream', '{"error":{"code":"x"}}', { error: { code: 'x' } }],
  ])('reads pretty-printed JSON %s as an error event', (_name, input, json) => {
    const { events, malformed } = decode(input);
    expect(events.map(seen)).toEqual([{ type: '', json, frame: null }]);
    expect(isTerminal(events[0]!)).toBe(true);
    expect(malformed).toBe(0);
  });

  it('decodes text only when it is asked for: code points split over reads survive', () => {
    const frame = 'event: a\ndata: {"type":"a","text":"日é😀"}\n\n';
    const bytes = Buffer.from(frame);
    const { events } = decode(
      bytes,
      Array.from({ length: bytes.length }, () => 1),
    );
    expect(events[0]!.json).toEqual({ type: 'a', text: '日é😀' });
    expect(fromBytes(events[0]!.frame!)).toBe(frame);
  });

  it('refuses an event beyond the cap', () => {
    const decoder = new SseDecoder(10_000);
    expect(() => {
      for (let i = 0; i < 20; i++) decoder.push(Buffer.from(`data: "${'x'.repeat(1000)}`));
    }).toThrow(expect.objectContaining({ kind: 'protocol' }));
  });

  it('takes linear time for one event of 50 MB in small chunks', () => {
    const decoder = new SseDecoder();
    const chunk = Buffer.alloc(16 * 1024, 120);
    const started = process.cpuUsage();
    decoder.push(Buffer.from('event: big\ndata: {"type":"big","b64":"'));
    for (let i = 0; i < 3200; i++) decoder.push(chunk);
    const [event] = decoder.push(Buffer.from('"}\n\n'));
    expect(event!.data.length).toBeGreaterThan(50 * 1024 * 1024);
    const { user, system } = process.cpuUsage(started);
    // Joining at every chunk would copy 80 GB.
    expect(user + system).toBeLessThan(5_000_000);
  });
});

const jsonObject = fc.dictionary(
  fc.string({ maxLength: 6 }),
  fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.integer(), fc.constant(null)),
  {
    maxKeys: 4,
  },
);
const delta = fc.record({
  type: fc.constantFrom('response.output_text.delta', 'response.function_call_arguments.delta'),
  content_index: fc.nat(3),
  delta: fc.string({ unit: 'binary', maxLength: 20 }),
  item_id: fc.constantFrom('msg_1', 'fc_2'),
  output_index: fc.nat(4),
  sequence_number: fc.nat(),
});
const oneEvent: fc.Arbitrary<JsonObject> = fc.oneof(
  delta,
  jsonObject.map((json) => ({ ...json, type: 'other.event' })),
  fc.constant({ error: { code: 'x' } }),
);

/** One event in one of the dialects that were seen. */
const framed = fc
  .record({
    json: oneEvent,
    named: fc.boolean(),
    space: fc.boolean(),
    comment: fc.boolean(),
    form: fc.constantFrom('line', 'lines', 'bare', 'broken'),
  })
  .map(({ json, named, space, comment, form }) => {
    const gap = space ? ' ' : '';
    const text = form === 'line' || form === 'broken' ? JSON.stringify(json) : JSON.stringify(json, null, 1);
    const lines = (form === 'broken' ? text.slice(0, -1) : text).split('\n');
    const body = lines.map((line, i) => (form === 'bare' && i > 0 ? `${line}\n` : `data:${gap}${line}\n`)).join('');
    return `${comment ? ':c\n' : ''}${named && typeof json.type === 'string' ? `event:${gap}${json.type}\n` : ''}${body}\n`;
  });

describe('any split of the bytes', () => {
  it('gives the same events, whatever the dialect', () => {
    fc.assert(
      fc.property(
        fc.array(framed, { maxLength: 6 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.nat(40), { maxLength: 60 }),
        (frames, lineEnd, bom, cut, sizes) => {
          const text = (bom ? '\uFEFF' : '') + frames.join('').replaceAll('\n', lineEnd);
          const bytes = Buffer.from(text);
          const input = cut ? bytes.subarray(0, -1) : bytes;
          const whole = decode(input);
          const split = decode(input, sizes);
          expect(split.events.map(seen)).toEqual(whole.events.map(seen));
          expect(split.malformed).toBe(whole.malformed);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('gives the same frame as the same bytes with LF line ends', () => {
    fc.assert(
      fc.property(fc.array(framed, { maxLength: 5 }), fc.constantFrom('\r\n', '\r'), (frames, lineEnd) => {
        const text = frames.join('');
        expect(decode(text.replaceAll('\n', lineEnd)).events.map(seen)).toEqual(decode(text).events.map(seen));
      }),
      { numRuns: 200 },
    );
  });
});

describe('decodeJsonBody', () => {
  it('turns a whole response into its terminal event', () => {
    const response = { object: 'response', status: 'incomplete', id: 'r' };
    expect(decodeJsonBody(JSON.stringify(response))).toMatchObject({ type: 'response.incomplete', json: { response } });
    expect(decodeJsonBody('{"object":"response","status":"completed"}')!.type).toBe('response.completed');
  });

  it('turns an error body into an error event and anything else into null', () => {
    const event = decodeJsonBody('{"detail":"Nö"}')!;
    expect(seen(event)).toEqual({ type: '', json: { detail: 'Nö' }, frame: null });
    expect(isTerminal(event)).toBe(true);
    expect(decodeJsonBody('<html>')).toBeNull();
    expect(decodeJsonBody('[]')).toBeNull();
  });
});
