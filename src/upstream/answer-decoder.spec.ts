import { describe, expect, it } from '@jest/globals';
import { answerDecoder } from './answer-decoder.js';
import type { UpstreamEvent } from './upstream-event.js';

const STREAM = 'event: response.created\ndata: {"type":"response.created","response":{"id":"r"}}\n\n';
const RESPONSE = '\n {"object":"response",\n\n "id":"r","status":"completed"}';

function decode(contentType: string | undefined, text: string, chunkBytes: number): UpstreamEvent[] {
  const decoder = answerDecoder(contentType);
  const bytes = Buffer.from(text);
  const events: UpstreamEvent[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) events.push(...decoder.push(bytes.subarray(at, at + chunkBytes)));
  return events.concat(decoder.end());
}

describe('answerDecoder', () => {
  it.each([1, 7, 10_000])('reads an event stream that calls itself JSON (chunks of %i bytes)', (size) => {
    for (const text of [STREAM, `: hello\n\n${STREAM}`, `\ufeff${STREAM}`, `\n${STREAM}`]) {
      expect(decode('application/json', text, size).map(({ type }) => type)).toEqual(['response.created']);
    }
  });

  it('hands on the events of such a stream as they come', () => {
    expect(answerDecoder('application/json').push(Buffer.from(STREAM))).toHaveLength(1);
  });

  it.each([1, 10_000])('reads a whole JSON document as one event (chunks of %i bytes)', (size) => {
    expect(decode('application/json; charset=utf-8', RESPONSE, size).map(({ type }) => type)).toEqual(['response.completed']);
    expect(decode('application/problem+json', '{"detail":"no"}', size).map(({ json }) => json)).toEqual([{ detail: 'no' }]);
  });

  it('finds nothing in an empty or broken document', () => {
    for (const text of ['', '  ', '[]', '{"a":']) expect(decode('application/json', text, 3)).toEqual([]);
  });

  it('takes anything else for an event stream', () => {
    for (const type of [undefined, 'text/event-stream', 'text/plain']) expect(decode(type, STREAM, 5)).toHaveLength(1);
  });

  it('gives up a document that does not end', () => {
    const decoder = answerDecoder('application/json', 1000);
    decoder.push(Buffer.from('{"a":"'));
    expect(() => decoder.push(Buffer.alloc(1000, 'a'))).toThrow(/more than 1000 bytes/);
  });
});
