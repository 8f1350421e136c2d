import { describe, expect, it } from '@jest/globals';
import { Affinity } from './affinity.js';

describe('Affinity', () => {
  it('is bounded: the conversation that was silent longest is forgotten', () => {
    const affinity = new Affinity(2);
    affinity.bind(['x'], 'a');
    affinity.bind(['y'], 'b');
    expect([...affinity.preferred(['x'])]).toEqual(['a']);
    affinity.bind(['z'], 'c');
    expect([...affinity.preferred(['x', 'y', 'z'])]).toEqual(['a', 'c']);
  });
});
