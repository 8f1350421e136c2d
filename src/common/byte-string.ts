/**
 * A string in which every character is one byte of UTF-8 (0-255). The bytes of a stream are searched, cut and joined in
 * this form and written with the `latin1` encoding, so that text which is only passed on is never decoded.
 */
export type ByteString = string;

const BEYOND_ASCII = /[^\x00-\x7f]/;

/** Text → its UTF-8 bytes, one per character. */
export const toBytes = (text: string): ByteString => (BEYOND_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text);

/** UTF-8 bytes, one per character → text. */
export const fromBytes = (bytes: ByteString): string => (BEYOND_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes);
