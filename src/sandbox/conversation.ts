import { JsonObject, isObject, objectsOf, textOf } from './json.js';

const isMessage = (item: JsonObject): boolean => item.type === 'message' || (item.type === undefined && item.role !== undefined);

/** The text parts of a message, joined with a line break. */
export const messageText = (item: JsonObject): string =>
  typeof item.content === 'string'
    ? item.content
    : objectsOf(item.content)
        .map((part) => textOf(part.text))
        .join('\n');

/** The text of the last message of the user; '' if there is none. */
export function lastUserText(input: unknown): string {
  const item = objectsOf(input).findLast((entry) => isMessage(entry) && entry.role === 'user');
  return item ? messageText(item) : '';
}

/**
 * Tool outputs that nobody has answered yet: those after the last assistant message. User messages behind them do not
 * count as a new prompt, because some agents append reminders to every tool result.
 */
export function openToolOutputs(input: unknown): string[] {
  const items = objectsOf(input);
  const from = items.findLastIndex((item) => isMessage(item) && item.role === 'assistant');
  return items.slice(from + 1).flatMap((item) => (textOf(item.type).endsWith('_output') ? [outputText(item.output)] : []));
}

function outputText(output: unknown): string {
  if (typeof output === 'string') return output;
  return objectsOf(output)
    .map((part) => textOf(part.text))
    .join('\n');
}

export const endsWithCompactionTrigger = (input: unknown): boolean => objectsOf(input).at(-1)?.type === 'compaction_trigger';

const NOT_PROMPT = new Set(['type', 'role', 'id', 'call_id', 'status', 'encrypted_content']);

/** Characters of all texts in a value; images, ciphertexts and names of kinds do not count. */
export function textLength(value: unknown): number {
  if (typeof value === 'string') return value.startsWith('data:') ? 0 : value.length;
  if (Array.isArray(value)) return value.reduce((sum: number, entry) => sum + textLength(entry), 0);
  if (!isObject(value)) return 0;
  return Object.entries(value).reduce((sum, [key, entry]) => sum + (NOT_PROMPT.has(key) ? 0 : textLength(entry)), 0);
}

/** A rough count: four characters a token. */
export const promptTokens = (request: JsonObject): number =>
  Math.ceil((textLength(request.instructions) + textLength(request.input) + textLength(request.tools)) / 4);
