import { describe, expect, it } from '@jest/globals';
import { TextPieces } from './text-pieces.js';

describe('text that comes in pieces', () => {
  it.each([1, 50, 64, 65, 1000])('of which there are %d is the pieces in order', (count) => {
    const pieces = new TextPieces();
    const words = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? `${i} ` : `a longer piece, number ${i} `));
    for (const word of words) pieces.add(word);
    expect(pieces.text).toBe(words.join(''));
    expect(pieces.empty).toBe(false);
    pieces.clear();
    expect([pieces.text, pieces.empty]).toEqual(['', true]);
  });
});
