import type { ResolvedModel } from '../../src/models/resolved-model.js';
import type { ChatCompletionsTurn } from '../../src/protocols/chat-completions/chat-completions-reply.js';
import { decodeChatCompletions } from '../../src/protocols/chat-completions/chat-completions.request.js';
import { checkResponses } from '../../src/sandbox/request.check.js';
import type { JsonObject } from '../../src/upstream/upstream-event.js';
import { resolveWith } from './decode-request.js';

export const USER = { role: 'user', content: 'hi' };

export const decodeChat = (
  body: JsonObject,
  headers: Record<string, string> = {},
  model: Partial<ResolvedModel> = {},
): ChatCompletionsTurn => decodeChatCompletions({ model: 'gpt-5.4', messages: [USER], ...body }, headers, resolveWith(model));

/** Why the simulated backend refuses a body; null: it takes it. */
export const backendRefusal = (body: JsonObject): unknown =>
  checkResponses({
    request: body,
    headers: {},
    plan: 'plus',
    ownModels: null,
    opens: () => true,
    anyModel: true,
    enforceContextWindow: false,
  });

/** What goes upstream; whatever it is, the simulated backend has to take it. */
export function chatSent(body: JsonObject, headers: Record<string, string> = {}): JsonObject {
  const sent = decodeChat(body, headers).request.body;
  const refused = backendRefusal(sent);
  if (refused !== null) throw new Error(`the backend refuses it: ${JSON.stringify(refused)}`);
  return sent;
}

/** The input items of a conversation. */
export const chatItems = (...messages: unknown[]): unknown => chatSent({ messages }).input;

export const ignoredOf = (body: JsonObject): readonly string[] => decodeChat(body).request.ignored;

export const said = (text: string): JsonObject => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
export const answered = (text: string): JsonObject => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] });

export const functionTool = (name: string, more: JsonObject = {}): JsonObject => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} }, ...more },
});
export const call = (id: string | undefined, name: string, args: unknown = '{}'): JsonObject => ({
  ...(id !== undefined && { id }),
  type: 'function',
  function: { name, arguments: args },
});
export const calls = (...tool_calls: unknown[]): JsonObject => ({ role: 'assistant', content: null, tool_calls });
export const result = (id: string, content: unknown): JsonObject => ({ role: 'tool', tool_call_id: id, content });
