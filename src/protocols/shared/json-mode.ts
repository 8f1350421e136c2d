import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from './json-body.js';

const MENTION = /json/i;

const mentions = (value: unknown): boolean => {
  if (typeof value === 'string') return MENTION.test(value);
  if (Array.isArray(value)) return value.some(mentions);
  return isObject(value) && (mentions(value.text) || mentions(value.content) || mentions(value.output));
};

const REQUEST: JsonObject = {
  type: 'message',
  role: 'developer',
  content: [{ type: 'input_text', text: 'Answer with a JSON object.' }],
};

/** The backend refuses JSON mode unless the word occurs in the input (the instructions do not count); then one neutral sentence asks for it. */
export const withJsonMention = (input: JsonObject[], format: unknown): JsonObject[] =>
  isObject(format) && format.type === 'json_object' && !mentions(input) ? [REQUEST, ...input] : input;
