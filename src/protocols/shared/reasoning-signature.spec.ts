import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeSignature, encodeSignature } from './reasoning-signature.js';

/** A ciphertext of `blocks` blocks, padded as the backend pads it or not at all. */
const cipher = (blocks: number, padded = true, fill = 'x'): string => {
  const bytes = Buffer.alloc(57 + 16 * blocks, fill);
  bytes.fill(0, 0, 5);
  bytes[0] = 0x80;
  const text = bytes.toString('base64url');
  return padded ? text.padEnd(Math.ceil(text.length / 4) * 4, '=') : text;
};
const sealed = (encryptedContent: string) => ({ encryptedContent, itemId: 'rs_1', model: 'gpt-5.4', scope: 'abc' });

describe('the signature of thinking', () => {
  it('carries the ciphertext and the account that can read it', () => {
    const encryptedContent = cipher(3);
    const signature = encodeSignature(sealed(encryptedContent));
    expect(decodeSignature(signature)).toEqual({ encryptedContent, scope: 'abc' });
    expect(signature.startsWith('gAAAA')).toBe(false);
  });

  it('knows no account where none was named', () => {
    expect(decodeSignature(encodeSignature({ ...sealed(cipher(1)), scope: '' }))).toEqual({ encryptedContent: cipher(1), scope: null });
  });

  it('may be the ciphertext itself', () => {
    expect(decodeSignature(cipher(1))).toEqual({ encryptedContent: cipher(1), scope: null });
    expect(decodeSignature(cipher(2, false))).toEqual({ encryptedContent: cipher(2, false), scope: null });
  });

  const own = encodeSignature(sealed(cipher(4)));
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an empty text', ''],
    ['an object', { encryptedContent: cipher(1) }],
    ['another vendor’s', 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk'],
    ['ciphertext too short', cipher(0)],
    ['ciphertext that was cut', cipher(3).slice(0, -9)],
    ['ciphertext with a character too many', `${cipher(3, false)}A`],
    ['ciphertext of another alphabet', cipher(3).replace('eHh4', 'eH+4')],
    ['ciphertext with a line break', cipher(3).replace('eHh4', 'eH\nh')],
    ['padding that does not fit', `${cipher(2, false)}===`],
    ['its prefix alone', own.slice(0, 5)],
    ['half of it', own.slice(0, own.length / 2)],
    ['one without ciphertext', encodeSignature(sealed(''))],
    ['one with another vendor’s ciphertext', encodeSignature(sealed('EqQBCgIYAhIM'.repeat(10)))],
    ['a number under its prefix', `${own.slice(0, 5)}${Buffer.from('7').toString('base64url')}`],
  ])('is not %s', (_name, signature) => {
    expect(decodeSignature(signature)).toBeNull();
  });

  it('survives the way through a client unchanged, as text that needs no escape', () => {
    fc.assert(
      fc.property(
        fc.nat(300),
        fc.boolean(),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.string({ minLength: 1, unit: 'grapheme' }),
        (blocks, padded, itemId, model, scope) => {
          const encryptedContent = cipher(blocks + 1, padded, model || 'x');
          const signature = encodeSignature({ encryptedContent, itemId, model, scope });
          expect(signature).toMatch(/^[A-Za-z0-9._-]+$/);
          expect(decodeSignature(JSON.parse(JSON.stringify(signature)))).toEqual({ encryptedContent, scope });
        },
      ),
    );
  });
});
