import { GatewayError, invalidRequest } from '../../../common/gateway-error.js';
import type { ResolvedModel, ResolveModel } from '../../../models/resolved-model.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { withoutNulls } from '../content-parts.js';
import { arrayAt, booleanAt, choiceAt, integerAt, missing, numberAt, objectAt, stringAt } from '../field-readers.js';
import { IgnoredFields } from '../ignored-fields.js';
import { isObject } from '../json-body.js';

const ENCRYPTED = 'reasoning.encrypted_content';
const SOURCES = 'web_search_call.action.sources';
const SUMMARIES = ['auto', 'concise', 'detailed', 'none'];
const VERBOSITIES = ['low', 'medium', 'high'];
const STREAM_OPTIONS = ['reasoning_summary_delivery', 'include_obfuscation'];

/** Members that the backend has no place for and that would change the meaning of the turn if they were left out. */
export function refuseStatefulFields(body: JsonObject): void {
  if (body.background === true)
    throw invalidRequest('Background responses are not supported: nothing is stored that could be polled.', 'background');
  booleanAt(body.background, 'background');
  if (body.conversation != null)
    throw invalidRequest('Conversations are not supported: no state is kept between requests.', 'conversation');
  if (body.prompt != null) throw invalidRequest('Prompt templates are not supported; send `instructions` and `input`.', 'prompt');
  const previous = stringAt(body.previous_response_id, 'previous_response_id');
  if (previous) {
    throw new GatewayError('invalid_request', `Previous response with id '${previous.slice(0, 100)}' not found.`, {
      param: 'previous_response_id',
      code: 'previous_response_not_found',
    });
  }
  if (body.input == null && body.messages != null) {
    throw invalidRequest('This endpoint takes `input`, not `messages`; send `messages` to /v1/chat/completions.', 'messages');
  }
}

/** The model of the request: name, effort asked in the body, and what the two come to. */
export function readModel(body: JsonObject, resolve: ResolveModel): ResolvedModel {
  const name = stringAt(body.model, 'model');
  if (!name?.trim()) throw missing('model');
  const nested = stringAt(objectAt(body.reasoning, 'reasoning')?.effort, 'reasoning.effort');
  const effort = nested ?? stringAt(body.reasoning_effort, 'reasoning_effort');
  return resolve(name, { effort, param: nested === undefined && effort !== undefined ? 'reasoning_effort' : 'reasoning.effort' });
}

export function readReasoning(body: JsonObject, model: ResolvedModel, ignored: IgnoredFields): JsonObject | undefined {
  const given = objectAt(body.reasoning, 'reasoning') ?? {};
  const reasoning: JsonObject = {};
  if (model.effort !== null) reasoning.effort = model.effort;
  const summary =
    choiceAt(given.summary, 'reasoning.summary', SUMMARIES) ?? choiceAt(given.generate_summary, 'reasoning.generate_summary', SUMMARIES);
  if (summary !== undefined && summary !== 'none') {
    if (model.supportsSummary) reasoning.summary = summary;
    else ignored.add('reasoning.summary');
  }
  const context = choiceAt(given.context, 'reasoning.context', ['auto', 'current_turn', 'all_turns']);
  if (context !== undefined) reasoning.context = context;
  for (const name in given) {
    if (!['effort', 'summary', 'generate_summary', 'context'].includes(name) && given[name] != null) ignored.add(`reasoning.${name}`);
  }
  return Object.keys(reasoning).length > 0 ? reasoning : undefined;
}

function checkFormat(format: JsonObject, param: string): JsonObject {
  const type = choiceAt(format.type, `${param}.type`, ['text', 'json_object', 'json_schema']);
  if (type === undefined) throw missing(`${param}.type`);
  if (type === 'json_schema') {
    if (!isObject(format.schema)) throw missing(`${param}.schema`);
    if (typeof format.name !== 'string') throw missing(`${param}.name`);
  }
  return withoutNulls(format);
}

/** `response_format` belongs to Chat Completions but is often sent here; its meaning is `text.format`. */
function formatOfChat(body: JsonObject): JsonObject | undefined {
  const given = objectAt(body.response_format, 'response_format');
  if (!given || given.type === 'text') return undefined;
  const nested = objectAt(given.json_schema, 'response_format.json_schema');
  return checkFormat(nested ? { type: given.type, ...nested, name: nested.name ?? 'response_schema' } : given, 'response_format');
}

