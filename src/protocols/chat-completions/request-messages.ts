import type { JsonObject } from '../../upstream/upstream-event.js';
import { invalidRequest } from '../../common/gateway-error.js';
import { codeCallId } from '../shared/call-id.js';
import { arrayAt, invalidValue, missing, stringAt, wrongType } from '../shared/field-readers.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { isObject } from '../shared/json-body.js';
import type { ToolNames } from '../shared/tool-names.js';
import { assistantItems, type MessageContext } from './request-assistant.js';
import { HistoryCall, HistoryCalls } from './request-calls.js';
import { systemTexts, toolOutput, userContent } from './request-content.js';

/** A conversation in the backend's form. */
export interface ReadMessages {
  readonly instructions: string;
  readonly items: JsonObject[];
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

function roleOf(message: unknown, at: string): { message: JsonObject; role: string } {
  if (!isObject(message)) throw wrongType(at, 'an object', message);
  const role = stringAt(message.role, `${at}.role`);
  if (!role) throw missing(`${at}.role`);
  if (!ROLES.includes(role)) throw invalidValue(`${at}.role`, `'${role.slice(0, 64)}' is not one of ${ROLES.join(', ')}`);
  return { message, role };
}

const isSystem = (message: unknown): message is JsonObject =>
  isObject(message) && (message.role === 'system' || message.role === 'developer');

const developer = (texts: readonly string[]): JsonObject => ({
  type: 'message',
  role: 'developer',
  content: texts.map((text) => ({ type: 'input_text', text })),
});

/** The call that a result belongs to; undefined where a client's history does not have it (any more). */
function callOf(message: JsonObject, role: string, at: string, { calls }: MessageContext): HistoryCall | undefined {
  if (role === 'function') {
    const name = stringAt(message.name, `${at}.name`);
    if (!name) throw missing(`${at}.name`);
    const call = calls.answerNearest(name);
    if (!call) throw invalidRequest(`No earlier call of '${name.slice(0, 64)}' waits for this result.`, at, 'invalid_value');
    return call;
  }
  const id = stringAt(message.tool_call_id, `${at}.tool_call_id`);
  if (id) return calls.answer(id);
  const call = calls.answerNearest();
  if (!call) throw missing(`${at}.tool_call_id`);
  return call;
}

function resultItems(message: JsonObject, role: string, at: string, context: MessageContext): JsonObject[] {
  const call = callOf(message, role, at, context);
  const output = toolOutput(message.content, `${at}.content`, context.ignored);
  if (call?.callId === null) return [];
  // Without its call the kind is not known; pairing gives it the one of a call that comes later.
  const type = call?.kind === 'custom' ? 'custom_tool_call_output' : 'function_call_output';
  return [{ type, call_id: call?.callId ?? codeCallId(message.tool_call_id as string), output }];
}

function itemsOf(given: unknown, index: number, context: MessageContext): JsonObject[] {
  const at = `messages[${index}]`;
  const { message, role } = roleOf(given, at);
  if (role === 'assistant') return assistantItems(message, index, context);
  if (role === 'tool' || role === 'function') return resultItems(message, role, at, context);
  if (message.name != null) context.ignored.add('messages.name');
  if (role === 'user') {
    return [{ type: 'message', role: 'user', content: userContent(message.content, `${at}.content`, context.ignored) }];
  }
  return [developer(systemTexts(message.content, `${at}.content`, context.ignored))];
}

/**
 * `messages` as input items: order kept, nothing regrouped. System messages at the beginning become the instructions; a later one
 * stays where it is, as a developer's. Where there are no others, or none that says anything, all of them stay, since the backend wants an input.
 * Calls and results are paired as the client paired them; what is left unpaired is `repairPairing`'s.
 */
export function readMessages(given: unknown, names: ToolNames, ignored: IgnoredFields): ReadMessages {
  const messages = arrayAt(given, 'messages');
  if (!messages) throw missing('messages');
  if (messages.length === 0) throw invalidValue('messages', 'expected at least one message');
  const context: MessageContext = { names, calls: new HistoryCalls(), ignored };
  const firstOther = messages.findIndex((message) => !isSystem(message));
  const leading = Math.max(firstOther, 0);
  const texts: string[] = [];
  const items: JsonObject[] = [];
  messages.forEach((message, i) => {
    if (i >= leading) {
      items.push(...itemsOf(message, i, context));
      return;
    }
    const system = message as JsonObject;
    if (system.name != null) ignored.add('messages.name');
    texts.push(...systemTexts(system.content, `messages[${i}].content`, ignored).filter((text) => text !== ''));
  });
  if (items.length > 0) return { instructions: texts.join('\n\n'), items };
  return { instructions: '', items: texts.map((text) => developer([text])) };
}
