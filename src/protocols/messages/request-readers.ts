import { GatewayError, invalidRequest } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';

/**
 * Readers of members of a Messages body, in the words of the public API: `messages.0.content.1.type: …`, with the path as `param`.
 * Missing and null are the same: undefined.
 */
export const refused = (path: string, why: string, code?: string): GatewayError => invalidRequest(`${path}: ${why}`, path, code);

export const required = (path: string): GatewayError => refused(path, 'Field required');

const quoted = (choices: readonly string[]): string => {
  const list = choices.map((choice) => `'${choice}'`);
  return list.length > 1 ? `${list.slice(0, -1).join(', ')} or ${list.at(-1)!}` : list.join('');
};

/** A value of the client's inside a message; `long` is where it is cut. */
export const shown = (text: string, long = 64): string => text.slice(0, long);

export const unknownTag = (path: string, tag: string, known: readonly string[]): GatewayError =>
  refused(
    path,
    `Input tag '${shown(tag)}' found using 'type' does not match any of the expected tags: ${known.map((name) => `'${name}'`).join(', ')}`,
  );

export const stringIn = (value: unknown, path: string): string | undefined => {
  if (value == null) return undefined;
  if (typeof value !== 'string') throw refused(path, 'Input should be a valid string');
  return value;
};

export const booleanIn = (value: unknown, path: string): boolean | undefined => {
  if (value == null) return undefined;
  if (typeof value !== 'boolean') throw refused(path, 'Input should be a valid boolean');
  return value;
};

export const objectIn = (value: unknown, path: string): JsonObject | undefined => {
  if (value == null) return undefined;
  if (!isObject(value)) throw refused(path, 'Input should be a valid dictionary');
  return value;
};

export const listIn = (value: unknown, path: string): unknown[] | undefined => {
  if (value == null) return undefined;
  if (!Array.isArray(value)) throw refused(path, 'Input should be a valid list');
  return value as unknown[];
};

export const numberIn = (value: unknown, path: string, min: number, max = Infinity): number | undefined => {
  if (value == null) return undefined;
  if (typeof value !== 'number') throw refused(path, 'Input should be a valid number');
  if (value < min) throw refused(path, `Input should be greater than or equal to ${min}`);
  if (value > max) throw refused(path, `Input should be less than or equal to ${max}`);
  return value;
};

export const integerIn = (value: unknown, path: string, min: number): number | undefined => {
  if (value != null && !Number.isInteger(value)) throw refused(path, 'Input should be a valid integer');
  return numberIn(value, path, min);
};

/** `more`: values that are taken, but not offered in the error. */
export const choiceIn = (value: unknown, path: string, choices: readonly string[], more: readonly string[] = []): string | undefined => {
  const text = stringIn(value, path);
  if (text !== undefined && !choices.includes(text) && !more.includes(text)) throw refused(path, `Input should be ${quoted(choices)}`);
  return text;
};

export const requiredString = (value: unknown, path: string): string => {
  const text = stringIn(value, path);
  if (text === undefined) throw required(path);
  return text;
};

export const requiredObject = (value: unknown, path: string): JsonObject => {
  const object = objectIn(value, path);
  if (object === undefined) throw required(path);
  return object;
};
