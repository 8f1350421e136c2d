import { promptTokens } from './conversation.js';
import { JsonObject, isObject, listOf, textOf } from './json.js';
import { findModel, refuseModel } from './model-catalogue.js';
import { Refusal, detail, firstRefusal, invalid, invalidValue, missing, quotedList, tooLong, wrongType } from './refusal.js';
import { CiphertextTest, checkInput } from './request-input.check.js';
import { checkLite, isLite } from './request-lite.check.js';
import { checkText } from './request-text.check.js';
import { checkTools } from './request-tools.check.js';

/** Everything of a call that decides whether it is refused. Header names are lower case. */
export interface CheckedCall {
  readonly request: JsonObject;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly plan: string;
  readonly ownModels: readonly string[] | null;
  readonly opens: CiphertextTest;
  /** Skips the model table: every name is served. */
  readonly anyModel: boolean;
  readonly enforceContextWindow: boolean;
}

const RESPONSES_FIELDS = new Set([
  'model',
  'instructions',
  'input',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'include',
  'store',
  'stream',
  'stream_options',
  'prompt_cache_key',
  'service_tier',
  'client_metadata',
]);
const COMPACT_FIELDS = new Set([
  'model',
  'instructions',
  'input',
  'tools',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'prompt_cache_key',
  'service_tier',
]);
const STREAM_OPTIONS = new Set(['include_obfuscation', 'reasoning_summary_delivery']);
const SERVICE_TIERS = new Set(['priority', 'default', 'ultrafast']);
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
const SUMMARIES = ['auto', 'concise', 'detailed'];
const INCLUDES = [
  'reasoning.encrypted_content',
  'web_search_call.action.sources',
  'file_search_call.results',
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'message.input_image.image_url',
  'message.output_text.logprobs',
];

/** Why `POST /codex/responses` refuses this call, or null. One fault is named at a time, in the backend's order. */
export const checkResponses = (call: CheckedCall): Refusal | null => firstRefusal(responsesChecks(call));

/** The same for `POST /codex/responses/compact`: no `store`, `stream`, `include` or `tool_choice` there. */
export const checkCompact = (call: CheckedCall): Refusal | null => firstRefusal(compactChecks(call));

function* responsesChecks(call: CheckedCall): Generator<Refusal | null> {
  const { request, headers } = call;
  if (!isLite(headers)) yield checkInstructions(request);
  yield request.store === false ? null : detail(400, 'Store must be set to false');
  yield request.stream === true ? null : detail(400, 'Stream must be set to true');
  yield Array.isArray(request.input) ? null : detail(400, 'Input must be a list');
  yield checkFields(request, RESPONSES_FIELDS);
  yield checkStreamOptions(request);
  yield* commonChecks(call);
}

function* compactChecks(call: CheckedCall): Generator<Refusal | null> {
  const { request } = call;
  yield checkInstructions(request);
  yield Array.isArray(request.input) ? null : detail(400, 'Input must be a list');
  yield checkFields(request, COMPACT_FIELDS);
  yield* commonChecks(call);
}

function* commonChecks(call: CheckedCall): Generator<Refusal | null> {
  const { request, headers } = call;
  yield checkServiceTier(request);
  yield checkModel(call);
  yield checkReasoning(request);
  yield* checkText(request);
  yield* checkIncludes(request);
  yield checkCacheKey(request, headers);
  yield checkParallel(request);
  yield* checkInput(listOf(request.input), call.opens);
  yield* checkTools(request, call.plan);
  if (isLite(headers)) yield* checkLite(request);
  if (call.enforceContextWindow) yield checkLength(request);
}

const checkInstructions = (request: JsonObject): Refusal | null =>
  typeof request.instructions === 'string' ? null : detail(400, 'Instructions are required');

function checkFields(request: JsonObject, allowed: ReadonlySet<string>): Refusal | null {
  const field = Object.keys(request).find((key) => !allowed.has(key));
  return field === undefined ? null : unsupportedParameter(field);
}

