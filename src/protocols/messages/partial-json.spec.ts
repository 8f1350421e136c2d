import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseCutObject } from './partial-json.js';

describe('an object that is cut', () => {
  it.each<[string, object]>([
    ['', {}],
    ['{', {}],
    ['{"a"', {}],
    ['{"a":', {}],
    ['{"a":1', { a: 1 }],
    ['{"a":1.', {}],
    ['{"a":-', {}],
    ['{"a":null', { a: null }],
    ['{"a":1,', { a: 1 }],
    ['{"a":1,"b', { a: 1 }],
    ['{"a":1,"b":"cu', { a: 1 }],
    ['{"a":"x","b":tru', { a: 'x' }],
    ['{"a":true', { a: true }],
    ['{"a":true}', { a: true }],
    ['{"a":[1,2', { a: [1] }],
    ['{"a":[1', { a: [1] }],
    ['{"a":[1,true', { a: [1, true] }],
    ['{"a":["x",', { a: ['x'] }],
    ['{"a":{"b":"c"', { a: { b: 'c' } }],
    ['{"a":{"b":', { a: {} }],
    ['{"a":-1.5e3,"\\u00', { a: -1500 }],
    ['{"a":"x" "b":1}', { a: 'x' }],
    ['{"a":"x"} {"b":1}', { a: 'x' }],
    ['{"a":}', {}],
    ['{"a":"x",}', { a: 'x' }],
    ['{"a":1]', { a: 1 }],
    ['[1,2]', {}],
    ['"a"', {}],
    ['nonsense', {}],
  ])('%s', (text, expected) => {
    expect(parseCutObject(text)).toEqual(expected);
  });

  it('is read to its end where it is whole, and never throws wherever it is cut', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (object, at) => {
        const text = JSON.stringify(object);
        expect(parseCutObject(text)).toEqual(JSON.parse(text));
        expect(typeof parseCutObject(text.slice(0, at % text.length))).toBe('object');
      }),
      { numRuns: 200 },
    );
  });
});
