import { invalidRequest } from '../../common/gateway-error.js';
import type { ResolvedModel, ResolveModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { arrayAt, booleanAt, choiceAt, integerAt, invalidValue, missing, objectAt, stringAt, wrongType } from '../shared/field-readers.js';
import { IgnoredFields } from '../shared/ignored-fields.js';

const SUMMARIES = ['auto', 'concise', 'detailed', 'none'];
const VERBOSITIES = ['low', 'medium', 'high'];
const MAX_STOPS = 4;

/** The first of several spellings of one member that a body has. */
function spelled(places: readonly (readonly [param: string, value: unknown])[]): { param: string; value: string } | null {
  for (const [param, value] of places) {
    const text = stringAt(value, param);
    if (text !== undefined) return { param, value: text };
  }
  return null;
}

const reasoningOf = (body: JsonObject): JsonObject => objectAt(body.reasoning, 'reasoning') ?? {};

const effortOf = (body: JsonObject): ReturnType<typeof spelled> =>
  spelled([
    ['reasoning_effort', body.reasoning_effort],
    ['reasoning.effort', reasoningOf(body).effort],
    ['reasoningEffort', body.reasoningEffort],
  ]);

/** The model: its name, the effort asked in the body under any of its spellings, and what the two come to. */
export function readModel(body: JsonObject, resolve: ResolveModel): ResolvedModel {
  const name = stringAt(body.model, 'model');
  if (!name?.trim()) throw missing('model');
  const effort = effortOf(body);
  return resolve(name, { effort: effort?.value, param: effort?.param ?? 'reasoning_effort' });
}

/** Whether the client wants no reasoning. A model that always reasons does with its lowest effort then, but nobody wants to read of it. */
export const wantsNoReasoning = ({ effort, askedEffort }: ResolvedModel): boolean => effort === 'none' || askedEffort === 'none';

/**
 * Effort, and a summary of the reasoning for `reasoning_content`: nobody sees any unless it is asked for. A model that does not
 * reason, or does not tell, is not asked.
 */
export function readReasoning(body: JsonObject, model: ResolvedModel, ignored: IgnoredFields): JsonObject | undefined {
  const given = reasoningOf(body);
  const asked = spelled([
    ['reasoning_summary', body.reasoning_summary],
    ['reasoning.summary', given.summary],
    ['reasoningSummary', body.reasoningSummary],
  ]);
  if (asked) choiceAt(asked.value, asked.param, SUMMARIES);
  for (const name in given) if (name !== 'effort' && name !== 'summary' && given[name] != null) ignored.add(`reasoning.${name}`);
  const reasoning: JsonObject = {};
  if (model.effort !== null) reasoning.effort = model.effort;
  const summary = asked?.value ?? (wantsNoReasoning(model) ? 'none' : 'auto');
  if (summary !== 'none' && model.effort !== 'none' && model.supportsSummary) reasoning.summary = summary;
  else if (asked && summary !== 'none') ignored.add(asked.param);
  return Object.keys(reasoning).length > 0 ? reasoning : undefined;
}

/** `response_format`: the schema goes up as it is; text is the default. */
function readFormat(body: JsonObject): JsonObject | undefined {
  const given = objectAt(body.response_format, 'response_format');
  if (!given) return undefined;
  const type = choiceAt(given.type, 'response_format.type', ['text', 'json_object', 'json_schema']);
  if (type === undefined) throw missing('response_format.type');
  if (type === 'text') return undefined;
  if (type === 'json_object') return { type };
  const at = 'response_format.json_schema';
  const described = objectAt(given.json_schema, at);
  if (!described) throw missing(at);
  const schema = objectAt(described.schema, `${at}.schema`);
  if (!schema) throw missing(`${at}.schema`);
  const name = stringAt(described.name, `${at}.name`) || 'response_schema';
  const description = stringAt(described.description, `${at}.description`);
  const strict = booleanAt(described.strict, `${at}.strict`);
  return { type, name, ...(description !== undefined && { description }), schema, ...(strict !== undefined && { strict }) };
}

export function readText(body: JsonObject, model: ResolvedModel, ignored: IgnoredFields): JsonObject | undefined {
  const format = readFormat(body);
  const asked = spelled([
    ['verbosity', body.verbosity],
    ['textVerbosity', body.textVerbosity],
  ]);
  const verbosity = choiceAt(asked?.value, asked?.param ?? 'verbosity', VERBOSITIES);
  if (verbosity !== undefined && !model.supportsVerbosity) ignored.add(asked!.param);
  const sent = verbosity !== undefined && model.supportsVerbosity;
  if (!format && !sent) return undefined;
  return { ...(format && { format }), ...(sent && { verbosity }) };
}

/** Only the fast tier exists here, under the name `priority`. */
export function readServiceTier(body: JsonObject, model: ResolvedModel, ignored: IgnoredFields): 'priority' | undefined {
  const tier = choiceAt(body.service_tier, 'service_tier', ['priority', 'fast', 'auto', 'default', 'flex', 'scale']);
  if (model.priority || tier === 'priority' || tier === 'fast') return 'priority';
  if (tier === 'flex' || tier === 'scale') ignored.add('service_tier');
  return undefined;
}

/** Stop sequences, which the encoder looks for in the answer's text. */
export function readStops(body: JsonObject): string[] {
  const given = body.stop;
  if (given == null || given === '') return [];
  if (typeof given === 'string') return [given];
  if (!Array.isArray(given)) throw wrongType('stop', 'a string or an array of strings', given);
  if (given.length > MAX_STOPS) throw invalidValue('stop', `expected at most ${MAX_STOPS} sequences`);
  return given.flatMap((entry: unknown, i) => {
    if (typeof entry !== 'string') throw wrongType(`stop[${i}]`, 'a string', entry);
    return entry === '' ? [] : [entry];
  });
}

/** Whether the client asked for the usage of a stream. */
export function readIncludeUsage(body: JsonObject, ignored: IgnoredFields): boolean {
  const options = objectAt(body.stream_options, 'stream_options') ?? {};
  const usage = booleanAt(options.include_usage, 'stream_options.include_usage') ?? false;
  if (booleanAt(options.include_obfuscation, 'stream_options.include_obfuscation')) ignored.add('stream_options.include_obfuscation');
  for (const name in options) {
    if (name !== 'include_usage' && name !== 'include_obfuscation' && options[name] != null) ignored.add(`stream_options.${name}`);
  }
  return usage;
}

const unavailable = (message: string, param: string): Error => invalidRequest(message, param, 'unsupported_parameter');

/** Refuses what would change the answer's form and cannot be produced: answering without it would be a silent lie. */
export function refuseUnavailable(body: JsonObject, ignored: IgnoredFields): void {
  const choices = integerAt(body.n, 'n', 1);
  if (choices !== undefined && choices > 1) throw unavailable('Only one choice can be produced per request.', 'n');
  if (booleanAt(body.logprobs, 'logprobs')) throw unavailable('Log probabilities are not available here.', 'logprobs');
  if (integerAt(body.top_logprobs, 'top_logprobs', 0)) throw unavailable('Log probabilities are not available here.', 'top_logprobs');
  const modalities = arrayAt(body.modalities, 'modalities') ?? [];
  const audio = objectAt(body.audio, 'audio');
  if (modalities.some((modality) => modality !== 'text')) throw unavailable('Only text can be produced here.', 'modalities');
  if (audio) ignored.add('audio');
}
