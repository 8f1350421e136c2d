import { GatewayError, invalidRequest } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { withoutNulls } from '../shared/content-parts.js';
import { choiceAt, invalidValue, missing, objectAt, stringAt, wrongType } from '../shared/field-readers.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { isObject } from '../shared/json-body.js';

/** `auto` is the default; `original` is the newest level. */
const DETAILS = ['low', 'high', 'auto', 'original'];
/** Media type and parameters of a data URL; images are long, so only their beginning is looked at. */
const IMAGE_DATA = /^data:image\/[\w.+-]+(?:;[\w.+-]+=[^;,]*)*;base64,/i;
const HEAD_LENGTH = 256;
const WEB = /^https?:\/\/[^/]/i;
const FALLBACK_FILENAME = 'file.pdf';
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
  xml: 'application/xml',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
};
/** Refused by some models; a hint for caching that nothing depends on. */
const BREAKPOINT = 'prompt_cache_breakpoint';

const partText = (part: JsonObject, at: string): string => {
  const text = stringAt(part.text, `${at}.text`);
  if (text === undefined) throw missing(`${at}.text`);
  return text;
};

/** Whether nothing stands behind a place in a text. Only short rests are looked at: images are long. */
const isBlank = (text: string, from: number): boolean => text.length - from < HEAD_LENGTH && text.slice(from).trim() === '';

function checkImageUrl(url: string, param: string): string {
  if (/^data:/i.test(url)) {
    const head = IMAGE_DATA.exec(url.slice(0, HEAD_LENGTH));
    if (!head) throw invalidValue(param, 'expected a data URL of the form data:image/…;base64,…');
    if (isBlank(url, head[0].length)) throw invalidValue(param, 'the image is empty');
    return url;
  }
  if (!WEB.test(url)) throw invalidValue(param, 'expected an http(s) URL or a data URL with a base64 image');
  return url;
}

const noStore = (param: string): GatewayError =>
  invalidRequest(`Files are not stored here, so '${param}' cannot refer to one; send the data itself.`, param, 'file_id_not_supported');

/** `{type:image_url, image_url: string | {url, detail}}`, or the backend's own `input_image`. */
function imagePart(part: JsonObject, at: string): JsonObject {
  const param = `${at}.image_url`;
  if (part.file_id != null) throw noStore(`${at}.file_id`);
  const source = part.image_url;
  if (source == null) throw missing(param);
  if (typeof source !== 'string' && !isObject(source)) throw wrongType(param, 'an object or a string', source);
  const url = typeof source === 'string' ? source : stringAt(source.url, param);
  if (!url) throw missing(param);
  const nested = typeof source === 'string' ? undefined : choiceAt(source.detail, `${param}.detail`, DETAILS);
  const detail = nested ?? choiceAt(part.detail, `${at}.detail`, DETAILS);
  return { type: 'input_image', image_url: checkImageUrl(url, param), ...(detail !== undefined && { detail }) };
}

/** Bare base64 gets the media type that the file's name tells. */
function fileData(data: string, filename: string): string {
  if (/^data:/i.test(data)) return data;
  const extension = /\.(\w+)$/.exec(filename)?.[1]?.toLowerCase() ?? 'pdf';
  return `data:${(Object.hasOwn(MEDIA_TYPES, extension) && MEDIA_TYPES[extension]) || 'application/pdf'};base64,${data}`;
}

function filePart(part: JsonObject, at: string): JsonObject {
  const file = objectAt(part.file, `${at}.file`);
  if (!file) throw missing(`${at}.file`);
  if (file.file_id != null) throw noStore(`${at}.file.file_id`);
  const data = stringAt(file.file_data, `${at}.file.file_data`);
  if (!data || data.endsWith(';base64,')) throw missing(`${at}.file.file_data`);
  const filename = stringAt(file.filename, `${at}.file.filename`) || FALLBACK_FILENAME;
  return { type: 'input_file', filename, file_data: fileData(data, filename) };
}

/** The backend's own `input_file`: passed as it is, but for a reference to a store. */
function inputFilePart(part: JsonObject, at: string): JsonObject {
  if (part.file_id != null) throw noStore(`${at}.file_id`);
  return withoutNulls(part, new Set([BREAKPOINT]));
}

