import type { JsonObject } from '../../upstream/upstream-event.js';
import { booleanAt, choiceAt, integerAt, missing, numberAt, objectAt, stringAt } from '../shared/field-readers.js';
import { IgnoredFields } from '../shared/ignored-fields.js';

interface DroppedField {
  readonly check: (value: unknown, param: string) => unknown;
  /** A value that says nothing new is not worth naming. */
  readonly unless?: (value: unknown) => boolean;
}

const is =
  (expected: unknown) =>
  (value: unknown): boolean =>
    value === expected;
const isEmpty = (value: unknown): boolean => Object.keys(value as JsonObject).length === 0;
const cap: DroppedField = { check: (value, param) => integerAt(value, param, 1) };
const penalty: DroppedField = { check: (value, param) => numberAt(value, param, -2, 2), unless: is(0) };

const prediction = (value: unknown, param: string): void => {
  const type = choiceAt(objectAt(value, param)?.type, `${param}.type`, ['content']);
  if (type === undefined) throw missing(`${param}.type`);
};

/** Members of the public API that the backend has no place for. */
const DROPPED: Readonly<Record<string, DroppedField>> = {
  max_completion_tokens: cap,
  max_tokens: cap,
  temperature: { check: (value, param) => numberAt(value, param, 0, 2), unless: is(1) },
  top_p: { check: (value, param) => numberAt(value, param, 0, 1), unless: is(1) },
  presence_penalty: penalty,
  frequency_penalty: penalty,
  seed: { check: (value, param) => integerAt(value, param, Number.MIN_SAFE_INTEGER) },
  logit_bias: { check: objectAt, unless: isEmpty },
  prediction: { check: prediction },
  store: { check: booleanAt, unless: is(false) },
  metadata: { check: objectAt, unless: isEmpty },
  user: { check: stringAt, unless: is('') },
  safety_identifier: { check: stringAt, unless: is('') },
  prompt_cache_retention: { check: stringAt },
  prompt_cache_options: { check: objectAt },
};

/** Checks and leaves out what the backend has no place for, and names it with whatever else has no reader. */
export function dropFields(body: JsonObject, read: ReadonlySet<string>, ignored: IgnoredFields): void {
  for (const name in body) {
    const value = body[name];
    if (value == null || read.has(name)) continue;
    const field = Object.hasOwn(DROPPED, name) ? DROPPED[name]! : undefined;
    field?.check(value, name);
    if (!field?.unless?.(value)) ignored.add(name);
  }
}
