import { describe, expect, it } from '@jest/globals';
import { functionSchemaFault } from '../../../sandbox/schema-check.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { repairParameters } from './repair-parameters.js';
import type { SchemaRule } from './schema-rule.js';

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });
const of = (schema: unknown, strict = false): JsonObject => repairParameters(schema, strict).parameters;
/** What becomes of the schema of a property. */
const inner = (schema: unknown): unknown => (of(object({ p: schema })).properties as JsonObject).p;
const STRING = { type: 'string' };
const NUMBER = { type: 'number' };

/** Places of a schema, by name or in a list. */
const NAMED: readonly ((schema: unknown) => JsonObject)[] = [
  (schema) => object({ a: schema }),
  (schema) => object({ a: { anyOf: [STRING, schema] } }),
  (schema) => object({ a: { oneOf: [schema] } }),
  (schema) => object({ a: { allOf: [schema] } }),
  (schema) => object({ items: object({ type: schema }) }),
  (schema) => object({}, { $defs: { a: schema } }),
  (schema) => object({}, { definitions: { a: schema } }),
  (schema) => object({}, { patternProperties: { a: schema } }),
];
/** Places where null or a list means something else. */
const BEHIND_KEYWORDS: readonly ((schema: unknown) => JsonObject)[] = [
  (schema) => object({ a: { type: 'array', items: schema } }),
  (schema) => object({ a: { not: schema } }),
  (schema) => object({ a: { if: schema, then: schema, else: schema } }),
];

