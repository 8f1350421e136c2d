import { GatewayError } from '../../common/gateway-error.js';
import type { ResolvedModel, ResolveModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { isObject } from '../shared/json-body.js';
import {
  booleanIn,
  choiceIn,
  integerIn,
  listIn,
  numberIn,
  objectIn,
  refused,
  required,
  requiredString,
  stringIn,
} from './request-readers.js';

/** Changes with every request of its client, and so would destroy the prompt cache. */
const ATTRIBUTION = /^\s*x-anthropic-billing-header:/i;

export const isAttribution = (text: string): boolean => ATTRIBUTION.test(text);

/** Clients that join the blocks themselves have the attribution as the first line of all their instructions. */
const ATTRIBUTION_LINE = /^\s*x-anthropic-billing-header:.*\s*/i;

/** `system` as instructions: blocks are joined with a blank line. */
export function readSystem(given: unknown): string {
  if (given == null) return '';
  if (typeof given === 'string') return given.replace(ATTRIBUTION_LINE, '');
  const texts: string[] = [];
  listIn(given, 'system')!.forEach((block, i) => {
    const at = `system.${i}`;
    if (!isObject(block)) throw refused(at, 'Input should be a valid dictionary');
    if (block.type !== 'text') throw refused(`${at}.type`, "Input should be 'text'");
    const text = requiredString(block.text, `${at}.text`);
    if (text !== '' && !isAttribution(text)) texts.push(text);
  });
  return texts.join('\n\n');
}

/** The model for the backend. An unknown one is told in the words of this API. */
export function readModel(name: string, effort: string | null, resolve: ResolveModel): ResolvedModel {
  try {
    return resolve(name, { effort, param: 'output_config.effort' });
  } catch (error) {
    if (!(error instanceof GatewayError) || error.kind !== 'model_not_found') throw error;
    throw new GatewayError('model_not_found', `model: ${name.slice(0, 100)}. ${error.message}`, error.detail, error);
  }
}

export function readModelName(given: unknown): string {
  const name = requiredString(given, 'model');
  if (name.trim() === '') throw refused('model', 'String should have at least 1 character');
  return name;
}

/** Members that ask for something that stands at the vendor. */
export function refuseVendorFeatures(body: JsonObject): void {
  if (body.thread != null) throw refused('thread', 'Threads are not supported: nothing is stored here.', 'thread_unsupported_request');
  if (listIn(body.mcp_servers, 'mcp_servers')?.length) throw refused('mcp_servers', 'MCP servers are not supported here.');
  const { container } = body;
  if (container == null || container === '' || (isObject(container) && Object.keys(container).length === 0)) return;
  throw refused('container', 'Containers are not supported here.');
}

export function readStops(given: unknown): string[] {
  const stops = (listIn(given, 'stop_sequences') ?? []).map((stop, i) => {
    const text = requiredString(stop, `stop_sequences.${i}`);
    if (text.trim() === '') throw refused('stop_sequences', 'each stop sequence must contain non-whitespace');
    return text;
  });
  return [...new Set(stops)];
}

const SESSION_IN_TEXT = /_session_([\w-]+)$/;
const MAX_USER_ID = 4096;

/** The conversation's id in `metadata.user_id`: a member of a JSON text, or the end of `user_…_session_…`. Empty: there is none. */
export function sessionOfUser(given: unknown, ignored: IgnoredFields): string {
  const metadata = objectIn(given, 'metadata') ?? {};
  for (const name in metadata) if (name !== 'user_id' && metadata[name] != null) ignored.add(`metadata.${name}`);
  const user = stringIn(metadata.user_id, 'metadata.user_id') ?? '';
  if (user.length > MAX_USER_ID) return '';
  if (user.startsWith('{')) return sessionOfJson(user);
  return SESSION_IN_TEXT.exec(user)?.[1] ?? '';
}

function sessionOfJson(text: string): string {
  try {
    const user: unknown = JSON.parse(text);
    return isObject(user) && typeof user.session_id === 'string' ? user.session_id : '';
  } catch {
    return '';
  }
}

/** Only the fast tier exists here, under the name `priority`. */
export function readServiceTier(body: JsonObject, model: ResolvedModel, ignored: IgnoredFields): 'priority' | undefined {
  const speed = stringIn(body.speed, 'speed');
  if (speed === 'fast' || model.priority) return 'priority';
  if (speed !== undefined && speed !== 'standard') ignored.add('speed');
  return undefined;
}

/** Members that the backend has no place for, their check, and the value that says nothing. */
const DROPPED: Readonly<Record<string, { check: (value: unknown, path: string) => unknown; neutral?: unknown }>> = {
  temperature: { check: (v, p) => numberIn(v, p, 0, 1), neutral: 1 },
  top_p: { check: (v, p) => numberIn(v, p, 0, 1), neutral: 1 },
  top_k: { check: (v, p) => integerIn(v, p, 0) },
  service_tier: { check: (v, p) => choiceIn(v, p, ['auto', 'standard_only']), neutral: 'auto' },
  context_management: { check: objectIn },
  cache_control: { check: objectIn },
};
/** Members with a reader of their own. */
const READ = new Set(
  (
    'model messages system max_tokens stream stop_sequences tools tool_choice thinking output_config output_format metadata ' +
    'speed thread mcp_servers container'
  ).split(' '),
);

/** Checks and names what is left out. */
export function dropRefused(body: JsonObject, ignored: IgnoredFields): void {
  for (const name in body) {
    const value = body[name];
    if (value == null || READ.has(name)) continue;
    const rule = Object.hasOwn(DROPPED, name) ? DROPPED[name]! : undefined;
    rule?.check(value, name);
    if (rule?.neutral !== value) ignored.add(name);
  }
}

export interface AskedOutput {
  readonly stream: boolean;
  /** `max_tokens: 0`: the client fills the vendor's cache and wants no answer. */
  readonly prewarm: boolean;
}

/** How long the answer may be, which cannot be told to the backend, and in what form it is sent. */
export function readOutput(body: JsonObject, ignored: IgnoredFields): AskedOutput {
  const maxTokens = integerIn(body.max_tokens, 'max_tokens', 0);
  if (maxTokens) ignored.add('max_tokens');
  return { stream: booleanIn(body.stream, 'stream') ?? false, prewarm: maxTokens === 0 };
}

export function readMessageList(given: unknown): unknown[] {
  const messages = listIn(given, 'messages');
  if (messages === undefined) throw required('messages');
  if (messages.length === 0) throw refused('messages', 'at least one message is required');
  return messages;
}
