import { invalidRequest } from '../../common/gateway-error.js';
import { stringifyJson } from '../../common/stringify-json.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { codeCallId } from '../shared/call-id.js';
import { arrayAt, invalidValue, objectAt, stringAt, wrongType } from '../shared/field-readers.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { isObject } from '../shared/json-body.js';
import type { ToolNames } from '../shared/tool-names.js';
import type { HistoryCalls } from './request-calls.js';
import { assistantContent } from './request-content.js';

export interface MessageContext {
  readonly names: ToolNames;
  readonly calls: HistoryCalls;
  readonly ignored: IgnoredFields;
}

/** Reasoning that nobody can verify: a client shows it, the backend takes only its own ciphertext. */
const DROPPED = new Set(['name', 'reasoning_content', 'reasoning', 'reasoning_details']);

/** Texts and refusals; an empty text stands only where the message has nothing else. */
function parts(message: JsonObject, at: string, hasCalls: boolean): JsonObject[] {
  const given = assistantContent(message.content, `${at}.content`);
  const refusal = stringAt(message.refusal, `${at}.refusal`);
  if (refusal && !given.some(({ type }) => type === 'refusal')) given.push({ type: 'refusal', refusal });
  const telling = given.filter(({ text }) => text !== '');
  return telling.length > 0 || hasCalls ? telling : given.slice(0, 1);
}

function callArguments(given: unknown, at: string): string {
  if (given == null || given === '') return '{}';
  if (typeof given === 'string') return given;
  if (!isObject(given)) throw wrongType(at, 'a string of JSON', given);
  return stringifyJson(given);
}

function customInput(given: unknown, at: string): string {
  return stringAt(given, at) ?? '';
}

/** One call of `tool_calls`. A call without name cannot be sent: it is left out together with its result. */
function toolCall(given: unknown, at: string, message: number, index: number, context: MessageContext): JsonObject[] {
  const call = objectAt(given, at) ?? {};
  const type = stringAt(call.type, `${at}.type`) ?? (call.custom != null ? 'custom' : 'function');
  if (type !== 'function' && type !== 'custom') throw invalidValue(`${at}.type`, `'${type.slice(0, 64)}' is not one of function, custom`);
  const id = stringAt(call.id, `${at}.id`) || undefined;
  const body = objectAt(call[type], `${at}.${type}`) ?? {};
  const name = stringAt(body.name, `${at}.${type}.name`);
  if (!name) {
    context.ignored.add(at);
    context.calls.add(id, { kind: type, name: '', callId: null, message });
    return [];
  }
  const callId = codeCallId(id ?? `call_${message}_${index}`);
  context.calls.add(id, { kind: type, name, callId, message });
  const coded = context.names.code(name);
  return type === 'function'
    ? [{ type: 'function_call', call_id: callId, name: coded, arguments: callArguments(body.arguments, `${at}.function.arguments`) }]
    : [{ type: 'custom_tool_call', call_id: callId, name: coded, input: customInput(body.input, `${at}.custom.input`) }];
}

function legacyCall(given: JsonObject, at: string, message: number, context: MessageContext): JsonObject[] {
  const name = stringAt(given.name, `${at}.name`);
  if (!name) {
    context.ignored.add(at);
    context.calls.add(undefined, { kind: 'function', name: '', callId: null, message });
    return [];
  }
  const callId = context.calls.legacyId();
  context.calls.add(undefined, { kind: 'function', name, callId, message });
  const text = callArguments(given.arguments, `${at}.arguments`);
  return [{ type: 'function_call', call_id: callId, name: context.names.code(name), arguments: text }];
}

/** The items of an assistant's message: what it said, then what it called. */
export function assistantItems(message: JsonObject, index: number, context: MessageContext): JsonObject[] {
  const at = `messages[${index}]`;
  if (objectAt(message.audio, `${at}.audio`)) {
    throw invalidRequest(`Audio is not stored here, so '${at}.audio' cannot refer to one.`, `${at}.audio`, 'unsupported_content_type');
  }
  for (const member in message) if (DROPPED.has(member) && message[member] != null) context.ignored.add(`messages.${member}`);
  const listed = arrayAt(message.tool_calls, `${at}.tool_calls`) ?? [];
  const legacy = objectAt(message.function_call, `${at}.function_call`);
  const said = parts(message, at, listed.length > 0 || legacy !== undefined);
  const calls = listed.flatMap((call, i) => toolCall(call, `${at}.tool_calls[${i}]`, index, i, context));
  if (legacy && listed.length > 0) context.ignored.add(`${at}.function_call`);
  const called = legacy && listed.length === 0 ? legacyCall(legacy, `${at}.function_call`, index, context) : calls;
  return said.length > 0 ? [{ type: 'message', role: 'assistant', content: said }, ...called] : called;
}
