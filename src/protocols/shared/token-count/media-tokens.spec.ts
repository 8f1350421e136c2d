import { describe, expect, it } from '@jest/globals';
import { documentTokens, imageTokens, PAGE_TOKENS, UNKNOWN_IMAGE_TOKENS } from './media-tokens.js';

const url = (type: string, ...parts: (Buffer | string)[]): string =>
  `data:${type};base64,${Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))).toString('base64')}`;

const be = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.of(value >>> 8, value & 255)));
const le = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.of(value & 255, value >>> 8)));

const png = (width: number, height: number): string =>
  url('image/png', Buffer.from('89504e470d0a1a0a', 'hex'), be(0, 13), 'IHDR', be(0, width, 0, height), Buffer.alloc(100));
const jpeg = (before: number, width: number, height: number): string => {
  const segments = Array.from({ length: before }, () => Buffer.concat([be(0xffe1, 60_000), Buffer.alloc(59_998)]));
  return url('image/jpeg', be(0xffd8), ...segments, be(0xffc2, 17), Buffer.of(8), be(height, width), Buffer.alloc(20));
};
const webp = (chunk: string, rest: Buffer): string => url('image/webp', 'RIFF', le(0, 0), 'WEBP', chunk, le(0, 0), rest, Buffer.alloc(20));

describe('tokens of an image', () => {
  it.each([
    ['PNG', png(320, 64), 20],
    ['a PNG that is called something else', png(320, 64).replace('image/png', 'image/jpeg'), 20],
    ['GIF', url('image/gif', 'GIF89a', le(33, 32), Buffer.alloc(20)), 2],
    ['JPEG', jpeg(0, 640, 480), 300],
    ['JPEG behind its preview and colour profile', jpeg(3, 640, 480), 300],
    ['WebP, lossy', webp('VP8 ', Buffer.concat([Buffer.alloc(6), le(64, 96)])), 6],
    ['WebP, lossless', webp('VP8L', Buffer.from([0x2f, 63, (95 & 3) << 6, 95 >> 2, 0])), 6],
    ['WebP, extended', webp('VP8X', Buffer.from([0, 0, 0, 0, 63, 0, 0, 95, 0, 0])), 6],
    ['one pixel', png(1, 1), 1],
    ['more pixels than the models see', png(8000, 8000), 1536],
  ])('come from the size in its header: %s', (_, image, tokens) => {
    expect(imageTokens(image)).toBe(tokens);
  });

  it.each([
    ['an address', 'https://example.com/a.png'],
    ['another format', url('image/tiff', 'II*\0', Buffer.alloc(100))],
    ['a damaged header', url('image/png', Buffer.from('89504e47', 'hex'))],
    ['a JPEG that leads nowhere', url('image/jpeg', be(0xffd8, 0xffe0, 0), Buffer.alloc(300_000))],
    ['no size', png(0, 10)],
    ['nothing', 'data:image/png;base64,'],
    ['no base64 at all', 'data:image/png;base64,%%%'],
    ['nothing that is a string', undefined],
  ])('are a flat rate where the size is not known: %s', (_, image) => {
    expect(imageTokens(image)).toBe(UNKNOWN_IMAGE_TOKENS);
  });
});

describe('tokens of a document', () => {
  const pages = (count: number): string =>
    `%PDF-1.4\n/Type /Pages /Count ${count}\n${'<< /Type /Page /Parent 1 0 R >>\n<</Type/Page>>\n'.repeat(count / 2)}`;

  it('are counted by page', () => {
    expect(documentTokens(url('application/pdf', pages(6)))).toBe(6 * PAGE_TOKENS);
  });

  it('know a PDF without its media type, and without a header', () => {
    expect(documentTokens(url('', pages(4)))).toBe(4 * PAGE_TOKENS);
    expect(documentTokens(Buffer.from(pages(4)).toString('base64'))).toBe(4 * PAGE_TOKENS);
  });

  it('go by size where pages cannot be counted, and are one page at least', () => {
    expect(documentTokens(url('application/pdf', '%PDF-1.7', Buffer.alloc(500_000)))).toBe(11 * PAGE_TOKENS);
    expect(documentTokens(url('application/pdf', '%PDF-1.7'))).toBe(PAGE_TOKENS);
    expect(documentTokens('data:application/pdf;base64,')).toBe(PAGE_TOKENS);
  });

  it('take the rest of a large file to be like its beginning', () => {
    const page = `<< /Type /Page >>${' '.repeat(983)}`;
    const tokens = documentTokens(url('application/pdf', '%PDF', page.repeat(4000)));
    expect(tokens / PAGE_TOKENS).toBeGreaterThan(3900);
    expect(tokens / PAGE_TOKENS).toBeLessThan(4100);
  });

  it('are a quarter of the bytes of a text', () => {
    expect(documentTokens(url('text/plain', 'x'.repeat(400)))).toBe(100);
  });

  it('are one page for a file that is somewhere else', () => {
    expect(documentTokens(undefined)).toBe(PAGE_TOKENS);
  });
});
