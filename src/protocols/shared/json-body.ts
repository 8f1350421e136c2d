import { GatewayError, invalidRequest } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';

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
  return body;
}
