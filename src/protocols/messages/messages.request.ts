import type { IncomingHttpHeaders } from 'node:http';
import type { CodexBody, CodexRequest } from '../../executor/codex-request.js';
import type { ResolvedModel, ResolveModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { sessionFromHeaders, shortKey } from '../shared/client-identity.js';
import { conversationHash, identityOf, startsTurn } from '../shared/conversation.js';
import { sha256 } from '../shared/digest.js';
import { refuseImageName } from '../shared/image-tool.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { repairPairing } from '../shared/pairing.js';
import type { ToolRepair } from '../shared/schema-repairs.service.js';
import { ToolNames } from '../shared/tool-names.js';
import { addedTools } from './added-tools.js';
import { emptyArguments } from './empty-arguments.js';
import type { MessagesReply } from './messages-reply.js';
import {
  dropRefused,
  readMessageList,
  readModel,
  readModelName,
  readOutput,
  readServiceTier,
  readStops,
  readSystem,
  refuseVendorFeatures,
  sessionOfUser,
} from './request-fields.js';
import { readOutputConfig } from './request-format.js';
import { readMessages } from './request-messages.js';
import { askedEffort, readReasoning, readThinking } from './request-thinking.js';
import { readToolChoice } from './request-tool-choice.js';
import { readTools } from './request-tools.js';

/** A decoded request: what goes to the executor, and what the encoder has to know. */
export interface MessagesTurn {
  readonly request: CodexRequest;
  readonly stream: boolean;
  readonly reply: Omit<MessagesReply, 'fallbackId' | 'requestId' | 'inputEstimate'>;
  /** Schemas that had to be changed, for the statistics. */
  readonly repairs: readonly ToolRepair[];
  /** `max_tokens: 0`: the client fills the vendor's cache; it is answered without a call. */
  readonly prewarm: boolean;
}

export interface MessagesOptions {
  /** `Tool.argument`: arguments of calls that are left out where they are blank. */
  readonly dropEmptyArguments: readonly string[];
}

const ENCRYPTED = 'reasoning.encrypted_content';
const SOURCES = 'web_search_call.action.sources';
const SESSION_HEADERS = ['x-claude-code-session-id'];

interface ReadPrompt {
  readonly body: CodexBody;
  readonly model: ResolvedModel;
  readonly reply: Pick<MessagesReply, 'thinking' | 'webSearch' | 'names'>;
  readonly scoped: ReadonlyMap<JsonObject, string>;
  readonly repairs: readonly ToolRepair[];
}

/** Everything the model will see, and how it is asked to answer. `answers`: whether an answer is wanted; otherwise the prompt is only counted. */
function readPrompt(body: JsonObject, resolve: ResolveModel, ignored: IgnoredFields, answers: boolean): ReadPrompt {
  refuseVendorFeatures(body);
  const name = readModelName(body.model);
  const given = readMessageList(body.messages);
  const added = addedTools(given, body.tools);
  const names = new ToolNames(
    body.tools,
    added.map(({ tool }) => tool),
  );
  const config = readOutputConfig(body, ignored);
  const thinking = readThinking(body.thinking);
  const system = readSystem(body.system);
  const tools = readTools(body.tools, added, names, ignored);
  const { choice, parallel } = readToolChoice(body.tool_choice, tools);
  const messages = readMessages(given, names, ignored, answers);
  const model = readModel(name, askedEffort(name, thinking, messages.effort ?? config.effort), resolve);
  refuseImageName(model);
  const reasoning = readReasoning(thinking, model, ignored);
  const codexBody: CodexBody = {
    model: model.slug,
    instructions: [system, ...tools.notes].filter((text) => text !== '').join('\n\n'),
    input: repairPairing(messages.items),
    ...(tools.tools.length > 0 && { tools: tools.tools }),
    ...(choice !== undefined && { tool_choice: choice }),
    ...(parallel !== undefined && { parallel_tool_calls: parallel }),
    ...(reasoning && { reasoning }),
    ...(config.text && { text: config.text }),
    include: tools.webSearch ? [ENCRYPTED, SOURCES] : [ENCRYPTED],
    store: false,
    stream: true,
  };
  const reply = { thinking: thinking.visibility, webSearch: tools.webSearch, names };
  return { body: codexBody, model, reply, scoped: messages.scoped, repairs: tools.repairs };
}

const isDeveloper = ({ type, role }: JsonObject): boolean => type === 'message' && role === 'developer';

/** System entries stand behind what the user says, and begin no turn themselves. */
const lastSaid = (items: readonly JsonObject[]): JsonObject[] => {
  const last = items.findLast((item) => !isDeveloper(item));
  return last ? [last] : [];
};

/** `POST /v1/messages`. Pure; throws `GatewayError` with the member's path in its message and as `param`. */
export function decodeMessages(
  body: JsonObject,
  headers: IncomingHttpHeaders,
  resolve: ResolveModel,
  { dropEmptyArguments }: MessagesOptions,
): MessagesTurn {
  const ignored = new IgnoredFields();
  const { stream, prewarm } = readOutput(body, ignored);
  const stops = readStops(body.stop_sequences);
  const prompt = readPrompt(body, resolve, ignored, !prewarm);
  const { model } = prompt;
  const tier = readServiceTier(body, model, ignored);
  const user = sessionOfUser(body.metadata, ignored);
  dropRefused(body, ignored);
  const session = sessionFromHeaders(headers, SESSION_HEADERS) || (user === '' ? '' : sha256(user));
  const { input, instructions = '' } = prompt.body;
  const conversation = conversationHash(instructions, input);
  const request: CodexRequest = {
    operation: 'responses',
    body: { ...prompt.body, prompt_cache_key: shortKey(session || conversation), ...(tier && { service_tier: tier }) },
    ...identityOf(headers, undefined, conversation, session),
    turnStart: startsTurn(lastSaid(input)),
    compactions: [],
    scoped: prompt.scoped,
    ignored: ignored.list(),
  };
  const reply = {
    model: model.requested,
    slug: model.slug,
    ...prompt.reply,
    stops,
    dropEmptyArguments: emptyArguments(dropEmptyArguments),
  };
  return { request, stream, reply, repairs: prompt.repairs, prewarm };
}

/**
 * `POST /v1/messages/count_tokens`: the body that would be sent. The prompt is checked as `decodeMessages` does, but for its end: clients
 * count conversations that wait for nothing.
 */
export const decodeCountTokens = (body: JsonObject, _headers: IncomingHttpHeaders, resolve: ResolveModel): CodexBody =>
  readPrompt(body, resolve, new IgnoredFields(), false).body;
