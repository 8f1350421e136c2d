import { stringifyJson } from '../../../common/stringify-json.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import { isFalse } from './schema-keywords.js';
import { resolveReference } from './schema-reference.js';

/** What is read at most; a hostile schema has alternatives of alternatives of references to each other. */
const MAX_SCHEMAS = 256;
const MAX_PROPERTIES = 20_000;

/** What schemas of one object say of it together, as far as it can be said without a choice between them. */
export interface RootShape {
  /** By name, the schemas of which each alternative takes one. */
  readonly properties: ReadonlyMap<string, ReadonlySet<unknown>>;
  readonly required: ReadonlySet<unknown>;
  /** Other keywords. */
  readonly rest: JsonObject;
}

const NOTHING: RootShape = { properties: new Map(), required: new Set(), rest: {} };

/** Whether an object can satisfy it: a function's arguments are one. */
const takesObjects = (schema: JsonObject): boolean => {
  const { type } = schema;
  return !isFalse(schema) && (!('type' in schema) || type === 'object' || (Array.isArray(type) && type.includes('object')));
};

const listed = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** What satisfies all of them. Of several schemas for one property the first is kept: less is said then, and nothing is wrong. */
function together(shapes: readonly RootShape[]): RootShape {
  const properties = new Map<string, ReadonlySet<unknown>>();
  let rest: JsonObject = {};
  for (const shape of shapes) {
    for (const [name, schemas] of shape.properties) if (!properties.has(name)) properties.set(name, schemas);
    rest = { ...rest, ...shape.rest, ...rest };
  }
  return { properties, required: new Set(shapes.flatMap(({ required }) => [...required])), rest };
}

/** What satisfies one of them at least: only what all of them ask for is asked for. */
function either(shapes: readonly RootShape[]): RootShape {
  if (shapes.length === 1) return shapes[0]!;
  const properties = new Map<string, Set<unknown>>();
  for (const shape of shapes) {
    for (const [name, schemas] of shape.properties) {
      const known = properties.get(name);
      if (known) for (const schema of schemas) known.add(schema);
      else properties.set(name, new Set(schemas));
    }
  }
  const [first, ...others] = shapes as [RootShape, ...RootShape[]];
  const required = new Set([...first.required].filter((name) => others.every((shape) => shape.required.has(name))));
  return { properties, required, rest: {} };
}

/** Reads a schema's root with everything that it chooses between or refers to. Its parts are repaired already. */
export class RootReader {
  /** Groups of alternatives, of which the merged object no longer says that one must be chosen. */
  readonly alternatives: (readonly RootShape[])[] = [];
  readonly #shapes = new Map<JsonObject, RootShape>();
  #properties = 0;
  #choices = 0;

  constructor(private readonly root: JsonObject) {}

  read(schema: JsonObject = this.root): RootShape {
    const known = this.#shapes.get(schema);
    if (known) return known;
    if (this.#shapes.size >= MAX_SCHEMAS || this.#properties > MAX_PROPERTIES) return NOTHING;
    // Stands there while it is read: what refers to itself adds nothing to itself.
    this.#shapes.set(schema, NOTHING);
    const shape = this.#read(schema);
    this.#shapes.set(schema, shape);
    this.#properties += shape.properties.size;
    return shape;
  }

  #read(schema: JsonObject): RootShape {
    const { properties, required, $ref: reference, anyOf, oneOf, allOf, not: _not, enum: _enum, ...rest } = schema;
    const target = typeof reference === 'string' ? resolveReference(this.root, reference) : undefined;
    const shapes: RootShape[] = [
      {
        properties: new Map(isObject(properties) ? Object.entries(properties).map(([name, own]) => [name, new Set([own])]) : []),
        required: new Set(Array.isArray(required) ? (required as unknown[]) : []),
        rest,
      },
    ];
    if (isObject(target)) shapes.push(this.read(target));
    for (const member of listed(allOf)) shapes.push(this.read(member));
    for (const alternatives of [anyOf, oneOf]) {
      const members = listed(alternatives).filter(takesObjects);
      if (members.length > 0) shapes.push(this.#choice(members));
    }
    return shapes.length === 1 ? shapes[0]! : together(shapes);
  }

  #choice(members: readonly JsonObject[]): RootShape {
    this.#choices++;
    const shapes = members.map((member) => this.read(member));
    this.#choices--;
    if (shapes.length > 1 && this.#choices === 0) this.alternatives.push(shapes);
    return either(shapes);
  }
}

/** The schemas of a property as one. */
export function oneOfThem(schemas: ReadonlySet<unknown>): unknown {
  if (schemas.size === 1) return [...schemas][0];
  const distinct = [...new Map([...schemas].map((schema) => [stringifyJson(schema), schema])).values()];
  return distinct.length === 1 ? distinct[0] : { anyOf: distinct };
}
