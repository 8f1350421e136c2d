import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countValues } from './json-structure.js';

/** Commas and opening brackets outside of strings. */
const count = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0;
  const members = Object.values(value) as unknown[];
  return members.reduce<number>((sum, member) => sum + count(member), Math.max(1, members.length));
};

describe('countValues', () => {
  const strings = fc.oneof(fc.string(), fc.stringMatching(/^["\\,[\]{}x]{0,40}$/), fc.string({ unit: 'binary', maxLength: 200 }));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 5 }, strings, fc.integer(), fc.array(tie('value')), fc.dictionary(strings, tie('value'))),
  }));

  it('counts members and containers, whatever strings say, from any boundary', () => {
    fc.assert(
      fc.property(value, fc.nat(3), (made, offset) => {
        const text = JSON.stringify(made);
        const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).subarray(offset);
        expect(countValues(bytes, Infinity)).toBe(count(JSON.parse(text)));
      }),
    );
  });

  it('stops one above the limit', () => {
    expect(countValues(Buffer.from('[]'.repeat(1_000_000)), 1_000)).toBe(1_001);
  });

  it('survives text that ends inside a string', () => {
    for (const text of ['{"a', '["', '["\\', '["\\"', `["${'x'.repeat(100)}`]) expect(countValues(Buffer.from(text), 5)).toBe(1);
    expect(countValues(Buffer.alloc(0), 5)).toBe(0);
  });
});
