import { describe, expect, it } from '@jest/globals';
import { get_encoding } from 'tiktoken';
import { tokensOf } from './tokenizer.worker.js';

const encoding = get_encoding('o200k_base');
const exact = (text: string): number => encoding.encode_ordinary(text).length;

const PROSE = 'Counting tokens is what a client does before it decides whether to compact; being wrong is expensive.\n';
const CODE = 'export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0); // 12345\n';

describe('tokens of a text', () => {
  it.each([
    ['nothing', ''],
    ['prose', PROSE],
    ['code', CODE],
    ['JSON', JSON.stringify({ type: 'object', properties: { path: { type: 'string' }, lines: { type: 'array', items: {} } } })],
    ['Chinese', '今天天气很好,我们去公园散步吧。'],
    ['Russian', 'Сегодня хорошая погода, и мы идём гулять.'],
    ['emoji', '😀🎉👍🏽 fine'],
    ['special tokens, as text', '<|endoftext|> and <|im_start|>'],
    ['half a surrogate pair', 'a\ud83d b'],
    ['long prose, which is cut between words', PROSE.repeat(2000)],
  ])('are what the library says: %s', (_, text) => {
    expect(tokensOf(text)).toBe(exact(text));
  });

  it.each([
    ['indented code', `${' '.repeat(100)}${CODE}`.repeat(500)],
    ['rules', `${'-'.repeat(120)}\n${PROSE}`.repeat(500)],
    ['base64', Buffer.from(CODE.repeat(500)).toString('base64')],
    ['Chinese without spaces', '今天天气很好我们去公园散步吧机器学习模型需要大量的数据'.repeat(40)],
  ])('are within three per cent where runs are cut: %s', (_, text) => {
    const real = exact(text);
    expect(Math.abs(tokensOf(text) / real - 1)).toBeLessThan(0.03);
  });

  it.each([
    ['one letter', 'a'],
    ['one space', ' '],
    ['line ends', '\n'],
    ['dashes', '—'],
    ['slashes and line ends', '/\n'],
    ['one ideograph', '一'],
    ['wide spaces', '\u3000'],
    ['halves of surrogate pairs', '\ud800'],
    ['low halves of surrogate pairs', '\udc00'],
  ])('take a time that grows with the length alone: %s', (_, unit) => {
    const text = unit.repeat(200_000 / unit.length);
    const started = performance.now();
    expect(tokensOf(text)).toBeGreaterThan(0);
    // A second per megabyte is normal on a busy machine; the library alone takes twenty and more for the square of it.
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
