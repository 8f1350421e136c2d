import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { functionSchemaFault } from '../../../sandbox/schema-check.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import { repairParameters } from './repair-parameters.js';

const name = fc.constantFrom('a', 'b', 'type', 'items', 'enum', 'properties', 'required', '__proto__', 'constructor');
const type = fc.constantFrom<unknown>('object', 'array', 'string', null, ['array', 'null'], ['object'], 'null');
const value = fc.constantFrom<unknown>(null, { type: 'array', x: null }, [null, { items: [] }], 'v', 1);
const reference = fc.constantFrom(
  '#',
  '#/$defs/a',
  '#/$defs/b',
  '#/properties/a/items/0',
  '#/anyOf/0',
  '#/%',
  'x.json',
  '#/definitions/a/items/1',
);

const keyed = (key: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<[string, unknown]> => values.map((own) => [key, own]);

/** Schemas with every kind of fault, and things that are none. */
const { schema } = fc.letrec<{ schema: unknown; object: JsonObject; any: unknown; map: unknown; list: unknown }>((tie) => ({
  any: fc.oneof({ maxDepth: 4, depthSize: 'small' }, fc.constantFrom<unknown>(true, false, null, 'string', 7, {}), tie('object')),
  map: fc.oneof(
    { weight: 4, arbitrary: fc.dictionary(name, tie('any'), { maxKeys: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(null, [], 'x') },
  ),
  list: fc.oneof(
    { weight: 4, arbitrary: fc.array(tie('any'), { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(null, {}) },
  ),
  object: fc
    .array(
      fc.oneof(
        keyed('type', type),
        keyed('required', fc.oneof(fc.array(name, { maxLength: 3 }), fc.constant(null))),
        keyed('items', fc.oneof(tie('any'), tie('list'))),
        keyed('$ref', reference),
        keyed('enum', fc.oneof(fc.array(value, { maxLength: 2 }), fc.constant(null))),
        ...['properties', '$defs', 'definitions', 'patternProperties'].map((key) => keyed(key, tie('map'))),
        ...['prefixItems', 'anyOf', 'oneOf', 'allOf'].map((key) => keyed(key, tie('list'))),
        ...['additionalItems', 'additionalProperties', 'not', 'if'].map((key) => keyed(key, tie('any'))),
        ...['default', 'const', 'examples', '$schema', '$id', 'description'].map((key) => keyed(key, value)),
      ),
      { maxLength: 5 },
    )
    .map((entries): JsonObject => Object.fromEntries(entries)),
  schema: fc.oneof(
    { weight: 12, arbitrary: tie('object') },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, [], 'x', true) },
  ),
}));

const MAPS = ['properties', 'patternProperties', '$defs', 'definitions'];
const LISTS = ['anyOf', 'oneOf', 'allOf'];
const isArrayType = ({ type: own }: JsonObject): boolean => own === 'array' || (Array.isArray(own) && own.includes('array'));

/** What the backend would find wrong in a schema and everything below. Written apart from the repair. */
function faults(schema: unknown, at = '#'): string[] {
  if (!isObject(schema)) return [`${at} is no schema`];
  const found: string[] = [];
  for (const [key, own] of Object.entries(schema))
    if (own === null && key !== 'default' && key !== 'const') found.push(`${at}/${key} is null`);
  if (isArrayType(schema) && !isObject(schema.items)) found.push(`${at} has no items`);
  if ('prefixItems' in schema || Array.isArray(schema.items)) found.push(`${at} is a tuple`);
  if (Array.isArray(schema.required) && new Set(schema.required).size < schema.required.length)
    found.push(`${at} requires something twice`);
  for (const key of ['enum', ...LISTS]) if (Array.isArray(schema[key]) && schema[key].length === 0) found.push(`${at}/${key} is empty`);
  for (const key of MAPS) {
    if (isObject(schema[key]))
      for (const [step, child] of Object.entries(schema[key])) found.push(...faults(child, `${at}/${key}/${step}`));
  }
  for (const key of LISTS)
    if (Array.isArray(schema[key])) schema[key].forEach((child, i) => found.push(...faults(child, `${at}/${key}/${i}`)));
  for (const key of ['items', 'not', 'if']) if (key in schema) found.push(...faults(schema[key], `${at}/${key}`));
  if (isObject(schema.additionalProperties)) found.push(...faults(schema.additionalProperties, `${at}/additionalProperties`));
  return found;
}

const check = (property: (given: unknown, strict: boolean) => void): void =>
  fc.assert(fc.property(schema, fc.boolean(), property), { numRuns: 1000 });

describe('repairing any schema', () => {
  it('makes one that the backend takes', () => {
    check((given) => {
      const { parameters } = repairParameters(given, false);
      expect(functionSchemaFault(parameters, false)).toBeNull();
      expect(faults(parameters)).toEqual([]);
      expect([parameters.type, isObject(parameters.properties)]).toEqual(['object', true]);
      for (const key of ['$schema', '$id', '$ref', 'anyOf', 'oneOf', 'allOf', 'not', 'enum']) expect(parameters).not.toHaveProperty([key]);
    });
  });

  it('is done after once', () => {
    check((given, strict) => {
      const { parameters } = repairParameters(given, strict);
      const again = repairParameters(parameters, strict);
      expect([again.parameters === parameters, again.note, again.rules]).toEqual([true, null, []]);
    });
  });

  it('changes nothing in place, says so where it changed nothing, and always does the same', () => {
    check((given, strict) => {
      const before = structuredClone(given);
      const repaired = repairParameters(given, strict);
      expect(given).toEqual(before);
      expect(repaired.rules.length === 0).toBe(repaired.parameters === given);
      expect(JSON.stringify(repairParameters(before, strict))).toBe(JSON.stringify(repaired));
    });
  });

  it('takes from strict schemas nothing but nulls and meta keywords', () => {
    check((given) => {
      const { rules } = repairParameters(given, true);
      expect(rules.filter((rule) => !['missing_parameters', 'null_keyword', 'root_meta'].includes(rule))).toEqual([]);
    });
  });
});
