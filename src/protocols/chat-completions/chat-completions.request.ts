import type { IncomingHttpHeaders } from 'node:http';
import type { CodexBody, CodexRequest } from '../../executor/codex-request.js';
import type { ResolveModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { shortKey } from '../shared/client-identity.js';
import { conversationHash, identityOf, startsTurn } from '../shared/conversation.js';
import { sha256 } from '../shared/digest.js';
import { booleanAt, missing, stringAt } from '../shared/field-readers.js';
import { withImageTool } from '../shared/image-tool.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { withJsonMention } from '../shared/json-mode.js';
import { repairPairing } from '../shared/pairing.js';
import { ToolNames } from '../shared/tool-names.js';
import type { ChatCompletionsTurn } from './chat-completions-reply.js';
import { dropFields } from './dropped-fields.js';
import { readIncludeUsage, readModel, readReasoning, readServiceTier, readStops, readText, refuseUnavailable } from './request-fields.js';
import { type ReadMessages, readMessages } from './request-messages.js';
import { readToolChoice } from './request-tool-choice.js';
import { type ReadTools, readTools } from './request-tools.js';
import { decodeResponsesShaped } from './responses-shaped.js';

/** Members that have a reader of their own; whatever else a body has is left out and named. */
const READ = new Set(
  (
    'model messages stream stream_options tools tool_choice parallel_tool_calls functions function_call response_format ' +
    'reasoning_effort reasoningEffort reasoning reasoning_summary reasoningSummary verbosity textVerbosity stop n logprobs top_logprobs ' +
    'modalities audio web_search_options service_tier prompt_cache_key'
  ).split(' '),
);

/** Tools with what may only stand beside them. */
function toolMembers(body: JsonObject, tools: ReadTools, names: ToolNames, ignored: IgnoredFields): JsonObject {
  const choice = readToolChoice(body, tools, names, ignored);
  const asked = booleanAt(body.parallel_tool_calls, 'parallel_tool_calls');
  if (tools.tools.length === 0) return {};
  // An answer with `function_call` has room for one.
  const parallel = tools.legacy ? false : asked;
  return {
    tools: tools.tools,
    ...(choice !== undefined && { tool_choice: choice }),
    ...(parallel !== undefined && { parallel_tool_calls: parallel }),
  };
}

/** The conversation by its first words, and by the user where the client names one: the same words of two users are two conversations. */
function conversationOf(body: JsonObject, { instructions, items }: ReadMessages): string {
  const words = conversationHash(instructions, items);
  const user = [stringAt(body.safety_identifier, 'safety_identifier'), stringAt(body.user, 'user')].find(Boolean);
  return user ? sha256(`${user}\0${words}`) : words;
}

function decodeMessages(body: JsonObject, headers: IncomingHttpHeaders, resolve: ResolveModel): ChatCompletionsTurn {
  const ignored = new IgnoredFields();
  const names = new ToolNames(body.tools, body.functions);
  const model = readModel(body, resolve);
  refuseUnavailable(body, ignored);
  const tools = readTools(withImageTool(body, model), names);
  const toolFields = toolMembers(body, tools, names, ignored);
  const messages = readMessages(body.messages, names, ignored);
  const input = repairPairing(messages.items);
  const text = readText(body, model, ignored);
  const reasoning = readReasoning(body, model, ignored);
  const tier = readServiceTier(body, model, ignored);
  const cacheKey = stringAt(body.prompt_cache_key, 'prompt_cache_key') || undefined;
  const conversation = conversationOf(body, messages);
  const identity = identityOf(headers, cacheKey, conversation);
  const codexBody: CodexBody = {
    model: model.slug,
    instructions: messages.instructions,
    input: withJsonMention(input, text?.format),
    ...toolFields,
    ...(reasoning && { reasoning }),
    ...(text && { text }),
    include: ['reasoning.encrypted_content'],
    store: false,
    stream: true,
    prompt_cache_key: shortKey(cacheKey ?? (identity.sessionId || conversation)),
    ...(tier && { service_tier: tier }),
  };
  const reply = {
    model: model.requested,
    includeUsage: readIncludeUsage(body, ignored),
    legacyFunctions: tools.legacy,
    names,
    stops: readStops(body),
  };
  const stream = booleanAt(body.stream, 'stream') ?? false;
  dropFields(body, READ, ignored);
  const request: CodexRequest = {
    operation: 'responses',
    body: codexBody,
    ...identity,
    turnStart: startsTurn(messages.items),
    compactions: [],
    ignored: ignored.list(),
  };
  return { request, stream, reply, repairs: tools.repairs };
}

/**
 * `POST /v1/chat/completions`: the client's body in the form the backend takes. A body with `input` instead of `messages` is a
 * Responses request whose answer has the Chat shape (some editors send such). Pure; throws `GatewayError` with the member's
 * path as `param`.
 */
export function decodeChatCompletions(body: JsonObject, headers: IncomingHttpHeaders, resolve: ResolveModel): ChatCompletionsTurn {
  if (body.messages != null) return decodeMessages(body, headers, resolve);
  if (body.input == null) throw missing(body.model == null ? 'model' : 'messages');
  return decodeResponsesShaped(body, headers, resolve);
}
