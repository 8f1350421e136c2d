import { beforeEach, describe, expect, it } from '@jest/globals';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonAnswer } from '../../common/json-answer.js';
import { FoldSink } from './fold-sink.js';

class RecordingAnswer {
  readonly log: string[] = [];
  begun = false;
  watch(headers: () => Record<string, string>): void {
    this.log.push(`watch ${JSON.stringify(headers())}`);
  }
  end(json: string): void {
    this.log.push(json);
  }
  endBegun(json: string): void {
    this.log.push(json);
  }
  giveUp(): void {
    this.log.push('give up');
  }
  destroy(): void {
    this.log.push('destroy');
  }
}

describe('FoldSink', () => {
  let answer: RecordingAnswer;
  let sink: FoldSink;
  let restarts = 0;
  beforeEach(() => {
    answer = new RecordingAnswer();
    restarts = 0;
    const fold = { restart: () => void restarts++, accept: () => undefined, satisfied: false, json: () => '{}' };
    sink = new FoldSink(fold, answer as unknown as JsonAnswer, {
      headers: ({ ignored }) => ({ ignored: ignored.join() }),
      failure: (error) => ({ error: error.kind }),
    });
  });
  const head = (ignored: string[]) => ({ upstreamHeaders: {}, ignored, scope: '' });
  const failure = new GatewayError('truncated', 'cut');

  it('begins again with every attempt, and ends with the body', () => {
    sink.begin(head(['a']));
    sink.begin(head(['b']));
    sink.end();
    expect([restarts, answer.log]).toEqual([2, ['watch {"ignored":"a"}', 'watch {"ignored":"b"}', '{}']]);
  });

  it('leaves a failure to the caller as long as no blank is out', () => {
    expect([sink.fail(failure), answer.log]).toEqual([false, ['give up']]);
  });

  it('tells a failure as the body after a blank, and a client that has left nothing', () => {
    answer.begun = true;
    expect([sink.fail(failure), sink.fail(new GatewayError('client_closed', 'gone')), answer.log]).toEqual([
      true,
      true,
      ['give up', '{"error":"truncated"}', 'give up', 'destroy'],
    ]);
  });
});
