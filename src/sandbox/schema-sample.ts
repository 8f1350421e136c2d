import { JsonObject, isObject, listOf } from './json.js';

const MAX_DEPTH = 16;
const COMMAND = 'echo sandbox';
const COMMAND_NAMES = /^(cmd|command|script|code|commands)$/i;

/** A value that satisfies a JSON schema: required members only, the first choice everywhere, a harmless command where one is asked for. */
export const sampleOf = (schema: unknown, root: unknown = schema, name = '', depth = 0): unknown => {
  if (!isObject(schema) || depth > MAX_DEPTH) return 'sandbox';
  if ('const' in schema) return schema.const;
  if (listOf(schema.enum).length > 0) return listOf(schema.enum)[0];
  if (typeof schema.$ref === 'string') return sampleOf(resolve(root, schema.$ref), root, name, depth + 1);
  const choice = listOf(schema.anyOf)[0] ?? listOf(schema.oneOf)[0] ?? listOf(schema.allOf)[0];
  if (choice !== undefined && schema.type === undefined) return sampleOf(choice, root, name, depth + 1);
  return sampleOfType(schema, root, name, depth);
};

function sampleOfType(schema: JsonObject, root: unknown, name: string, depth: number): unknown {
  const type = Array.isArray(schema.type)
    ? (schema.type as unknown[])[0]
    : (schema.type ?? (isObject(schema.properties) ? 'object' : 'string'));
  switch (type) {
    case 'object':
      return sampleObject(schema, root, depth);
    case 'array':
      return sampleArray(schema, root, name, depth);
    case 'number':
    case 'integer':
      return typeof schema.minimum === 'number' ? schema.minimum : 1;
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return COMMAND_NAMES.test(name) ? COMMAND : sampleText(schema, name);
  }
}

function sampleObject(schema: JsonObject, root: unknown, depth: number): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = listOf(schema.required).filter((key) => typeof key === 'string');
  const names = Object.keys(properties).filter((key) => required.includes(key) || (required.length === 0 && COMMAND_NAMES.test(key)));
  return Object.fromEntries(names.map((key) => [key, sampleOf(properties[key], root, key, depth + 1)]));
}

function sampleArray(schema: JsonObject, root: unknown, name: string, depth: number): unknown[] {
  if (COMMAND_NAMES.test(name)) return ['bash', '-lc', COMMAND];
  return Array.from({ length: Math.max(1, Number(schema.minItems ?? 1)) }, () => sampleOf(schema.items, root, '', depth + 1));
}

function sampleText(schema: JsonObject, name: string): string {
  if (schema.format === 'date-time') return '2026-01-01T00:00:00Z';
  if (schema.format === 'date') return '2026-01-01';
  if (schema.format === 'uri' || /url$/i.test(name)) return 'https://example.com/';
  if (/path$|file$/i.test(name)) return 'sandbox.txt';
  return 'sandbox';
}

/** `#/$defs/x`; anything else is not resolved. */
function resolve(root: unknown, ref: string): unknown {
  return ref
    .split('/')
    .slice(1)
    .reduce<unknown>((node, step) => (isObject(node) ? node[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined), root);
}
