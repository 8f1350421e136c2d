import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toBytes } from '../../common/byte-string.js';
import { CharacterCount, countCharacters, endsLine } from './text-measure.js';

const literal = (text: string): string => toBytes(JSON.stringify(text).slice(1, -1));

describe('text that is not decoded', () => {
  it.each([
    ['', false],
    ['a', false],
    ['a\n', true],
    ['\n', true],
    ['a\\n', false],
    ['a\\\n', true],
    ['\\\\n', false],
    ['n', false],
    ['a\nb', false],
    ['u000a', false],
  ])('%j ends a line: %s', (text, ends) => {
    expect(endsLine(literal(text))).toBe(ends);
  });

  it.each([
    ['a\\u000a', true],
    ['a\\u000A', true],
    ['a\\\\u000a', false],
    ['a\\u000d', false],
  ])('%s, as it stands in JSON, ends a line: %s', (text, ends) => {
    expect(endsLine(text)).toBe(ends);
  });

  it.each(['', 'plain', 'a"b\\c/\n\t\u0000', 'é漢😀', '\u2028\ufeff'])('counts the characters of %j', (text) => {
    expect(countCharacters(literal(text))).toBe([...text].length);
  });

  it('counts a pair of surrogates once, escaped or torn apart', () => {
    expect(countCharacters('a\\ud83d\\ude00b')).toBe(3);
    expect(countCharacters('a\\uD83D') + countCharacters('\\uDE00b')).toBe(3);
    expect(countCharacters('\\u00e9\\\\ud83d')).toBe(7);
  });

  it('counts a text that comes in pieces, however long', () => {
    const count = new CharacterCount();
    for (let i = 0; i < 10_000; i++) count.add(i % 2 ? 'abc\\n' : toBytes('é漢😀ab'));
    expect([count.value, count.value]).toEqual([45_000, 45_000]);
    count.add('x');
    expect(count.value).toBe(45_001);
  });

  it('measures any text as it would be measured decoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        expect([countCharacters(literal(text)), endsLine(literal(text))]).toEqual([[...text].length, text.endsWith('\n')]);
      }),
    );
  });
});
