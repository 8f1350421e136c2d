/**
 * A string in which every character is one byte of UTF-8 (0-255). The bytes of a stream are searched, cut and joined in
 * this form and written with the `latin1` encoding, so that text which is only passed on is never decoded.
 */
export type ByteString = string;

/** V8 copies shorter pieces by itself; a longer one is a view. */
const VIEW_CHARS = 13;

/**
 * A piece without the string it was cut out of, for what is kept: views would keep the text of every network chunk beyond two young
 * collections, so that all that a stream brings became old garbage. Before something is cut out of a joined string V8 copies that.
 */
export const detached = (piece: ByteString): ByteString => (piece.length < VIEW_CHARS ? piece : ` ${piece}`.slice(1));

/** Counting its bytes is what the runtime does fastest with a string. */
const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** Text → its UTF-8 bytes, one per character. */
export const toBytes = (text: string): ByteString => (isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1'));

/** UTF-8 bytes, one per character → text. */
export const fromBytes = (bytes: ByteString): string => (isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8'));
