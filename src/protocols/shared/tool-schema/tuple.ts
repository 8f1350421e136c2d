import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import { isFalse } from './schema-keywords.js';

export const isTuple = (schema: JsonObject): boolean => Array.isArray(schema.items) || 'prefixItems' in schema;

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** A schema that says something about members behind the listed ones. */
const restOf = (value: unknown): JsonObject[] => (isObject(value) && Object.keys(value).length > 0 && !isFalse(value) ? [value] : []);

/**
 * A list with a schema for each place as a list whose members have one of these schemas; the backend knows only those. The places
 * are lost. An array stays an array: the tool gets what it expects. The members are repaired already.
 */
export function withoutTuple(schema: JsonObject): JsonObject {
  const listed = [...listOf(schema.prefixItems), ...listOf(schema.items)];
  const members = [...listed, ...restOf(Array.isArray(schema.items) ? schema.additionalItems : schema.items)];
  const { prefixItems: _places, additionalItems: _rest, ...others } = schema;
  return { ...others, items: members.length === 0 ? {} : members.length === 1 ? members[0] : { anyOf: members } };
}
