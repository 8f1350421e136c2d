import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import { rootNote } from './root-note.js';
import { oneOfThem, RootReader } from './root-shape.js';
import { REFUSED_AT_ROOT } from './schema-keywords.js';
import type { SchemaRule } from './schema-rule.js';
import { SchemaWalk } from './schema-walk.js';

export interface RepairedSchema {
  /** The caller's object where nothing was wrong. */
  readonly parameters: JsonObject;
  /** Sentences for the tool's description: what the schema can no longer say. */
  readonly note: string | null;
  /** What was repaired, each rule once; empty: nothing. */
  readonly rules: readonly SchemaRule[];
}

/** Rules after which references may lead to places that are no longer there. */
const MOVING: readonly SchemaRule[] = ['tuple', 'root_combinator', 'too_deep'];
const NO_RULES: readonly SchemaRule[] = [];

/** Parameters that nobody gave: none. Strict mode wants it said that there are no others. */
const noParameters = (strict: boolean): JsonObject =>
  strict ? { type: 'object', properties: {}, required: [], additionalProperties: false } : { type: 'object', properties: {} };

function withoutMeta(schema: JsonObject, rules: Set<SchemaRule>): JsonObject {
  if (!('$schema' in schema) && !('$id' in schema)) return schema;
  rules.add('root_meta');
  const others = { ...schema };
  delete others.$schema;
  delete others.$id;
  return others;
}

/** One object instead of a choice between several, or of a reference to one. */
function merged(root: JsonObject): { schema: JsonObject; note: string | null } {
  const reader = new RootReader(root);
  const { properties, required, rest } = reader.read();
  const schema: JsonObject = { ...root };
  for (const key of REFUSED_AT_ROOT) delete schema[key];
  schema.properties = Object.fromEntries([...properties].map(([name, schemas]) => [name, oneOfThem(schemas)]));
  if (required.size > 0) schema.required = [...required];
  return { schema: { ...schema, ...pick(rest, schema) }, note: rootNote(root, reader.alternatives) };
}

/** Members that the other object lacks. */
const pick = (object: JsonObject, other: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !Object.hasOwn(other, key)));

/** The root must be an object that names its properties. */
function asObject(schema: JsonObject, rules: Set<SchemaRule>): JsonObject {
  let result = schema;
  if (result.type !== 'object') {
    rules.add('missing_type');
    result = { ...result, type: 'object' };
  }
  if (!isObject(result.properties)) {
    rules.add('missing_properties');
    result = { ...result, properties: {} };
  }
  return result;
}

/**
 * A tool's parameters as the backend takes them, at every depth (docs/protocols/tool-schemas.md). Pure: the caller's object is never
 * changed, and is the answer where nothing is wrong; keys keep their order; a repaired schema needs no further repair.
 * `strict`: only nulls and `$schema`, `$id` go, since any other change would alter what the caller has been promised; what
 * strict mode refuses is then the caller's 400. Schemas more than 64 deep take anything below that.
 */
export function repairParameters(schema: unknown, strict: boolean): RepairedSchema {
  if (!isObject(schema)) return { parameters: noParameters(strict), note: null, rules: ['missing_parameters'] };
  const rules = new Set<SchemaRule>();
  let parameters = new SchemaWalk(rules, strict).node(schema);
  let note: string | null = null;
  if (!strict) {
    if (REFUSED_AT_ROOT.some((key) => key in parameters)) {
      rules.add('root_combinator');
      ({ schema: parameters, note } = merged(parameters));
    }
    parameters = asObject(parameters, rules);
  }
  parameters = withoutMeta(parameters, rules);
  if (MOVING.some((rule) => rules.has(rule))) parameters = new SchemaWalk(rules, strict, parameters).node(parameters);
  return { parameters, note, rules: rules.size === 0 ? NO_RULES : [...rules] };
}
