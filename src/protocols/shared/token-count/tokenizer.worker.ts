import { parentPort } from 'node:worker_threads';
import { get_encoding } from 'tiktoken';

/*
 * The tokenizer's thread: lists of texts in, lists of counts out, in order. Imports nothing of the program: Node can run this file
 * compiled or as it is, so that tests of the source have the same thread as the built program.
 */

const encoding = get_encoding('o200k_base');

/**
 * The time for a word grows with the square of its length, and a "word" may be a megabyte of one letter or of dashes. Longer runs
 * are counted in pieces, which costs a token or two a piece.
 */
const MAX_RUN = 256;
/** What a character beyond ASCII, two or three bytes for the library, adds to a run. */
const WIDE = 4;
/** The library's memory grows with the longest text it has seen and never shrinks: longer ones are cut, between words if there are any. */
const PIECE = 32_768;
const MAX_PIECE = 65_536;

/** No word goes on after a digit. */
const BREAK = 0;
const LETTER = 1;
/** Spaces and signs, which one word may mix. */
const OTHER = 2;

const BLANK = 32;

const KIND = new Uint8Array(128).fill(OTHER);
for (let code = 48; code < 58; code++) KIND[code] = BREAK;
for (let code = 65; code < 91; code++) KIND[code] = LETTER;
for (let code = 97; code < 123; code++) KIND[code] = LETTER;

const isPair = (high: number, low: number): boolean => (high & 0xfc00) === 0xd800 && (low & 0xfc00) === 0xdc00;

/** Special tokens in a client's text are text like any other. */
const count = (text: string): number => encoding.encode_ordinary(text).length;

/** Tokens of a text in the o200k encoding. Linear in its length, whatever is in it. */
export function tokensOf(text: string): number {
  let tokens = 0;
  let pieceStart = 0;
  let run = 0;
  let kind = BREAK;
  let before = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Beyond ASCII a character may go on with words of both kinds.
    const now = code < 128 ? KIND[code]! : kind || OTHER;
    const afterWord = kind === LETTER && code === BLANK && i - pieceStart >= PIECE;
    if (now === BREAK || now !== kind) {
      run = 0;
      kind = now;
    }
    const tooLong = run >= MAX_RUN || i - pieceStart >= MAX_PIECE;
    if (afterWord || (tooLong && !isPair(before, code))) {
      tokens += count(text.slice(pieceStart, i));
      pieceStart = i;
      run = 0;
    }
    run += code < 128 ? 1 : WIDE;
    before = code;
  }
  return tokens + count(pieceStart === 0 ? text : text.slice(pieceStart));
}

parentPort?.on('message', (texts: readonly string[]) => {
  parentPort!.postMessage(texts.map(tokensOf));
});