function unsupportedPart(type: string, at: string): GatewayError {
  if (type === 'input_audio') {
    return invalidRequest('Audio is not supported by this backend.', `${at}.type`, 'unsupported_content_type');
  }
  return invalidRequest(`Invalid value for '${at}.type': '${type.slice(0, 64)}' is not supported here.`, `${at}.type`, 'invalid_value');
}

function partType(part: unknown, at: string): { part: JsonObject; type: string } {
  if (!isObject(part)) throw wrongType(at, 'an object', part);
  const type = stringAt(part.type, `${at}.type`);
  if (!type) throw missing(`${at}.type`);
  return { part, type };
}

/** One part of what a user or a tool says. */
function inputPart(given: unknown, at: string, ignored: IgnoredFields): JsonObject {
  const { part, type } = partType(given, at);
  if (part[BREAKPOINT] != null) ignored.add(BREAKPOINT);
  switch (type) {
    case 'text':
    case 'input_text':
      return { type: 'input_text', text: partText(part, at) };
    case 'image_url':
    case 'input_image':
      return imagePart(part, at);
    case 'file':
      return filePart(part, at);
    case 'input_file':
      return inputFilePart(part, at);
    default:
      throw unsupportedPart(type, at);
  }
}

/** Parts without empty texts; where all are empty, one of them. */
function withoutEmptyTexts(parts: JsonObject[]): JsonObject[] {
  const kept = parts.filter((part) => part.text !== '');
  return kept.length > 0 ? kept : parts.slice(0, 1);
}

/** A list of parts of a user or a tool, in the client's order. */
const inputParts = (parts: readonly unknown[], at: string, ignored: IgnoredFields): JsonObject[] =>
  withoutEmptyTexts(parts.map((part, i) => inputPart(part, `${at}[${i}]`, ignored)));

/** A content that must be there: a string, or a list of parts that is not empty. */
function requiredContent(content: unknown, at: string): string | unknown[] {
  if (content == null) throw missing(at);
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw wrongType(at, 'a string or an array', content);
  if (content.length === 0) throw invalidValue(at, 'expected at least one part');
  return content as unknown[];
}

/** What a user says. */
export function userContent(given: unknown, at: string, ignored: IgnoredFields): JsonObject[] {
  const content = requiredContent(given, at);
  return typeof content === 'string' ? [{ type: 'input_text', text: content }] : inputParts(content, at, ignored);
}

/** The texts of a system or developer message; other parts have no place in one. */
export function systemTexts(given: unknown, at: string, ignored: IgnoredFields): string[] {
  const content = requiredContent(given, at);
  if (typeof content === 'string') return [content];
  return content.map((entry, i) => {
    const { part, type } = partType(entry, `${at}[${i}]`);
    if (type !== 'text' && type !== 'input_text') throw unsupportedPart(type, `${at}[${i}]`);
    if (part[BREAKPOINT] != null) ignored.add(BREAKPOINT);
    return partText(part, `${at}[${i}]`);
  });
}

/** What the assistant said: texts and refusals. */
export function assistantContent(content: unknown, at: string): JsonObject[] {
  if (content == null) return [];
  if (typeof content === 'string') return [{ type: 'output_text', text: content }];
  if (!Array.isArray(content)) throw wrongType(at, 'a string or an array', content);
  return content.map((entry, i) => {
    const where = `${at}[${i}]`;
    const { part, type } = partType(entry, where);
    if (type === 'text' || type === 'output_text') return { type: 'output_text', text: partText(part, where) };
    if (type !== 'refusal') throw unsupportedPart(type, where);
    const refusal = stringAt(part.refusal, `${where}.refusal`);
    if (refusal === undefined) throw missing(`${where}.refusal`);
    return { type: 'refusal', refusal };
  });
}

/** What a tool answers: text stays the very string it was; the backend refuses null. */
export function toolOutput(content: unknown, at: string, ignored: IgnoredFields): string | JsonObject[] {
  if (content == null) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw wrongType(at, 'a string or an array', content);
  const parts = inputParts(content, at, ignored);
  if (parts.length === 0) return '';
  const [only] = parts;
  return parts.length === 1 && only!.type === 'input_text' ? (only!.text as string) : parts;
}
