import { GatewayError, invalidRequest } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

/** Beyond this depth a body is an attack on the recursion of whoever reads it (`JSON.stringify` is recursive). */
const MAX_DEPTH = 512;

function deeperThan(value: object, limit: number): boolean {
  if (limit === 0) return true;
  for (const key in value) {
    const member = (value as JsonObject)[key];
    if (typeof member === 'object' && member !== null && deeperThan(member, limit - 1)) return true;
  }
  return false;
}

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The raw body of a request as a JSON object; anything else is the caller's 400. */
export function parseJsonBody(raw: unknown): JsonObject {
  if (!Buffer.isBuffer(raw) || raw.length === 0) throw invalidRequest('The request body is empty; a JSON object is expected.');
  let body: unknown;
  try {
    body = JSON.parse(raw.toString('utf8'));
  } catch (error) {
    const at = error instanceof SyntaxError ? / at position \d+/.exec(error.message)?.[0] : undefined;
    throw new GatewayError(
      'invalid_request',
      `We could not parse the JSON body of your request${at ?? ''}.`,
      { code: 'invalid_json' },
      error,
    );
  }
  if (!isObject(body)) throw invalidRequest('The request body must be a JSON object.');
  if (deeperThan(body, MAX_DEPTH)) throw invalidRequest(`The request body is nested deeper than ${MAX_DEPTH} levels.`);
  return body;
}
