import { fromBytes, toBytes } from '../../common/byte-string.js';
import type { ByteString } from '../../common/byte-string.js';
import { isObject } from '../shared/json-body.js';
import type { JsonText } from '../shared/turn/turn-listener.js';
import { parseCutObject, parseJson } from './partial-json.js';

/** JSON text as it stands in a string literal → the text itself. */
const textOf = (text: JsonText): string => JSON.parse(`"${fromBytes(text)}"`) as string;

/** A text as it stands in a JSON string literal. */
export const literalOf = (text: string): JsonText => toBytes(JSON.stringify(text).slice(1, -1));

/** Text once more inside a JSON string: the raw input of a custom tool as a piece of its JSON arguments. */
export const quotedTwice = (text: JsonText): JsonText => text.replace(/[\\"]/g, '\\$&');

/**
 * Arguments without the members of `names` that are blank text: some models fill in optional ones like that, and the tool then fails for
 * ever. Everything else is left as it is, also what is no JSON.
 */
export function withoutBlank(args: JsonText, names: ReadonlySet<string>): JsonText {
  const input = parseJson(textOf(args));
  if (!isObject(input)) return args;
  const kept = Object.entries(input).filter(([name, value]) => !(names.has(name) && typeof value === 'string' && value.trim() === ''));
  return kept.length === Object.keys(input).length ? args : literalOf(JSON.stringify(Object.fromEntries(kept)));
}

export interface ToolInput {
  /** A JSON object. */
  readonly json: ByteString;
  /** The arguments were no JSON: `json` is what could be read of them. */
  readonly broken: boolean;
}

/** The input of a call in a JSON answer: the model's own bytes where they are an object, `{}` where they are another value or nothing. */
export function toolInput(args: JsonText): ToolInput {
  const text = textOf(args);
  if (text.trim() === '') return { json: '{}', broken: false };
  const value = parseJson(text);
  if (value === undefined) return { json: toBytes(JSON.stringify(parseCutObject(text))), broken: true };
  if (!isObject(value)) return { json: '{}', broken: false };
  // Half a surrogate pair has no bytes; escaped it survives.
  return { json: toBytes(text.isWellFormed() ? text : JSON.stringify(value)), broken: false };
}
