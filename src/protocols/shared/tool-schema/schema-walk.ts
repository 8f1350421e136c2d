import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import { NULL_IS_A_VALUE, SCHEMA_POSITIONS, type SchemaPosition } from './schema-keywords.js';
import { movedReference } from './schema-reference.js';
import type { SchemaRule } from './schema-rule.js';
import { isTuple, withoutTuple } from './tuple.js';

/** Schemas inside schemas; nobody writes more, and a hostile one must not reach the end of the stack. */
const MAX_DEPTH = 64;
const CHOICES = ['enum', 'anyOf', 'oneOf', 'allOf'];
/** An object with one of these says what is in it. */
const SHAPES = ['additionalProperties', '$ref', 'anyOf', 'oneOf', 'allOf'];

/**
 * Repairs what can be wrong with a schema at any depth. Nothing is changed in place: what needs no repair is the same object, what
 * does is a copy with its keys in the same order. Values (`default`, `const`, `enum`, `examples`) are not looked into.
 */
export class SchemaWalk {
  /**
   * `strict`: only nulls are removed. `moved`: the whole schema after a repair that moved parts of it; references are followed there.
   */
  constructor(
    private readonly rules: Set<SchemaRule>,
    private readonly strict: boolean,
    private readonly moved: JsonObject | null = null,
  ) {}

  /** One schema object. `depth`: how many schemas are around it. */
  node(schema: JsonObject, depth = 0): JsonObject {
    let result = schema;
    let shaped = this.moved !== null;
    for (const key in schema) {
      const value = schema[key];
      if (typeof value === 'string') {
        // Most keywords of most schemas: `description`, and the type of a leaf.
        if (key === 'description' || key === '$ref') continue;
        if (key === 'type') {
          if (value === 'object' || value === 'array') shaped = true;
          continue;
        }
      }
      if (value === null) {
        if (NULL_IS_A_VALUE.has(key)) continue;
        this.rules.add('null_keyword');
        if (result === schema) result = { ...schema };
        delete result[key];
        continue;
      }
      const position = SCHEMA_POSITIONS.get(key);
      if (position === undefined) continue;
      shaped = true;
      if (position === 'shape') continue;
      const repaired = this.#part(position, value, isPlace(key, schema) ? depth + 2 : depth + 1);
      if (repaired === value) continue;
      if (result === schema) result = { ...schema };
      result[key] = repaired;
    }
    return shaped && !this.strict ? this.#shape(result) : result;
  }

  #part(position: Exclude<SchemaPosition, 'shape'>, value: unknown, depth: number): unknown {
    switch (position) {
      case 'map':
        return isObject(value) ? this.#map(value, depth) : value;
      case 'list':
        return Array.isArray(value) ? this.#list(value, depth) : value;
      case 'items':
        return Array.isArray(value) ? this.#list(value, depth) : this.#schema(value, depth);
      case 'schema-or-boolean':
        return isObject(value) ? this.#schema(value, depth) : value;
      case 'schema':
        return this.#schema(value, depth);
    }
  }

  #map(map: JsonObject, depth: number): JsonObject {
    let result = map;
    for (const name in map) {
      const repaired = this.#schema(map[name], depth);
      if (repaired === map[name]) continue;
      if (result === map) result = { ...map };
      result[name] = repaired;
    }
    return result;
  }

  #list(list: readonly unknown[], depth: number): readonly unknown[] {
    let result: unknown[] | null = null;
    for (let i = 0; i < list.length; i++) {
      const repaired = this.#schema(list[i], depth);
      if (repaired !== list[i]) (result ??= [...list])[i] = repaired;
    }
    return result ?? list;
  }

  /** What stands where a schema should. */
  #schema(value: unknown, depth: number): unknown {
    if (isObject(value)) return depth > MAX_DEPTH ? this.#cut(value) : this.node(value, depth);
    if (this.strict) return value;
    if (typeof value !== 'boolean') {
      this.rules.add('not_a_schema');
      return {};
    }
    this.rules.add('boolean_schema');
    return value ? {} : { not: {} };
  }

  #cut(schema: JsonObject): JsonObject {
    if (this.strict || Object.keys(schema).length === 0) return schema;
    this.rules.add('too_deep');
    return {};
  }

  #shape(schema: JsonObject): JsonObject {
    let result = this.moved ? this.#reference(schema, this.moved) : schema;
    if (isTuple(result)) result = this.#changed('tuple', withoutTuple(result));
    result = this.#lists(result);
    const { type } = result;
    if (isType(type, 'array') && !isObject(result.items)) result = this.#changed('missing_items', { ...result, items: {} });
    const { properties } = result;
    if (properties === undefined ? type === 'object' && !SHAPES.some((key) => key in result) : !isObject(properties)) {
      result = this.#changed('missing_properties', { ...result, properties: {} });
    }
    return result;
  }

  /** `enum`, `required` and the combinators: lists that must say something. */
  #lists(schema: JsonObject): JsonObject {
    let result = schema;
    for (const key of CHOICES) {
      const list = result[key];
      if (!Array.isArray(list) || list.length > 0) continue;
      const { [key]: _empty, ...others } = result;
      result = this.#changed(key === 'enum' ? 'empty_enum' : 'empty_combinator', others);
    }
    const { required } = result;
    if (!Array.isArray(required) || required.length < 2) return result;
    const names = new Set<unknown>(required);
    return names.size === required.length ? result : this.#changed('duplicate_required', { ...result, required: [...names] });
  }

  #reference(schema: JsonObject, root: JsonObject): JsonObject {
    const { $ref: reference, ...others } = schema;
    if (typeof reference !== 'string') return schema;
    const moved = movedReference(root, reference);
    if (moved === reference) return schema;
    return moved === null ? this.#changed('lost_reference', others) : { ...schema, $ref: moved };
  }

  #changed(rule: SchemaRule, schema: JsonObject): JsonObject {
    this.rules.add(rule);
    return schema;
  }
}

const isType = (type: unknown, name: string): boolean => type === name || (Array.isArray(type) && type.includes(name));

/** Members of a tuple end up one schema deeper. */
const isPlace = (key: string, schema: JsonObject): boolean =>
  (key === 'items' || key === 'prefixItems' || key === 'additionalItems') && isTuple(schema);
