import { stringifyJson } from '../../common/stringify-json.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { codeCallId } from '../shared/call-id.js';
import { isObject } from '../shared/json-body.js';
import { documentParts, imagePart, inputText, searchResultPart } from './request-media.js';
import { booleanIn, refused, requiredString } from './request-readers.js';

const STARTS_AS_ERROR = /^\s*error/i;

const ERROR = 'Error';

/** The backend has no mark for a failed call: its text says so, unless it does already. */
const asError = (text: string): string => (text === '' ? ERROR : STARTS_AS_ERROR.test(text) ? text : `${ERROR}: ${text}`);

function withError(output: string | JsonObject[]): string | JsonObject[] {
  if (typeof output === 'string') return asError(output);
  const first = output.findIndex(({ type }) => type === 'input_text');
  if (first < 0) return [inputText(ERROR), ...output];
  return output.map((part, i) => (i === first ? inputText(asError(part.text as string)) : part));
}

function partsOf(block: unknown, at: string): JsonObject[] {
  if (typeof block === 'string') return [inputText(block)];
  if (!isObject(block)) throw refused(at, 'Input should be a valid dictionary');
  switch (requiredString(block.type, `${at}.type`)) {
    case 'text':
      return [inputText(requiredString(block.text, `${at}.text`))];
    case 'image':
      return [imagePart(block, at)];
    case 'document':
      return documentParts(block, at);
    case 'search_result':
      return [searchResultPart(block, at)];
    case 'tool_reference':
      // The tool itself is among the request's tools: none of them waits to be found.
      return [inputText(`Tool found: ${requiredString(block.tool_name, `${at}.tool_name`)}`)];
    default:
      return [inputText(stringifyJson(withoutCacheControl(block)))];
  }
}

/** Caching hints move from turn to turn, and would change what was sent before. */
function withoutCacheControl(block: JsonObject): JsonObject {
  const { cache_control: _, ...rest } = block;
  return rest;
}

function outputOf(content: unknown, at: string): string | JsonObject[] {
  if (content == null) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw refused(at, 'Input should be a valid list');
  const parts = content.flatMap((block, i) => partsOf(block, `${at}.${i}`));
  const telling = parts.filter((part) => part.type !== 'input_text' || part.text !== '');
  if (telling.length === 0) return '';
  return telling.length === 1 && telling[0]!.type === 'input_text' ? (telling[0]!.text as string) : telling;
}

/** A `tool_result` block: one text is sent as a string, everything else as parts, pictures among them, inside the output. */
export function toolResultItem(block: JsonObject, at: string): JsonObject {
  const id = requiredString(block.tool_use_id, `${at}.tool_use_id`);
  if (id === '') throw refused(`${at}.tool_use_id`, 'String should have at least 1 character');
  const output = outputOf(block.content, `${at}.content`);
  const failed = booleanIn(block.is_error, `${at}.is_error`) ?? false;
  return { type: 'function_call_output', call_id: codeCallId(id), output: failed ? withError(output) : output };
}
