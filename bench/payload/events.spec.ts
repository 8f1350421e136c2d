import { describe, expect, it } from '@jest/globals';
import { faultOf } from '../measure/verify.ts';
import type { Dialect } from '../scenarios.ts';
import { BUILD } from '../upstream/answers.ts';
import { chatObject, messagesObject } from './dialect-events.ts';
import { blockChunks, eventChunks, unchunk } from './framing.ts';
import { deltaText, fullText, SENTINEL } from './text.ts';

const DIALECTS: readonly Dialect[] = ['responses', 'chat', 'messages'];
const stream = (dialect: Dialect, n: number, utf: boolean): string[] => {
  const events = BUILD[dialect](n, (i) => deltaText(i, utf));
  return [...events.head, ...events.deltas, ...events.tail(fullText(n, utf))];
};

describe.each(DIALECTS)('prepared %s events', (dialect) => {
  it.each([
    [100, false],
    [100, true],
  ])('are a complete answer of %i deltas (multi-byte: %s)', (n, utf) => {
    const body = Buffer.from(stream(dialect, n, utf).join(''));
    expect(faultOf({ dialect, stream: true, n, utf, paced: false }, body)).toBeNull();
  });

  it('hold valid JSON whose type is the name of the event', () => {
    for (const event of stream(dialect, 20, true)) {
      const [, name, data] = /^(?:event: (.*)\n)?data: (.*)\n\n$/.exec(event)!;
      if (data === '[DONE]') continue;
      const { type } = JSON.parse(data!) as { type?: string };
      expect(type).toBe(name);
    }
  });

  it('have one sentinel byte per delta', () => {
    for (const delta of BUILD[dialect](50).deltas) expect([...Buffer.from(delta)].filter((byte) => byte === SENTINEL)).toHaveLength(1);
  });
});

describe('prepared Responses events', () => {
  it('are numbered without a gap and repeat the whole text at the end', () => {
    const events = stream('responses', 30, true).map((event) => JSON.parse(/data: (.*)/.exec(event)![1]!));
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, i) => i));
    expect(events.find((event) => event.type === 'response.output_text.done').text).toBe(fullText(30, true));
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { status: 'completed', output: [] } });
  });
});

describe('prepared JSON answers', () => {
  it('are complete', () => {
    const expected = { stream: false, n: 10, utf: true, paced: false };
    expect(faultOf({ ...expected, dialect: 'chat' }, Buffer.from(chatObject(10, true)))).toBeNull();
    expect(faultOf({ ...expected, dialect: 'messages' }, Buffer.from(messagesObject(10, true)))).toBeNull();
  });
});

describe('HTTP framing', () => {
  const events = stream('responses', 300, true);
  it.each([
    ['one chunk per event', eventChunks],
    ['16 KB chunks', blockChunks],
  ])('keeps every byte (%s)', (_name, chunks) => {
    expect(unchunk(chunks(events)).toString()).toBe(events.join(''));
  });

  it('notices a body that is cut short', () => {
    const body = eventChunks(events);
    expect(() => unchunk(body.subarray(0, body.length - 5))).toThrow('cut short');
  });
});
