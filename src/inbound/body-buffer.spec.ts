import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { collectGarbage } from '../common/collect-garbage.js';
import { BodyBuffer } from './body-buffer.js';

describe('BodyBuffer', () => {
  it('gives back what was appended, in pieces of any size', () => {
    const sizes = fc.array(fc.oneof(fc.nat(5), fc.nat(5_000), fc.integer({ min: 16_000, max: 70_000 })), { maxLength: 40 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const chunks = lengths.map((length, i) => Buffer.alloc(length, i + 1));
        const buffer = new BodyBuffer();
        for (const chunk of chunks) buffer.append(chunk);
        const whole = Buffer.concat(chunks);
        expect(buffer.size).toBe(whole.length);
        expect(buffer.take().equals(whole)).toBe(true);
      }),
    );
  });

  it('does not copy a body that came in one piece', () => {
    const buffer = new BodyBuffer();
    const chunk = Buffer.from('{}');
    buffer.append(chunk);
    expect(buffer.take()).toBe(chunk);
  });

  it('costs about its size, whatever the pieces are', async () => {
    for (const pattern of [[1], [1, 16_384], [16_383], [100, 1, 16_384]]) {
      const buffer = new BodyBuffer();
      const before = process.memoryUsage();
      while (buffer.size < 8_000_000) for (const length of pattern) buffer.append(SOURCE.subarray(0, length));
      await collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      expect(arrayBuffers - before.arrayBuffers).toBeLessThan(buffer.size + 200_000);
      expect(heapUsed - before.heapUsed).toBeLessThan(20_000_000);
      buffer.clear();
    }
  });
});

const SOURCE = Buffer.alloc(16_384);
