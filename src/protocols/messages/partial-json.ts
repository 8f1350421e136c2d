import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';

const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)(?=[ \t\r\n,\]}]|$))/y;

/** What may come next. */
type Expected = 'value' | 'first value' | 'name' | 'first name' | 'colon' | 'separator';

/** The text as JSON; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The object that a cut JSON text begins with, as the vendor's SDK reads it from a stream: all members that are whole; a text or name at
 * the cut is left out, a number is taken for whole unless it is a further element of a list. `{}` where the text is no object or nothing in it is whole.
 */
export function parseCutObject(text: string): JsonObject {
  const value = parseJson(completed(text));
  return isObject(value) ? value : {};
}

/** The longest whole beginning of a JSON text, with its brackets closed. */
function completed(text: string): string {
  let depth = '';
  let expected: Expected = 'value';
  let whole = '';
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    const [, mark, string, literal] = token;
    if (/\d$/.test(literal ?? '') && TOKEN.lastIndex === text.length && expected === 'value' && depth[0] === ']') break;
    const next = step(mark, string !== undefined, expected, depth);
    if (next === null) break;
    [expected, depth] = next;
    // Behind an opening bracket or a whole value, the text can be ended by closing what is open.
    if (expected === 'separator' || expected.startsWith('first')) whole = text.slice(0, TOKEN.lastIndex) + depth;
    if (depth === '') break;
  }
  return whole;
}

/** Takes one token. `depth`: the brackets that are to be closed, innermost first. Null: the token does not fit. */
function step(mark: string | undefined, isString: boolean, expected: Expected, depth: string): [Expected, string] | null {
  switch (mark) {
    case '{':
      return isValue(expected) ? ['first name', `}${depth}`] : null;
    case '[':
      return isValue(expected) ? ['first value', `]${depth}`] : null;
    case '}':
    case ']':
      return depth[0] === mark && (expected === 'separator' || expected.startsWith('first')) ? ['separator', depth.slice(1)] : null;
    case ':':
      return expected === 'colon' ? ['value', depth] : null;
    case ',':
      return expected === 'separator' ? [depth[0] === '}' ? 'name' : 'value', depth] : null;
    default:
      if (isString && expected.endsWith('name')) return ['colon', depth];
      return isValue(expected) ? ['separator', depth] : null;
  }
}

const isValue = (expected: Expected): boolean => expected === 'value' || expected === 'first value';
