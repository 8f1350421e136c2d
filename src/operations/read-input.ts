import { GatewayError, invalidRequest } from '../common/gateway-error.js';

/** Parameters of a request, by name; of one that is given twice the framework makes a list. */
export type Input = Readonly<Record<string, unknown>>;

const TRUE = new Set<unknown>(['true', '1', '', true]);
const FALSE = new Set<unknown>(['false', '0', false]);

/** @throws GatewayError `invalid_request` that names the parameter, as all of these do */
export function readFlag(input: Input, name: string, fallback: boolean): boolean {
  const value = input[name];
  if (value === undefined) return fallback;
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw invalidRequest(`${name} must be true or false.`, name);
}

export function readCount(input: Input, name: string, { fallback, min = 1, max }: { fallback: number; min?: number; max: number }): number {
  const value = input[name];
  if (value === undefined) return fallback;
  const count = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  if (count >= min && count <= max) return count;
  throw invalidRequest(`${name} must be a whole number from ${min} to ${max}.`, name);
}

export function readText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalidRequest(`${name} must be text, and be given once.`, name);
}

/** A JSON object; an absent or empty body is one without members. */
export function readJson(raw: unknown): Input {
  if (!Buffer.isBuffer(raw) || raw.length === 0) return {};
  let body: unknown;
  try {
    body = JSON.parse(raw.toString('utf8'));
  } catch (error) {
    throw new GatewayError('invalid_request', 'The request body is not valid JSON.', { code: 'invalid_json' }, error);
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Input;
  throw invalidRequest('The request body must be a JSON object.');
}
