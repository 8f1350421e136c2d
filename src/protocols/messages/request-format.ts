import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { isObject } from '../shared/json-body.js';
import { objectIn, refused, requiredObject, requiredString } from './request-readers.js';
import { readEffort } from './request-thinking.js';

/** Keywords that the strict mode of the backend does not know. */
const LENIENT_ONLY = ['allOf', 'oneOf', 'not', 'if', 'patternProperties', 'dependentRequired', 'dependentSchemas'];
const LISTS = ['anyOf', 'prefixItems'];
const MAPS = ['properties', '$defs', 'definitions'];

const isObjectSchema = (schema: JsonObject): boolean =>
  schema.type === 'object' || (Array.isArray(schema.type) && schema.type.includes('object')) || isObject(schema.properties);

function isClosed(schema: JsonObject): boolean {
  if (LENIENT_ONLY.some((keyword) => keyword in schema)) return false;
  if (!isObjectSchema(schema)) return true;
  const wanted = Array.isArray(schema.required) ? new Set<unknown>(schema.required) : new Set();
  const names = isObject(schema.properties) ? Object.keys(schema.properties) : [];
  return schema.additionalProperties === false && names.every((name) => wanted.has(name));
}

function* subSchemas(node: JsonObject): Generator<unknown> {
  for (const keyword of LISTS) if (Array.isArray(node[keyword])) yield* node[keyword] as unknown[];
  for (const keyword of MAPS) if (isObject(node[keyword])) yield* Object.values(node[keyword]);
}

/**
 * Whether the backend's strict mode takes the schema: every object closed, every property required. A list of what is still to be seen,
 * not a recursion: a client decides how deep its schema is.
 */
export function isStrictSchema(schema: JsonObject): boolean {
  const left: unknown[] = [schema];
  while (left.length > 0) {
    const node = left.pop();
    if (!isObject(node)) continue;
    if (!isClosed(node)) return false;
    left.push(node.items);
    for (const schema of subSchemas(node)) left.push(schema);
  }
  return true;
}

function formatAt(given: unknown, path: string): JsonObject | undefined {
  const format = objectIn(given, path);
  if (!format) return undefined;
  const type = requiredString(format.type, `${path}.type`);
  if (type !== 'json_schema') throw refused(`${path}.type`, "Input should be 'json_schema'");
  return requiredObject(format.schema, `${path}.schema`);
}

/** The schema that the answer has to fit, from either of its places. */
function readSchema(config: JsonObject, body: JsonObject): JsonObject | undefined {
  const current = formatAt(config.format, 'output_config.format');
  const older = formatAt(body.output_format, 'output_format');
  if (current && older && !isDeepStrictEqual(current, older)) {
    throw refused('output_format', 'differs from output_config.format; send one of them');
  }
  return current ?? older;
}

export interface OutputConfig {
  readonly effort: string | undefined;
  /** `text` of the backend. */
  readonly text: JsonObject | undefined;
}

export function readOutputConfig(body: JsonObject, ignored: IgnoredFields): OutputConfig {
  const config = objectIn(body.output_config, 'output_config') ?? {};
  for (const name in config) if (name !== 'effort' && name !== 'format' && config[name] != null) ignored.add(`output_config.${name}`);
  const schema = readSchema(config, body);
  return {
    effort: readEffort(config.effort, 'output_config.effort'),
    text: schema && { format: { type: 'json_schema', name: 'structured_output', schema, strict: isStrictSchema(schema) } },
  };
}
