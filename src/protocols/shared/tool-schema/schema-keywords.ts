import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';

/**
 * What stands behind a keyword: one schema; one schema or a list of them (`items`); a schema or a boolean that means what it says
 * (`additionalProperties`); a list of schemas; schemas by name; none, but something that must fit the others (`shape`). Every other
 * keyword has a value that is nobody's schema.
 */
export type SchemaPosition = 'schema' | 'items' | 'schema-or-boolean' | 'list' | 'map' | 'shape';

/** A Map, since a keyword may be called `constructor`. */
export const SCHEMA_POSITIONS: ReadonlyMap<string, SchemaPosition> = new Map([
  ['properties', 'map'],
  ['patternProperties', 'map'],
  ['$defs', 'map'],
  ['definitions', 'map'],
  ['dependentSchemas', 'map'],
  ['items', 'items'],
  ['prefixItems', 'list'],
  ['anyOf', 'list'],
  ['oneOf', 'list'],
  ['allOf', 'list'],
  ['type', 'shape'],
  ['enum', 'shape'],
  ['required', 'shape'],
  ['not', 'schema'],
  ['contains', 'schema'],
  ['propertyNames', 'schema'],
  ['if', 'schema'],
  ['then', 'schema'],
  ['else', 'schema'],
  ['additionalProperties', 'schema-or-boolean'],
  ['additionalItems', 'schema-or-boolean'],
  ['unevaluatedProperties', 'schema-or-boolean'],
  ['unevaluatedItems', 'schema-or-boolean'],
]);

/** Here null is a value like others. */
export const NULL_IS_A_VALUE: ReadonlySet<string> = new Set(['default', 'const', 'example']);

/** The backend refuses them at the root of a function's parameters, or cannot read the object's properties through them. */
export const REFUSED_AT_ROOT = ['anyOf', 'oneOf', 'allOf', 'not', 'enum', '$ref'] as const;

/** What the schema `false` has become. */
export const isFalse = (schema: JsonObject): boolean =>
  Object.keys(schema).length === 1 && isObject(schema.not) && Object.keys(schema.not).length === 0;
