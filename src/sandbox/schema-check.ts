import { JsonObject, isObject, listOf } from './json.js';

const COMBINATORS = ['oneOf', 'anyOf', 'allOf', 'enum', 'not'];
const MAX_DEPTH = 64;

const context = (path: readonly string[]): string =>
  path.length === 1 ? `('${path[0]}',)` : `(${path.map((step) => `'${step}'`).join(', ')})`;

/** What is wrong with the JSON schema of a function's parameters, in the backend's words; null if nothing. */
export function functionSchemaFault(schema: unknown, strict: boolean): string | null {
  const type = isObject(schema) ? schema.type : undefined;
  if (!isObject(schema) || (type !== 'object' && !COMBINATORS.some((key) => key in schema))) {
    return `schema must be a JSON Schema of 'type: "object"', got 'type: "${typeof type === 'string' ? type : 'None'}"'.`;
  }
  if (COMBINATORS.some((key) => key in schema)) {
    return "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level.";
  }
  if (!isObject(schema.properties)) return 'In context=(), object schema missing properties.';
  return nodeFault(schema, [], strict);
}

/** The same for `text.format`. */
export function formatSchemaFault(schema: unknown, strict: boolean): string | null {
  if (!isObject(schema) || schema.type !== 'object') {
    const type = isObject(schema) && typeof schema.type === 'string' ? schema.type : 'None';
    return `schema must be a JSON Schema of 'type: "object"', got 'type: "${type}"'.`;
  }
  return nodeFault(schema, [], strict);
}

function nodeFault(schema: unknown, path: readonly string[], strict: boolean): string | null {
  if (!isObject(schema) || path.length > MAX_DEPTH) return null;
  const own = arrayFault(schema, path) ?? (strict ? strictFault(schema, path) : null);
  if (own) return own;
  for (const [step, child] of children(schema)) {
    const fault = nodeFault(child, [...path, ...step], strict);
    if (fault) return fault;
  }
  return null;
}

function arrayFault(schema: JsonObject, path: readonly string[]): string | null {
  const isArray = schema.type === 'array' || listOf(schema.type).includes('array');
  return isArray && !('items' in schema) ? `In context=${context(path)}, array schema missing items.` : null;
}

function strictFault(schema: JsonObject, path: readonly string[]): string | null {
  if (schema.type !== 'object') return null;
  if (schema.additionalProperties !== false) {
    return `In context=${context(path)}, 'additionalProperties' is required to be supplied and to be false.`;
  }
  const required = listOf(schema.required);
  const left = Object.keys(isObject(schema.properties) ? schema.properties : {}).find((key) => !required.includes(key));
  return left === undefined
    ? null
    : `In context=${context(path)}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${left}'.`;
}

function* children(schema: JsonObject): Generator<[string[], unknown]> {
  for (const group of ['properties', '$defs', 'definitions']) {
    if (isObject(schema[group])) for (const [key, child] of Object.entries(schema[group])) yield [[group, key], child];
  }
  if (isObject(schema.items)) yield [['items'], schema.items];
  if (isObject(schema.additionalProperties)) yield [['additionalProperties'], schema.additionalProperties];
  for (const group of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) {
    for (const [i, child] of listOf(schema[group]).entries()) yield [[group, String(i)], child];
  }
}
