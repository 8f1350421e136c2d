import { describe, expect, it } from '@jest/globals';
import { parseJsonBody } from './json-body.js';

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text));
const nested = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
const refusal = (text: string): unknown => {
  try {
    return parse(text);
  } catch (error) {
    return error;
  }
};

describe('parseJsonBody', () => {
  it('takes megabytes of text, whatever it is about', () => {
    const text = '[{"a":1,"b":[2,3]}, \\" \n'.repeat(200_000);
    expect(parse(JSON.stringify({ text }))).toEqual({ text });
  });

  it('refuses what is nested too deeply, arrays and objects', () => {
    expect(refusal(nested(499))).toHaveProperty('a');
    for (const text of [nested(501), nested(1_000_000), `{"a":${'{"b":'.repeat(600)}1${'}'.repeat(601)}`])
      expect(refusal(text)).toMatchObject({ kind: 'invalid_request', message: expect.stringContaining('nested') });
  });

  it.each([
    ['nothing', ''],
    ['no object', '[]'],
    ['no JSON', '{"a":NaN}'],
    ['a cut text', '{"a":"'],
    ['a byte order mark that is not the first', '\ufeff\ufeff{}'],
    ['only a byte order mark', '\ufeff'],
  ])('refuses %s with 400', (_name, text) => {
    expect(refusal(text)).toMatchObject({ kind: 'invalid_request' });
  });

  it('overlooks a byte order mark in front, as files of some editors have it', () => {
    expect(parse('\ufeff{"a":"\ufeff"}')).toEqual({ a: '\ufeff' });
  });

  it('keeps a member called __proto__ a member', () => {
    const body = parse('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
    expect([Object.keys(body), body.polluted, ({} as Record<string, unknown>).polluted]).toEqual([['__proto__'], undefined, undefined]);
  });
});
