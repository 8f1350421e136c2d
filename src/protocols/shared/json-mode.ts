import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from './json-body.js';

const MENTION = /json/i;

/** A list of what is still to be seen, not a recursion: a client decides how deep its input is. */
function mentions(input: readonly unknown[]): boolean {
  const left: unknown[] = [...input];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === 'string' && MENTION.test(value)) return true;
    if (Array.isArray(value)) for (const member of value) left.push(member);
    else if (isObject(value)) left.push(value.text, value.content, value.output);
  }
  return false;
}

const REQUEST: JsonObject = {
  type: 'message',
  role: 'developer',
  content: [{ type: 'input_text', text: 'Answer with a JSON object.' }],
};

/**
 * How far the word is looked for: to the end of the first user message. What comes later would make the sentence go again as
 * the conversation grows, and with it everything the backend has cached.
 */
function opening(input: readonly JsonObject[]): readonly JsonObject[] {
  const user = input.findIndex((item) => item.type === 'message' && item.role === 'user');
  return user < 0 ? input : input.slice(0, user + 1);
}

/** The backend refuses JSON mode unless the word occurs in the input (the instructions do not count); then one neutral sentence asks for it. */
export const withJsonMention = (input: JsonObject[], format: unknown): JsonObject[] =>
  isObject(format) && format.type === 'json_object' && !mentions(opening(input)) ? [REQUEST, ...input] : input;
