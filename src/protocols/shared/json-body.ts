import { GatewayError, invalidRequest } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { limitDepth } from './json-depth.js';

/** Smaller ones are not worth it, and may share their memory with others. */
const LARGE_BYTES = 65_536;

/** Whoever awaits the answer of a request holds its body for minutes; its memory is given back now. */
const discard = ({ length, buffer }: Buffer): void => {
  if (length >= LARGE_BYTES && buffer.byteLength === length) (buffer as ArrayBuffer).transfer(0);
};

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Without the mark that some tools put in front of every file they write: JSON has no place for it, readers may ignore it. */
const textOf = (raw: Buffer): string =>
  raw.toString('utf8', raw.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0);

/** The raw body of a request as a JSON object; anything else is the caller's 400. A large body is empty afterwards. */
export function parseJsonBody(raw: unknown): JsonObject {
  if (!Buffer.isBuffer(raw) || raw.length === 0) throw invalidRequest('The request body is empty; a JSON object is expected.');
  let body: unknown;
  try {
    body = JSON.parse(textOf(raw));
  } catch (error) {
    const at = error instanceof SyntaxError ? / at position \d+/.exec(error.message)?.[0] : undefined;
    throw new GatewayError(
      'invalid_request',
      `We could not parse the JSON body of your request${at ?? ''}.`,
      { code: 'invalid_json' },
      error,
    );
  }
  limitDepth(body, raw.length);
  discard(raw);
  if (!isObject(body)) throw invalidRequest('The request body must be a JSON object.');
  return body;
}
