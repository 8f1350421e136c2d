import type { IncomingHttpHeaders } from 'node:http';
import { invalidRequest } from '../../../common/gateway-error.js';
import type { CodexBody, CodexRequest } from '../../../executor/codex-request.js';
import type { ResolvedModel, ResolveModel } from '../../../models/resolved-model.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { headerOf, isCodexClient, LITE_HEADER, shortKey } from '../client-identity.js';
import { conversationHash, identityOf, startsTurn } from '../conversation.js';
import { booleanAt, missing, stringAt } from '../field-readers.js';
import { IgnoredFields } from '../ignored-fields.js';
import { withImageTool } from '../image-tool.js';
import { isObject } from '../json-body.js';
import { withJsonMention } from '../json-mode.js';
import { NormalisedInput, normaliseInput } from './input-items.js';
import {
  dropRefused,
  readCodexOnly,
  readInclude,
  readModel,
  readReasoning,
  readServiceTier,
  readText,
  refuseStatefulFields,
} from './request-fields.js';
import { normaliseToolChoice, normaliseTools } from './request-tools.js';

/** A Responses body, read: what goes to the executor, and what an encoder has to know. */
export interface ReadResponsesRequest {
  readonly request: CodexRequest;
  readonly stream: boolean;
  readonly model: ResolvedModel;
  /** Members that upstream never sees, as the client sent them. */
  readonly echo: JsonObject;
  /** Members that a Response repeats. */
  readonly asked: JsonObject;
}

/** Members that have a reader of their own; whatever else a body has is left out and named. */
const READ = new Set(
  (
    'model input instructions stream stream_options background conversation prompt previous_response_id include reasoning reasoning_effort ' +
    'text response_format tools tool_choice parallel_tool_calls prompt_cache_key service_tier client_metadata top_logprobs'
  ).split(' '),
);
const NOT_IGNORED = new Set([...READ, 'store']);

export function readInstructions(body: JsonObject): string {
  if (Array.isArray(body.instructions)) {
    throw invalidRequest(
      "Invalid type for 'instructions': a list of items is only legal in replies; send a string.",
      'instructions',
      'invalid_type',
    );
  }
  return stringAt(body.instructions, 'instructions') ?? '';
}

/** Tools, in the layout of Responses-Lite (inside `input`) only if header and item came together, else at the top. */
export function readTools(
  body: JsonObject,
  input: NormalisedInput,
  lite: boolean,
): { input: JsonObject[]; tools?: JsonObject[]; hasTools: boolean } {
  if (input.liteTools === null || lite) {
    const tools = normaliseTools(body.tools);
    return { input: input.items, tools, hasTools: tools !== undefined || input.liteTools !== null };
  }
  const own = Array.isArray(body.tools) ? (body.tools as unknown[]) : [];
  const tools = normaliseTools([...own, ...input.liteTools]);
  return { input: input.items.filter((item) => item.type !== 'additional_tools'), tools, hasTools: tools !== undefined };
}

export const isLite = (headers: IncomingHttpHeaders, input: NormalisedInput): boolean =>
  isCodexClient(headers) && headerOf(headers, LITE_HEADER) === 'true' && input.liteTools !== null;

/**
 * A body in the Responses shape, in the form the backend takes: only what the backend refuses, or what would make the reply
 * dishonest, is changed. Chat Completions takes such bodies too. Pure; throws `GatewayError` with the member's path as `param`.
 */
export function readResponsesRequest(body: JsonObject, headers: IncomingHttpHeaders, resolve: ResolveModel): ReadResponsesRequest {
  const ignored = new IgnoredFields();
  const codexClient = isCodexClient(headers);
  refuseStatefulFields(body);
  const model = readModel(body, resolve);
  const instructions = readInstructions(body);
  const stream = booleanAt(body.stream, 'stream') ?? false;
  if (booleanAt(body.store, 'store')) ignored.add('store');
  const normalised = normaliseInput(body.input, codexClient, ignored);
  if (normalised.items.length === 0 && instructions === '') throw missing('input');
  const lite = isLite(headers, normalised);
  const { input, tools, hasTools } = readTools(withImageTool(body, model), normalised, lite);
  const text = readText(body, model, ignored);
  const choice = normaliseToolChoice(body.tool_choice, hasTools);
  const parallel = booleanAt(body.parallel_tool_calls, 'parallel_tool_calls');
  const reasoning = readReasoning(body, model, ignored);
  const tier = readServiceTier(body, model, ignored);
  const cacheKey = stringAt(body.prompt_cache_key, 'prompt_cache_key') || undefined;
  const conversation = conversationHash(instructions, input);
  const identity = identityOf(headers, cacheKey, conversation);
  const codexBody: CodexBody = {
    model: model.slug,
    // The backend asks for instructions, except in the Lite layout, where they stand in the input.
    ...((!lite || instructions !== '') && { instructions }),
    input: withJsonMention(input, text?.format),
    ...(tools && { tools }),
    ...(choice !== undefined && { tool_choice: choice }),
    ...(parallel !== undefined && hasTools && { parallel_tool_calls: parallel }),
    ...(reasoning && { reasoning }),
    ...(text && { text }),
    include: readInclude(body, ignored),
    store: false,
    stream: true,
    prompt_cache_key: shortKey(cacheKey ?? (identity.sessionId || conversation)),
    ...(tier && { service_tier: tier }),
    ...readCodexOnly(body, codexClient, ignored),
  };
  const echo = dropRefused(body, NOT_IGNORED, ignored);
  const request: CodexRequest = {
    operation: 'responses',
    body: codexBody,
    ...identity,
    identityHeaders: lite ? { ...identity.identityHeaders, [LITE_HEADER]: 'true' } : identity.identityHeaders,
    turnStart: startsTurn(input),
    compactions: normalised.compactions,
    ignored: ignored.list(),
  };
  const asked = {
    instructions: instructions === '' ? null : instructions,
    tools: tools ?? [],
    tool_choice: choice ?? 'auto',
    parallel_tool_calls: parallel ?? true,
    reasoning: reasoning ?? null,
    text: { format: { type: 'text' }, ...(isObject(text) ? text : {}) },
  };
  return { request, stream, model, echo, asked };
}