describe('a tool’s schema', () => {
  it.each<[string, unknown]>([
    ['nothing wrong', object({ a: { type: 'array', items: STRING } }, { required: ['a'], additionalProperties: false })],
    [
      'choices below its root',
      object({ a: { anyOf: [STRING, { type: 'null' }] }, b: { allOf: [{ $ref: '#/$defs/x' }] } }, { $defs: { x: STRING } }),
    ],
    [
      'properties called like keywords',
      object({ type: STRING, items: NUMBER, enum: STRING, required: STRING, properties: object({ $ref: STRING }) }),
    ],
    [
      'properties called like members of every object',
      JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{}}}'),
    ],
    [
      'values that look like faulty schemas',
      object({ a: { default: { type: 'array', x: null }, const: null, enum: [null, { items: [] }], examples: [{ type: 'array' }] } }),
    ],
    ['null as a default', object({ a: { type: ['string', 'null'], default: null } })],
    ['additional properties instead of named ones', object({ a: { type: 'object', additionalProperties: true } })],
    ['an object that is described elsewhere', object({ a: { type: 'object', $ref: '#/$defs/x' } }, { $defs: { x: object({}) } })],
    ['keywords nobody knows', object({ a: { ...STRING, 'x-order': [true, false], 'x-null': { a: null } } })],
  ])('stays the same object with %s', (_name, schema) => {
    expect(repairParameters(schema, false)).toEqual({ parameters: schema, note: null, rules: [] });
    expect(of(schema)).toBe(schema);
  });

  it.each<[SchemaRule, unknown, unknown]>([
    ['missing_parameters', undefined, object({})],
    ['missing_parameters', null, object({})],
    ['missing_parameters', [], object({})],
    ['missing_parameters', true, object({})],
    ['missing_type', { properties: {} }, object({})],
    ['missing_type', object({}, { type: ['object', 'null'] }), object({})],
    ['missing_type', object({}, { type: 'string' }), object({})],
    ['missing_properties', { type: 'object' }, object({})],
    ['missing_properties', { type: 'object', additionalProperties: true }, object({}, { additionalProperties: true })],
    ['missing_properties', { type: 'object', properties: [] }, object({})],
    ['root_meta', object({}, { $schema: 'x', $id: 'y' }), object({})],
    ['root_combinator', object({ a: STRING }, { not: { required: ['b'] } }), object({ a: STRING })],
    ['null_keyword', object({}, { required: null, title: null }), object({})],
    ['duplicate_required', object({ a: STRING }, { required: ['a', 'a'] }), object({ a: STRING }, { required: ['a'] })],
  ])('has its root mended: %s (%j)', (rule, schema, expected) => {
    const repaired = repairParameters(schema, false);
    expect(repaired.parameters).toEqual(expected);
    expect(repaired.rules).toEqual([rule]);
  });

  it.each<[SchemaRule, unknown, unknown]>([
    ['missing_properties', { type: 'object' }, { type: 'object', properties: {} }],
    ['missing_items', { type: 'array' }, { type: 'array', items: {} }],
    ['missing_items', { type: ['array', 'null'] }, { type: ['array', 'null'], items: {} }],
    ['null_keyword', { type: null, description: null, enum: null, items: null, default: null }, { default: null }],
    ['null_keyword', { ...STRING, 'x-order': null }, STRING],
    ['empty_enum', { ...STRING, enum: [] }, STRING],
    ['empty_combinator', { ...STRING, anyOf: [] }, STRING],
    ['duplicate_required', { required: ['b', 'a', 'b'] }, { required: ['b', 'a'] }],
    ['tuple', { type: 'array', items: [STRING, NUMBER] }, { type: 'array', items: { anyOf: [STRING, NUMBER] } }],
    ['tuple', { type: 'array', items: [STRING], additionalItems: false }, { type: 'array', items: STRING }],
    ['tuple', { type: 'array', items: [STRING], additionalItems: NUMBER }, { type: 'array', items: { anyOf: [STRING, NUMBER] } }],
    ['tuple', { type: 'array', items: [] }, { type: 'array', items: {} }],
    ['tuple', { type: 'array', prefixItems: [STRING, NUMBER] }, { type: 'array', items: { anyOf: [STRING, NUMBER] } }],
    ['tuple', { prefixItems: [STRING], minItems: 1 }, { items: STRING, minItems: 1 }],
    ['boolean_schema', true, {}],
    ['boolean_schema', false, { not: {} }],
    ['boolean_schema', { anyOf: [true, STRING] }, { anyOf: [{}, STRING] }],
    ['boolean_schema', { type: 'array', items: true }, { type: 'array', items: {} }],
    ['not_a_schema', 'string', {}],
    ['not_a_schema', null, {}],
    ['not_a_schema', [], {}],
  ])('is mended at every depth: %s (%j)', (rule, schema, expected) => {
    for (const wrap of rule === 'not_a_schema' ? NAMED : [...NAMED, ...BEHIND_KEYWORDS]) {
      const repaired = repairParameters(wrap(schema), false);
      expect(repaired.parameters).toEqual(wrap(expected));
      expect(repaired.rules).toEqual([rule]);
    }
  });

  it('has places of tuples with other faults mended too', () => {
    expect(inner({ prefixItems: [{ type: 'array' }, true], items: { type: 'array' } })).toEqual({
      items: { anyOf: [{ type: 'array', items: {} }, {}, { type: 'array', items: {} }] },
    });
    expect(inner({ prefixItems: [STRING, NUMBER], items: false })).toEqual({ items: { anyOf: [STRING, NUMBER] } });
  });

  it('keeps the order of its keys, and the caller’s object as it was', () => {
    const schema = { description: 'd', required: null, properties: { b: { type: 'array' }, a: STRING }, title: 't', type: 'object' };
    const before = structuredClone(schema);
    expect(JSON.stringify(of(schema))).toBe(
      '{"description":"d","properties":{"b":{"type":"array","items":{}},"a":{"type":"string"}},"title":"t","type":"object"}',
    );
    expect(schema).toEqual(before);
  });

  it('keeps a property called __proto__ when another is mended', () => {
    const repaired = of(JSON.parse('{"type":"object","properties":{"__proto__":{"type":"array"},"b":true}}'));
    expect(JSON.stringify(repaired)).toBe('{"type":"object","properties":{"__proto__":{"type":"array","items":{}},"b":{}}}');
  });

  it('follows references into what has moved', () => {
    const tuple = { type: 'array', items: [STRING, { $ref: '#/properties/p/items/0' }] };
    expect(inner(tuple)).toEqual({ type: 'array', items: { anyOf: [STRING, { $ref: '#/properties/p/items/anyOf/0' }] } });
    const one = object({ p: { prefixItems: [STRING] }, q: { $ref: '#/properties/p/prefixItems/0' } });
    expect(of(one)).toEqual(object({ p: { items: STRING }, q: { $ref: '#/properties/p/items' } }));
  });

  it('loses references to what is gone, and keeps those to other documents', () => {
    const schema = {
      oneOf: [object({ a: STRING }), object({ b: { $ref: '#/oneOf/0/properties/a' }, c: { $ref: 'other.json#/x' }, d: { $ref: '#/%zz' } })],
    };
    const repaired = repairParameters(schema, false);
    expect(repaired.parameters.properties).toEqual({ a: STRING, b: {}, c: { $ref: 'other.json#/x' }, d: {} });
    expect(repaired.rules).toContain('lost_reference');
  });

  it('takes anything below 64 schemas, however deep it goes', () => {
    const deep = (levels: number): unknown =>
      JSON.parse('{"type":"array","items":'.repeat(levels) + '{"type":"array"}' + '}'.repeat(levels));
    expect(repairParameters(object({ a: deep(60) }), false).rules).toEqual(['missing_items']);
    const repaired = repairParameters(object({ a: deep(100_000) }), false);
    expect(repaired.rules).toEqual(['too_deep']);
    expect(JSON.stringify(repaired.parameters).match(/items/g)).toHaveLength(64);
    expect(of(repaired.parameters)).toBe(repaired.parameters);
    expect(repairParameters(object({ a: deep(100_000) }), true).rules).toEqual([]);
    expect(repairParameters(deep(100_000), false).rules).toContain('too_deep');
  });
});

