import type { JsonObject } from '../../upstream/upstream-event.js';
import { choiceIn, listIn, refused, requiredObject, requiredString, stringIn, unknownTag } from './request-readers.js';
import { isObject } from '../shared/json-body.js';

/** Details of an image that the backend knows; the public API has none, but clients of several APIs send them. */
const DETAILS = ['low', 'high', 'auto', 'original'];
const IMAGE_SOURCES = ['base64', 'url'];
const DOCUMENT_SOURCES = ['base64', 'content', 'text', 'url'];
const WEB = /^https?:\/\/[^/]/i;
const IMAGE_TYPE = /^image\/[\w.+-]+$/i;
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+$/;

export const inputText = (text: string): JsonObject => ({ type: 'input_text', text });

const noFiles = (path: string): Error =>
  refused(path, 'Files are not stored here, so a file cannot be referred to; send it inline or by its URL');

function dataUrl(source: JsonObject, at: string, mediaType: RegExp): string {
  const type = requiredString(source.media_type, `${at}.media_type`);
  if (!mediaType.test(type)) {
    const expected = mediaType === IMAGE_TYPE ? "'image/jpeg', 'image/png', 'image/gif' or 'image/webp'" : 'a media type';
    throw refused(`${at}.media_type`, `Input should be ${expected}`);
  }
  const data = requiredString(source.data, `${at}.data`);
  if (data.trim() === '') throw refused(`${at}.data`, 'must not be empty');
  return `data:${type};base64,${data}`;
}

function webUrl(source: JsonObject, at: string): string {
  const url = requiredString(source.url, `${at}.url`);
  if (!WEB.test(url)) throw refused(`${at}.url`, 'Only HTTP and HTTPS URLs are supported');
  return url;
}

function sourceOf(block: JsonObject, at: string): { source: JsonObject; type: string; path: string } {
  const path = `${at}.source`;
  const source = requiredObject(block.source, path);
  return { source, type: requiredString(source.type, `${path}.type`), path };
}

/** An `image` block; the picture itself is not looked at. */
export function imagePart(block: JsonObject, at: string): JsonObject {
  const { source, type, path } = sourceOf(block, at);
  if (type === 'file') throw noFiles(path);
  if (!IMAGE_SOURCES.includes(type)) throw unknownTag(`${path}.type`, type, IMAGE_SOURCES);
  const url = type === 'url' ? webUrl(source, path) : dataUrl(source, path, IMAGE_TYPE);
  const detail = choiceIn(block.detail, `${at}.detail`, DETAILS);
  return { type: 'input_image', image_url: url, ...(detail !== undefined && { detail }) };
}

/** Blocks inside a document: texts and images, in their order. */
function nestedParts(content: unknown, at: string): JsonObject[] {
  if (typeof content === 'string') return content === '' ? [] : [inputText(content)];
  return (listIn(content, at) ?? []).flatMap((block, i) => {
    const path = `${at}.${i}`;
    if (!isObject(block)) throw refused(path, 'Input should be a valid dictionary');
    if (block.type === 'image') return [imagePart(block, path)];
    const type = requiredString(block.type, `${path}.type`);
    if (type !== 'text') throw unknownTag(`${path}.type`, type, ['text', 'image']);
    const text = requiredString(block.text, `${path}.text`);
    return text === '' ? [] : [inputText(text)];
  });
}

/** A `document` block. Its title and its context are told in front of what is in it. */
export function documentParts(block: JsonObject, at: string): JsonObject[] {
  const { source, type, path } = sourceOf(block, at);
  const title = stringIn(block.title, `${at}.title`) ?? '';
  const context = stringIn(block.context, `${at}.context`) ?? '';
  const head = [title, context].filter((line) => line !== '').join('\n');
  switch (type) {
    case 'base64': {
      const file = { type: 'input_file', filename: title || 'document.pdf', file_data: dataUrl(source, path, MEDIA_TYPE) };
      return context === '' ? [file] : [inputText(head), file];
    }
    case 'url': {
      const file = { type: 'input_file', file_url: webUrl(source, path) };
      return head === '' ? [file] : [inputText(head), file];
    }
    case 'text': {
      const data = requiredString(source.data, `${path}.data`);
      return [inputText(head === '' ? data : `${head}\n\n${data}`)];
    }
    case 'content': {
      const parts = nestedParts(source.content, `${path}.content`);
      return head === '' ? parts : [inputText(head), ...parts];
    }
    case 'file':
      throw noFiles(path);
    default:
      throw unknownTag(`${path}.type`, type, DOCUMENT_SOURCES);
  }
}

/** A `search_result` block as one text: title, source, texts. */
export function searchResultPart(block: JsonObject, at: string): JsonObject {
  const title = requiredString(block.title, `${at}.title`);
  const source = requiredString(block.source, `${at}.source`);
  const texts = (listIn(block.content, `${at}.content`) ?? []).map((part, i) => {
    const path = `${at}.content.${i}`;
    if (!isObject(part)) throw refused(path, 'Input should be a valid dictionary');
    choiceIn(part.type, `${path}.type`, ['text']);
    return requiredString(part.text, `${path}.text`);
  });
  return inputText([title, source, ...texts].filter((line) => line !== '').join('\n'));
}
