import { stringifyJson } from '../../../common/stringify-json.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import type { RootShape } from './root-shape.js';

const MAX_GROUPS = 16;
const MAX_NAMES = 24;
const MAX_QUOTED_LENGTH = 400;

/** A property with what tells one alternative from another: its one value, where it has one. */
function named(name: string, { properties, required }: RootShape): string {
  const schemas = [...(properties.get(name) ?? [])];
  const [schema] = schemas;
  const values = isObject(schema) && schemas.length === 1 ? ('const' in schema ? [schema.const] : schema.enum) : null;
  const value = Array.isArray(values) && values.length === 1 && typeof values[0] !== 'object' ? `: ${stringifyJson(values[0])}` : '';
  return `${name}${required.has(name) ? '' : '?'}${value}`.slice(0, MAX_QUOTED_LENGTH);
}

function group(shape: RootShape): string {
  const names = new Set([...shape.required].filter((name) => typeof name === 'string').concat(...shape.properties.keys()));
  return (
    [...names]
      .slice(0, MAX_NAMES)
      .map((name) => named(name, shape))
      .join(', ') || 'none of these'
  );
}

function alternativesNote(shapes: readonly RootShape[]): string[] {
  const groups = [...new Set(shapes.slice(0, MAX_GROUPS).map(group))];
  if (groups.length < 2) return [];
  return [`Give the arguments of one of these groups (? marks an optional one): ${groups.map((names) => `(${names})`).join(' or ')}.`];
}

function quoted(intro: string, value: unknown): string[] {
  if (value === undefined) return [];
  const text = stringifyJson(value);
  return text.length > MAX_QUOTED_LENGTH ? [] : [`${intro} ${text}.`];
}

/** Sentences for the tool's description: what its merged schema no longer says. null: nothing worth a word is lost. */
export function rootNote(root: JsonObject, alternatives: readonly (readonly RootShape[])[]): string | null {
  const sentences = [
    ...alternatives.flatMap(alternativesNote),
    ...quoted('The arguments must not match the JSON schema', root.not),
    ...quoted('The arguments must be one of', root.enum),
  ];
  return sentences.join(' ') || null;
}
