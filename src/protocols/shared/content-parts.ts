import { invalidRequest } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { missing } from './field-readers.js';
import { isObject } from './json-body.js';

export type PartSide = 'input' | 'output';

const TEXT_TYPES = new Set(['text', 'input_text', 'output_text']);

/** The members of an object without those that are null, and without `except`. The same object if nothing has to go. */
export function withoutNulls(object: JsonObject, except?: ReadonlySet<string>): JsonObject {
  let clean = true;
  for (const key in object) if (object[key] === null || except?.has(key)) clean = false;
  if (clean) return object;
  const copy: JsonObject = {};
  for (const key in object) if (object[key] !== null && !except?.has(key)) copy[key] = object[key];
  return copy;
}

/** Refused by some models; a hint for caching that nothing depends on. */
const REFUSED = new Set(['prompt_cache_breakpoint']);

function textPart(part: JsonObject, side: PartSide, at: string): JsonObject {
  const text = part.text ?? '';
  if (typeof text !== 'string') throw invalidRequest(`Invalid type for '${at}.text': expected a string.`, `${at}.text`, 'invalid_type');
  if (side === 'input') return { type: 'input_text', text };
  const clean = withoutNulls(part, REFUSED);
  return clean.type === 'output_text' && clean.text === text ? clean : { ...clean, type: 'output_text', text };
}

function imagePart(part: JsonObject, at: string): JsonObject {
  const source = part.image_url;
  const url = isObject(source) ? source.url : source;
  if (!url && !part.file_id) throw missing(`${at}.image_url`);
  const detail = part.detail ?? (isObject(source) ? source.detail : undefined);
  const image: JsonObject = { type: 'input_image' };
  if (url) image.image_url = url;
  if (part.file_id) image.file_id = part.file_id;
  if (detail != null) image.detail = detail;
  return image;
}

/**
 * One content part in the form that fits its side of the conversation: `input` for users, developers and tool outputs,
 * `output` for the assistant. Chat-shaped parts (`text`, `image_url`, `file`) are converted; others pass without nulls.
 */
export function normalisePart(part: unknown, side: PartSide, at: string): JsonObject {
  if (typeof part === 'string') return textPart({ text: part }, side, at);
  if (!isObject(part)) throw invalidRequest(`Invalid type for '${at}': expected an object.`, at, 'invalid_type');
  const { type } = part;
  if (typeof type !== 'string') throw missing(`${at}.type`);
  if (TEXT_TYPES.has(type)) return textPart(part, side, at);
  if (type === 'image_url' || (type === 'input_image' && side === 'input')) return imagePart(part, at);
  if (type === 'file' && isObject(part.file)) return { type: 'input_file', ...withoutNulls(part.file) };
  return withoutNulls(part, REFUSED);
}
