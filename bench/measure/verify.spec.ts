import { describe, expect, it } from '@jest/globals';
import { stampText } from '../payload/text.ts';
import { responsesEvents } from '../payload/codex-events.ts';
import type { Dialect } from '../scenarios.ts';
import { BUILD } from '../upstream/answers.ts';
import { faultOf } from './verify.ts';

const N = 12;
const DIALECTS: readonly Dialect[] = ['responses', 'chat', 'messages'];

describe.each(DIALECTS)('check of a %s stream', (dialect) => {
  const { head, deltas, tail } = BUILD[dialect](N);
  const expected = { dialect, stream: true, n: N, utf: false, paced: false };
  const fault = (...parts: (readonly string[])[]) => faultOf(expected, Buffer.from(parts.flat().join('')));

  it('passes a complete answer, whatever its line ends and comments', () => {
    expect(fault(head, deltas, tail(''))).toBeNull();
    const body = [...head, ': keep-alive\n\n', ...deltas, ...tail('')].join('').replaceAll('\n', '\r\n');
    expect(faultOf(expected, Buffer.from(body))).toBeNull();
  });

  it('detects a missing delta', () => {
    expect(fault(head, deltas.toSpliced(5, 1), tail(''))).toBe('11 deltas instead of 12');
  });

  it('detects deltas in the wrong order', () => {
    expect(fault(head, [deltas[1]!, deltas[0]!], deltas.slice(2), tail(''))).toMatch('delta 0 differs');
  });

  it('detects a missing end', () => {
    expect(fault(head, deltas)).toBe('no proper end of stream');
  });

  it('reports what is not JSON', () => {
    expect(fault(head, ['data: {oops\n\n'])).toMatch(/ in "/);
  });
});

describe('check of an answer', () => {
  it('knows paced deltas by their number, whatever their stamp', () => {
    const expected = { dialect: 'responses', stream: true, n: N, utf: false, paced: true } as const;
    const body = (first: number) => {
      const { head, deltas, tail } = responsesEvents(N, (i) => stampText(i + first, String(1e15 + i)));
      return Buffer.from([...head, ...deltas, ...tail('')].join(''));
    };
    expect(faultOf(expected, body(0))).toBeNull();
    expect(faultOf(expected, body(1))).toMatch('delta 0 differs');
  });

  it('refuses a JSON answer that is not complete', () => {
    const expected = { dialect: 'responses', stream: false, n: 1, utf: false, paced: false } as const;
    const body = (status: string, text: string) => Buffer.from(JSON.stringify({ status, output: [{}, { content: [{ text }] }] }));
    expect(faultOf(expected, body('completed', ' 0~'))).toBeNull();
    expect(faultOf(expected, body('incomplete', ' 0~'))).toBe('text differs');
    expect(faultOf(expected, body('completed', ' 0'))).toBe('text differs');
  });
});
