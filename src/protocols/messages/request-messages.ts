import type { JsonObject } from '../../upstream/upstream-event.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { isObject } from '../shared/json-body.js';
import type { ToolNames } from '../shared/tool-names.js';
import { HistoryWriter } from './history-writer.js';
import { type History, type MessageRole, writeBlock } from './request-blocks.js';
import { choiceIn, objectIn, refused, required, requiredString } from './request-readers.js';
import { ServerBlocks } from './request-server-blocks.js';
import { readEffort } from './request-thinking.js';

/** A conversation as the backend's input. */
export interface ReadMessages {
  readonly items: JsonObject[];
  readonly scoped: ReadonlyMap<JsonObject, string>;
  /** Effort that the last system entry with one asks for. */
  readonly effort: string | undefined;
}

interface Message {
  readonly role: MessageRole;
  readonly content: readonly unknown[];
  readonly at: string;
  readonly given: JsonObject;
}

const isRole = (role: string): role is MessageRole => role === 'user' || role === 'assistant' || role === 'system';

function readMessage(given: unknown, at: string): Message {
  if (!isObject(given)) throw refused(at, 'Input should be a valid dictionary');
  const role = requiredString(given.role, `${at}.role`);
  if (!isRole(role)) throw refused(`${at}.role`, "Input should be 'user', 'assistant' or 'system'");
  const { content } = given;
  // A system entry may ask for another effort and say nothing.
  if (content == null && role === 'system' && isObject(given.output_config)) return { role, content: [], at, given };
  if (content == null) throw required(`${at}.content`);
  if (typeof content === 'string') return { role, content: [{ type: 'text', text: content }], at, given };
  if (!Array.isArray(content)) throw refused(`${at}.content`, 'Input should be a valid list');
  return { role, content: content as unknown[], at, given };
}

const isText = (block: unknown): boolean => typeof block === 'string' || (isObject(block) && block.type === 'text');

/** What of a message is before the model. The text of a system entry may be for one turn only: it goes once the next one has begun. */
function standing(message: Message, over: boolean): Message {
  if (message.role !== 'system') return message;
  const clearAt = choiceIn(message.given.clear_at, `${message.at}.clear_at`, ['never', 'next_user_message']);
  return over && clearAt === 'next_user_message' ? { ...message, content: message.content.filter((block) => !isText(block)) } : message;
}

function writeMessage({ role, content, at }: Message, history: History): void {
  let known: ServerBlocks | null = null;
  const server = (): ServerBlocks => (known ??= new ServerBlocks(content));
  content.forEach((block, i) => {
    const path = `${at}.content.${i}`;
    if (typeof block === 'string') return writeBlock(role, { block: { text: block }, type: 'text', at: path, server }, history);
    if (!isObject(block)) throw refused(path, 'Input should be a valid dictionary');
    writeBlock(role, { block, type: requiredString(block.type, `${path}.type`), at: path, server }, history);
  });
  history.writer.flush();
}

/** A system entry may ask for another effort from there on; the top of the body does not change then, and so the cache stays. */
function effortOf({ given, at }: Message, ignored: IgnoredFields): string | undefined {
  const path = `${at}.output_config`;
  const config = objectIn(given.output_config, path) ?? {};
  for (const name in config) if (name !== 'effort' && config[name] != null) ignored.add(`messages.output_config.${name}`);
  return readEffort(config.effort, `${path}.effort`);
}

const isEmptyText = (block: unknown): boolean => block === '' || (isObject(block) && block.type === 'text' && block.text === '');

/** The backend cannot go on with an answer that somebody else began. Calls without results, and blocks of server tools, are no such beginning. */
function refusePrefill({ role, content, at }: Message): void {
  if (role !== 'assistant') return;
  const last = content.findLast((block) => !isEmptyText(block));
  if (!isText(last) || content.some((block) => isObject(block) && block.type === 'tool_use')) return;
  throw refused(at, 'assistant message prefill is not supported; the conversation must end with a user message');
}

/** The conversation must end where an answer can begin. `end`: the last message that came to anything; null: none did. */
function checkEnd(end: Message | null, last: Message): void {
  if (last.role === 'user' && last !== end) throw refused(last.at, 'user messages must have non-empty content');
  if (end === null) throw refused('messages', 'at least one message with content is required');
  refusePrefill(end);
}

/**
 * The messages in order, block by block: nothing is regrouped, and what a later message says never changes the items of an earlier one,
 * unless that one was for one turn only.
 * `answers`: an answer is wanted, so the conversation must end where one can begin. There is at least one message.
 */
export function readMessages(messages: readonly unknown[], names: ToolNames, ignored: IgnoredFields, answers: boolean): ReadMessages {
  const history: History = { writer: new HistoryWriter(), names, scoped: new Map(), ignored };
  const { items } = history.writer;
  const lastUser = messages.findLastIndex((given) => isObject(given) && given.role === 'user');
  let effort: string | undefined;
  let end: Message | null = null;
  let last: Message | null = null;
  for (const [i, given] of messages.entries()) {
    const before = items.length;
    last = standing(readMessage(given, `messages.${i}`), i < lastUser);
    writeMessage(last, history);
    if (items.length > before) end = last;
    if (last.role === 'system') effort = effortOf(last, ignored) ?? effort;
  }
  if (answers) checkEnd(end, last!);
  return { items, scoped: history.scoped, effort };
}
