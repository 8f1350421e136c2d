/**
 * A string in which every character is one byte of UTF-8 (0-255). The bytes of a stream are searched, cut and joined in
 * this form and written with the `latin1` encoding, so that text which is only passed on is never decoded.
 */
export type ByteString = string;

/** Counting its bytes is what the runtime does fastest with a string. */
const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** Text → its UTF-8 bytes, one per character. */
export const toBytes = (text: string): ByteString => (isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1'));

/** UTF-8 bytes, one per character → text. */
export const fromBytes = (bytes: ByteString): string => (isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8'));
