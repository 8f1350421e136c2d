import { beforeEach, describe, expect, it } from '@jest/globals';
import { GatewayError } from '../../common/gateway-error.js';
import type { SseWriter } from '../../common/sse-writer.js';
import { UpstreamEvent } from '../../upstream/upstream-event.js';
import type { EncodedChunk, StreamEncoder } from './stream-encoder.js';
import { StreamSink } from './stream-sink.js';

class RecordingWriter {
  readonly log: string[] = [];
  open(headers: Record<string, string>): void {
    this.log.push(`open ${JSON.stringify(headers)}`);
  }
  write(bytes: string): void {
    this.log.push(bytes);
  }
  drain(): null {
    return null;
  }
  end(): void {
    this.log.push('end');
  }
  destroy(): void {
    this.log.push('destroy');
  }
}

/** Says `P` for a preamble event and `O` for output; numbers attempts. */
class LetterEncoder implements StreamEncoder {
  restarts: boolean[] = [];
  restart(preambleSent: boolean): void {
    this.restarts.push(preambleSent);
  }
  encode(events: readonly UpstreamEvent[]): EncodedChunk {
    const types = events.map((event) => event.type);
    return { preamble: types.filter((t) => t === 'P').join(''), output: types.filter((t) => t === 'O').join(''), ended: false };
  }
  keepAlive(): string {
    return ':';
  }
  hold(): string {
    return 'H:';
  }
  satisfied = false;
  finish(): string {
    this.satisfied = false;
    return 'F';
  }
  fail(error: GatewayError): string {
    return `!${error.kind}`;
  }
}

const event = (type: string): UpstreamEvent => UpstreamEvent.of({ type });
const head = (ignored: string[] = []) => ({ upstreamHeaders: {}, ignored, scope: '' });

describe('StreamSink', () => {
  let writer: RecordingWriter;
  let encoder: LetterEncoder;
  let sink: StreamSink;
  beforeEach(() => {
    writer = new RecordingWriter();
    encoder = new LetterEncoder();
    sink = new StreamSink(encoder, writer as unknown as SseWriter, ({ ignored }) => ({ ignored: ignored.join() }));
  });

  it('sends nothing before the first output, then everything in one write', () => {
    sink.begin(head());
    sink.accept([event('P')]);
    expect(writer.log).toEqual([]);
    sink.accept([event('P'), event('O')]);
    expect(writer.log).toEqual(['open {"ignored":""}', 'PPO']);
    expect(sink.committed).toBe(true);
  });

  it('forgets the preamble of an attempt that came to nothing', () => {
    sink.begin(head());
    sink.accept([event('P')]);
    sink.begin(head(['user']));
    sink.accept([event('P'), event('O')]);
    sink.end();
    expect(writer.log).toEqual(['open {"ignored":"user"}', 'PO', 'end']);
    expect(encoder.restarts).toEqual([false, false]);
  });

  it('sends headers, preamble and a keep-alive when the hold ends, and still may begin again', () => {
    sink.begin(head());
    sink.accept([event('P')]);
    sink.hold();
    expect(sink.committed).toBe(false);
    sink.begin(head());
    sink.accept([event('O')]);
    expect(writer.log).toEqual(['open {"ignored":""}', 'PH:', 'O']);
    expect(encoder.restarts).toEqual([false, true]);
  });

  it('does not count a preamble as sent when the hold ends before it arrives', () => {
    sink.begin(head());
    sink.hold();
    sink.begin(head());
    expect(encoder.restarts).toEqual([false, false]);
  });

  it('lets a satisfied encoder end its stream when upstream did not', () => {
    sink.begin(head());
    sink.accept([event('O')]);
    encoder.satisfied = true;
    expect(sink.satisfied).toBe(true);
    sink.end();
    expect(writer.log.slice(1)).toEqual(['O', 'F', 'end']);
  });

  it('leaves a failure to the caller while nothing was sent, and tells it in-band afterwards', () => {
    const error = new GatewayError('truncated', 'cut');
    sink.begin(head());
    expect(sink.fail(error)).toBe(false);
    sink.accept([event('O')]);
    expect(sink.fail(error)).toBe(true);
    expect(writer.log.slice(1)).toEqual(['O', '!truncated', 'end']);
  });

  it('gives the connection up without a word when the client has left', () => {
    sink.begin(head());
    sink.accept([event('O')]);
    expect(sink.fail(new GatewayError('client_closed', 'gone'))).toBe(true);
    expect(writer.log.at(-1)).toBe('destroy');
  });
});
