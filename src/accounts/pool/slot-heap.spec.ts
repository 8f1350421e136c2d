import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SlotHeap } from './slot-heap.js';

const step = fc.record({ slot: fc.integer({ min: 0, max: 30 }), key: fc.integer({ min: 0, max: 1000 }), remove: fc.boolean() });

describe('SlotHeap', () => {
  it('finds the accepted slot with the smallest key after any changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.func(fc.boolean()), (steps, accept) => {
        const keys: number[] = [];
        const heap = new SlotHeap(keys, []);
        const present = new Set<number>();
        for (const { slot, key, remove } of steps) {
          if (remove && present.delete(slot)) heap.remove(slot);
          if (remove) continue;
          keys[slot] = key;
          if (present.has(slot)) heap.moved(slot);
          else heap.add(slot);
          present.add(slot);
        }
        const smallest = (slots: number[]): number => Math.min(Infinity, ...slots.map((slot) => keys[slot]!));
        expect(heap.size).toBe(present.size);
        expect(keys[heap.min] ?? Infinity).toBe(smallest([...present]));
        const found = heap.first((slot) => accept(slot));
        expect(keys[found] ?? Infinity).toBe(smallest([...present].filter((slot) => accept(slot))));
        expect(heap.first(() => true, smallest([...present]))).toBe(-1);
      }),
    );
  });
});
