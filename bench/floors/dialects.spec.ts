import { describe, expect, it } from '@jest/globals';
import { faultOf } from '../measure/verify.ts';
import { requestBody } from '../measure/request-body.ts';
import { responsesEvents } from '../payload/codex-events.ts';
import { fullText } from '../payload/text.ts';
import type { Dialect, Question } from '../scenarios.ts';
import { encoders, toUpstream, wholeAnswer, type RequestBody, type UpstreamEvent } from './dialects.ts';

const N = 20;
const expected = { n: N, utf: false, paced: false };

describe('translating floor', () => {
  it.each(['chat', 'messages'] as const)('gives a complete %s stream', (dialect) => {
    const { head, deltas, tail } = responsesEvents(N);
    const events = [...head, ...deltas, ...tail(fullText(N))].map((frame) => JSON.parse(/data: (.*)/.exec(frame)![1]!) as UpstreamEvent);
    const body = events.map((event) => encoders[dialect]!(event, 'gpt-5.4')).join('');
    expect(faultOf({ ...expected, dialect, stream: true }, Buffer.from(body))).toBeNull();
  });

  it.each(['chat', 'messages', 'responses'] as const)(
    'gives a complete %s object, from a request that keeps every turn',
    (dialect: Dialect) => {
      const body = JSON.stringify(wholeAnswer[dialect](fullText(N), 'gpt-5.4'));
      expect(faultOf({ ...expected, dialect, stream: false }, Buffer.from(body))).toBeNull();
      const question: Question = { dialect, stream: true, variant: 'burst-10', n: 10, tools: true, historyKb: 2 };
      const sent = toUpstream[dialect](requestBody(question, 'gpt-5.4') as RequestBody) as { input: unknown[]; tools: unknown[] };
      const asked = requestBody({ ...question, dialect: 'responses' }, 'gpt-5.4') as { input: unknown[]; tools: { parameters: unknown }[] };
      expect(sent.input).toEqual(asked.input);
      expect(sent.tools).toMatchObject([{ type: 'function', name: 'shell', parameters: asked.tools[0]!.parameters }]);
    },
  );
});