describe('a root that chooses between schemas', () => {
  const create = object({ kind: { const: 'create' }, path: STRING }, { required: ['kind', 'path'] });
  const remove = object({ kind: { const: 'remove' }, path: STRING, force: { type: 'boolean' } }, { required: ['kind', 'path', 'force'] });

  it.each<[string, JsonObject, JsonObject, string | null]>([
    [
      'alternatives become one object with what all of them ask for',
      { oneOf: [create, remove], description: 'd' },
      object(
        { kind: { anyOf: [{ const: 'create' }, { const: 'remove' }] }, path: STRING, force: { type: 'boolean' } },
        { description: 'd', required: ['kind', 'path'] },
      ),
      'Give the arguments of one of these groups (? marks an optional one): (kind: "create", path) or (kind: "remove", path, force).',
    ],
    [
      'all of several are one object with what each asks for',
      { allOf: [object({ a: STRING }, { required: ['a'] }), object({ b: NUMBER }, { required: ['b'] })] },
      object({ a: STRING, b: NUMBER }, { required: ['a', 'b'] }),
      null,
    ],
    [
      'its own properties stay as they are',
      object({ a: STRING, b: STRING }, { required: ['a'], anyOf: [object({ a: { const: 'x' } }), { required: ['b'] }] }),
      object({ a: STRING, b: STRING }, { required: ['a'] }),
      'Give the arguments of one of these groups (? marks an optional one): (a?: "x") or (b).',
    ],
    [
      'groups of required properties',
      object({ a: STRING, b: STRING }, { anyOf: [{ required: ['a'] }, { required: ['b'] }, {}] }),
      object({ a: STRING, b: STRING }),
      'Give the arguments of one of these groups (? marks an optional one): (a) or (b) or (none of these).',
    ],
    ['what no object can be', { anyOf: [create, { type: 'null' }, false, STRING] }, create, null],
    [
      'a reference to a definition',
      { $ref: '#/$defs/Args', $defs: { Args: object({ a: STRING }, { required: ['a'], additionalProperties: false, description: 'd' }) } },
      object(
        { a: STRING },
        {
          required: ['a'],
          additionalProperties: false,
          description: 'd',
          $defs: { Args: object({ a: STRING }, { required: ['a'], additionalProperties: false, description: 'd' }) },
        },
      ),
      null,
    ],
    ['a reference to itself', object({ a: STRING }, { $ref: '#' }), object({ a: STRING }), null],
    ['a reference to nowhere', object({ a: STRING }, { $ref: '#/$defs/gone' }), object({ a: STRING }), null],
    [
      'choices in choices',
      { allOf: [{ anyOf: [create, { oneOf: [remove, object({ x: STRING })] }] }] },
      object({
        kind: { anyOf: [{ const: 'create' }, { const: 'remove' }] },
        path: STRING,
        force: { type: 'boolean' },
        x: STRING,
      }),
      'Give the arguments of one of these groups (? marks an optional one): (kind: "create", path) or (kind?: "remove", path?, force?, x?).',
    ],
    [
      'values and what it must not be',
      object({ a: STRING }, { enum: [{ a: 'x' }], not: { required: ['b'] } }),
      object({ a: STRING }),
      'The arguments must not match the JSON schema {"required":["b"]}. The arguments must be one of [{"a":"x"}].',
    ],
    [
      'an alternative that is wrong itself',
      { anyOf: [{ properties: { a: { type: 'array' } } }] },
      object({ a: { type: 'array', items: {} } }),
      null,
    ],
  ])('%s', (_name, schema, parameters, note) => {
    const repaired = repairParameters(schema, false);
    expect(repaired.parameters).toEqual(parameters);
    expect(repaired.note).toBe(note);
    expect(repaired.rules).toContain('root_combinator');
    expect(functionSchemaFault(repaired.parameters, false)).toBeNull();
  });

  it('is read in bounded time, whatever refers to what', () => {
    const properties = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}`, STRING]));
    const $defs: JsonObject = { big: object(properties) };
    for (let i = 0; i < 2000; i++)
      $defs[`d${i}`] = {
        anyOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: '#/$defs/d0' }, { $ref: '#/$defs/big' }, object({ [`x${i}`]: STRING })],
      };
    const start = performance.now();
    const repaired = repairParameters({ $defs, anyOf: Object.keys($defs).map((name) => ({ $ref: `#/$defs/${name}` })) }, false);
    expect(functionSchemaFault(repaired.parameters, false)).toBeNull();
    expect(repaired.note!.length).toBeLessThan(20_000);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('a strict schema', () => {
  it('loses nulls and meta keywords only', () => {
    const schema = {
      $schema: 'x',
      type: 'object',
      properties: { a: { type: 'array', description: null }, b: true, c: { items: [STRING, { title: null }] } },
      anyOf: [{ required: ['a', 'a'], enum: [] }],
    };
    expect(repairParameters(schema, true)).toEqual({
      parameters: {
        type: 'object',
        properties: { a: { type: 'array' }, b: true, c: { items: [STRING, {}] } },
        anyOf: [{ required: ['a', 'a'], enum: [] }],
      },
      note: null,
      rules: ['null_keyword', 'root_meta'],
    });
  });

  it('takes no arguments where there is none', () => {
    const { parameters, rules } = repairParameters(null, true);
    expect(rules).toEqual(['missing_parameters']);
    expect(functionSchemaFault(parameters, true)).toBeNull();
  });
});