export function readText(body: JsonObject, model: ResolvedModel, ignored: IgnoredFields): JsonObject | undefined {
  const given = objectAt(body.text, 'text') ?? {};
  const text: JsonObject = {};
  const format = objectAt(given.format, 'text.format');
  const chosen = format ? checkFormat(format, 'text.format') : formatOfChat(body);
  if (chosen) text.format = chosen;
  const verbosity = choiceAt(given.verbosity, 'text.verbosity', VERBOSITIES);
  if (verbosity !== undefined) {
    if (model.supportsVerbosity) text.verbosity = verbosity;
    else ignored.add('text.verbosity');
  }
  for (const name in given) if (name !== 'format' && name !== 'verbosity' && given[name] != null) ignored.add(`text.${name}`);
  return Object.keys(text).length > 0 ? text : undefined;
}

/** The ciphertext of reasoning is always asked for, since without it nothing of a turn's reasoning survives to the next one. */
export function readInclude(body: JsonObject, ignored: IgnoredFields): string[] {
  const include = [ENCRYPTED];
  arrayAt(body.include, 'include')?.forEach((entry, i) => {
    const name = stringAt(entry, `include[${i}]`);
    if (name === SOURCES && !include.includes(SOURCES)) include.push(SOURCES);
    else if (name !== undefined && !include.includes(name)) ignored.add(`include[${name}]`);
  });
  return include;
}

/** Only the fast tier exists here, under the name `priority`. */
export function readServiceTier(body: JsonObject, model: ResolvedModel, ignored: IgnoredFields): 'priority' | undefined {
  const tier = stringAt(body.service_tier, 'service_tier');
  if (model.priority || tier === 'priority' || tier === 'fast') return 'priority';
  if (tier !== undefined && tier !== 'auto' && tier !== 'default') ignored.add('service_tier');
  return undefined;
}

/** Members that only official Codex clients may send on. */
export function readCodexOnly(body: JsonObject, codexClient: boolean, ignored: IgnoredFields): JsonObject {
  const members: JsonObject = {};
  const metadata = objectAt(body.client_metadata, 'client_metadata');
  if (metadata && codexClient) members.client_metadata = metadata;
  else if (metadata) ignored.add('client_metadata');
  const options = objectAt(body.stream_options, 'stream_options');
  const kept = codexClient
    ? Object.fromEntries(Object.entries(options ?? {}).filter(([name, value]) => STREAM_OPTIONS.includes(name) && value !== null))
    : {};
  if (Object.keys(kept).length > 0) members.stream_options = kept;
  else if (options) ignored.add('stream_options');
  return members;
}

/** How each member the backend refuses is checked; those that a Response has are shown in the reply as the client sent them. */
const DROPPED: Readonly<Record<string, { check: (value: unknown, param: string) => unknown; echo: boolean }>> = {
  max_output_tokens: { check: (v, p) => integerAt(v, p, 1), echo: true },
  max_tokens: { check: (v, p) => integerAt(v, p, 1), echo: false },
  max_completion_tokens: { check: (v, p) => integerAt(v, p, 1), echo: false },
  max_tool_calls: { check: (v, p) => integerAt(v, p, 1), echo: true },
  temperature: { check: (v, p) => numberAt(v, p, 0, 2), echo: true },
  top_p: { check: (v, p) => numberAt(v, p, 0, 1), echo: true },
  truncation: { check: (v, p) => choiceAt(v, p, ['auto', 'disabled']), echo: true },
  user: { check: stringAt, echo: true },
  metadata: { check: objectAt, echo: true },
  safety_identifier: { check: stringAt, echo: true },
  prompt_cache_retention: { check: stringAt, echo: true },
};

/** Checks and leaves out what the backend refuses. Returns the members that the reply shows. */
export function dropRefused(body: JsonObject, read: ReadonlySet<string>, ignored: IgnoredFields): JsonObject {
  const echo: JsonObject = {};
  const logprobs = integerAt(body.top_logprobs, 'top_logprobs', 0);
  if (logprobs) throw invalidRequest('Log probabilities are not available here.', 'top_logprobs', 'unsupported_parameter');
  for (const name in body) {
    const value = body[name];
    if (value == null || read.has(name)) continue;
    const rule = Object.hasOwn(DROPPED, name) ? DROPPED[name]! : undefined;
    rule?.check(value, name);
    if (rule?.echo) echo[name] = value;
    if (name !== 'truncation' || value !== 'disabled') ignored.add(name);
  }
  return echo;
}