export const unsupportedParameter = (name: string): Refusal => detail(400, `Unsupported parameter: ${name}`);

function checkStreamOptions(request: JsonObject): Refusal | null {
  const options = request.stream_options;
  if (options === undefined || options === null) return null;
  const known = isObject(options) && Object.keys(options).every((key) => STREAM_OPTIONS.has(key));
  return known ? null : unsupportedParameter('stream_options');
}

function checkServiceTier(request: JsonObject): Refusal | null {
  const tier = request.service_tier;
  if (tier === undefined || tier === null || SERVICE_TIERS.has(textOf(tier))) return null;
  return detail(400, `Unsupported service_tier: ${typeof tier === 'string' ? tier : JSON.stringify(tier)}`);
}

function checkModel({ request, headers, plan, ownModels, anyModel }: CheckedCall): Refusal | null {
  if (typeof request.model !== 'string' || request.model === '') return missing('model');
  return anyModel ? null : refuseModel(request.model, plan, ownModels, headers.version ?? null);
}

function checkReasoning(request: JsonObject): Refusal | null {
  const reasoning = request.reasoning;
  if (!isObject(reasoning)) return null;
  if ('mode' in reasoning) return unsupportedParameter('reasoning.mode');
  const { effort, summary } = reasoning;
  if (effort !== undefined && effort !== null && !EFFORTS.includes(textOf(effort)))
    return invalidValue(effort, EFFORTS, 'reasoning.effort');
  if (summary !== undefined && summary !== null && !SUMMARIES.includes(textOf(summary))) {
    return invalidValue(summary, SUMMARIES, 'reasoning.summary');
  }
  return checkReasoningOfModel(textOf(request.model), textOf(effort), textOf(summary));
}

function checkReasoningOfModel(slug: string, effort: string, summary: string): Refusal | null {
  const model = findModel(slug);
  if (!model) return null;
  if (effort !== '' && !model.efforts.includes(effort)) {
    const message = `Unsupported value: '${effort}' is not supported with the '${slug}' model. Supported values are: ${quotedList(model.efforts)}.`;
    return invalid(message, 'reasoning.effort', 'unsupported_value');
  }
  if (summary === '' || model.summaries) return null;
  const message = `Unsupported parameter: 'reasoning.summary' is not supported with the '${slug}' model.`;
  return invalid(message, 'reasoning.summary', 'unsupported_parameter');
}

function* checkIncludes(request: JsonObject): Generator<Refusal | null> {
  for (const [i, value] of listOf(request.include).entries()) {
    yield INCLUDES.includes(textOf(value)) ? null : invalidValue(value, INCLUDES, `include[${i}]`);
  }
}

/** The session header becomes the cache key, and is measured as one. */
function checkCacheKey(request: JsonObject, headers: CheckedCall['headers']): Refusal | null {
  const key = request.prompt_cache_key;
  if (key !== undefined && key !== null && typeof key !== 'string') return wrongType('prompt_cache_key', 'a string', key);
  return tooLong('prompt_cache_key', textOf(key)) ?? tooLong('prompt_cache_key', headers['session-id'] ?? headers.session_id ?? '');
}

function checkParallel(request: JsonObject): Refusal | null {
  const value = request.parallel_tool_calls;
  const fine = value === undefined || value === null || typeof value === 'boolean';
  return fine ? null : wrongType('parallel_tool_calls', 'a boolean', value);
}

function checkLength(request: JsonObject): Refusal | null {
  const window = findModel(textOf(request.model))?.contextWindow ?? 272_000;
  if (promptTokens(request) <= window) return null;
  return invalid(CONTEXT_LENGTH_MESSAGE, 'input', 'context_length_exceeded');
}

export const CONTEXT_LENGTH_MESSAGE = 'Your input exceeds the context window of this model. Please adjust your input and try again.';
