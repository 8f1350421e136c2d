import { invalidRequest } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from './json-body.js';

/**
 * Readers of members of a client's body. Missing and null are the same: undefined. A wrong type or value is a 400 that
 * names the member.
 */
const typeName = (value: unknown): string => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);

export const wrongType = (param: string, expected: string, value: unknown): Error =>
  invalidRequest(`Invalid type for '${param}': expected ${expected}, but got ${typeName(value)} instead.`, param, 'invalid_type');

export const invalidValue = (param: string, expected: string): Error =>
  invalidRequest(`Invalid value for '${param}': ${expected}.`, param, 'invalid_value');

export const stringAt = (value: unknown, param: string): string | undefined => {
  if (value == null) return undefined;
  if (typeof value !== 'string') throw wrongType(param, 'a string', value);
  return value;
};

export const booleanAt = (value: unknown, param: string): boolean | undefined => {
  if (value == null) return undefined;
  if (typeof value !== 'boolean') throw wrongType(param, 'a boolean', value);
  return value;
};

export const objectAt = (value: unknown, param: string): JsonObject | undefined => {
  if (value == null) return undefined;
  if (!isObject(value)) throw wrongType(param, 'an object', value);
  return value;
};

export const arrayAt = (value: unknown, param: string): unknown[] | undefined => {
  if (value == null) return undefined;
  if (!Array.isArray(value)) throw wrongType(param, 'an array', value);
  return value as unknown[];
};

export const numberAt = (value: unknown, param: string, min: number, max: number): number | undefined => {
  if (value == null) return undefined;
  if (typeof value !== 'number') throw wrongType(param, 'a number', value);
  if (value < min || value > max) throw invalidValue(param, `expected a number between ${min} and ${max}`);
  return value;
};

export const integerAt = (value: unknown, param: string, min: number): number | undefined => {
  if (value == null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(param, 'an integer', value);
  if (value < min) throw invalidValue(param, `expected an integer of at least ${min}`);
  return value;
};

export const choiceAt = (value: unknown, param: string, choices: readonly string[]): string | undefined => {
  const text = stringAt(value, param);
  if (text !== undefined && !choices.includes(text))
    throw invalidValue(param, `'${text.slice(0, 64)}' is not one of ${choices.join(', ')}`);
  return text;
};

export const missing = (param: string): Error =>
  invalidRequest(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');
