import { invalidRequest } from '../../../common/gateway-error.js';
import { stringifyJson } from '../../../common/stringify-json.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { codeCallId } from '../call-id.js';
import { isPlausibleCiphertext } from '../ciphertext.js';
import { normalisePart, withoutNulls } from '../content-parts.js';
import { sha256 } from '../digest.js';
import { arrayAt, missing } from '../field-readers.js';
import { IgnoredFields } from '../ignored-fields.js';
import { isObject } from '../json-body.js';

/** What became of a request's `input`. */
export interface NormalisedInput {
  readonly items: JsonObject[];
  /** SHA-256 of each compaction's ciphertext. */
  readonly compactions: string[];
  /** Tools of an `additional_tools` item (Responses-Lite layout); null where there is none. */
  readonly liteTools: unknown[] | null;
}

interface Context {
  readonly codexClient: boolean;
  readonly ignored: IgnoredFields;
}

type Rule = (item: JsonObject, at: string, context: Context) => JsonObject | null;

const ROLES = new Set(['user', 'assistant', 'developer', 'system']);
const ID = new Set(['id']);
const NONE: ReadonlySet<string> = new Set();
/** Members that mean something to a store we do not have, or to other software. */
const MESSAGE_NOISE = new Set(['id', 'status', 'reasoning_content', 'tool_calls', 'reasoning', 'refusal', 'object', 'name']);
const CALL_NOISE = new Set(['id', 'status', 'reasoning_content', 'tool_calls', 'object']);
/** Items that hosted tools made: their id is required, and must have its own prefix. */
const HOSTED_PREFIX: Readonly<Record<string, string>> = {
  web_search_call: 'ws_',
  image_generation_call: 'ig_',
  file_search_call: 'fs_',
  code_interpreter_call: 'ci_',
  computer_call: 'cu_',
  mcp_call: 'mcp_',
  mcp_list_tools: 'mcpl_',
  mcp_approval_request: 'mcpr_',
};

const message: Rule = (item, at) => {
  const role = item.role;
  if (role == null) throw missing(`${at}.role`);
  if (typeof role !== 'string' || !ROLES.has(role)) {
    throw invalidRequest(
      `Invalid value for '${at}.role': expected one of user, assistant, developer, system.`,
      `${at}.role`,
      'invalid_value',
    );
  }
  const side = role === 'assistant' ? 'output' : 'input';
  const given = item.content ?? '';
  if (typeof given !== 'string' && !Array.isArray(given)) {
    throw invalidRequest(`Invalid type for '${at}.content': expected a string or an array.`, `${at}.content`, 'invalid_type');
  }
  const content = typeof given === 'string' ? given : given.map((part, i) => normalisePart(part, side, `${at}.content[${i}]`));
  // The backend knows no system messages; developer has the same standing.
  return { ...withoutNulls(item, MESSAGE_NOISE), type: 'message', role: role === 'system' ? 'developer' : role, content };
};

const reasoning: Rule = (item, _at, { ignored }) => {
  // Nothing is stored: without its own ciphertext the item cannot be found again, and a foreign one cannot be read.
  if (!isPlausibleCiphertext(item.encrypted_content)) {
    ignored.add('input.reasoning');
    return null;
  }
  const kept: JsonObject = { type: 'reasoning', summary: Array.isArray(item.summary) ? item.summary : [] };
  const { content } = item;
  if (Array.isArray(content) && content.every((part) => isObject(part) && !Object.values(part).includes(null))) kept.content = content;
  kept.encrypted_content = item.encrypted_content;
  return kept;
};

const callIdOf = (item: JsonObject, at: string): string => {
  const id = item.call_id;
  if (typeof id !== 'string' || id === '') throw missing(`${at}.call_id`);
  return codeCallId(id);
};

const functionCall: Rule = (item, at) => {
  const given = item.arguments ?? '';
  if (typeof given !== 'string') {
    throw invalidRequest(`Invalid type for '${at}.arguments': expected a string of JSON.`, `${at}.arguments`, 'invalid_type');
  }
  if (typeof item.name !== 'string') throw missing(`${at}.name`);
  return { ...withoutNulls(item, CALL_NOISE), call_id: callIdOf(item, at), arguments: given === '' ? '{}' : given };
};

const customCall: Rule = (item, at) => ({ ...withoutNulls(item, ID), call_id: callIdOf(item, at) });

const toolOutput: Rule = (item, at) => {
  const given = item.output ?? '';
  let output: unknown = given;
  if (Array.isArray(given)) output = given.map((part, i) => normalisePart(part, 'input', `${at}.output[${i}]`));
  else if (typeof given !== 'string') output = stringifyJson(given);
  return { ...withoutNulls(item, CALL_NOISE), call_id: callIdOf(item, at), output };
};

const reference: Rule = (_item, at) => {
  throw invalidRequest(
    `Items are not stored here, so '${at}' cannot refer to one; send the item itself.`,
    at,
    'item_reference_not_supported',
  );
};

const hosted: Rule = (item, _at, { ignored }) => {
  const prefix = HOSTED_PREFIX[item.type as string]!;
  const { id } = item;
  if (id != null && !(typeof id === 'string' && id.startsWith(prefix) && id.length <= 64)) {
    ignored.add(`input.${item.type as string}`);
    return null;
  }
  return other(item, '', { codexClient: false, ignored }, NONE);
};

/** Any other item: without nulls (one level into its members) and without the id of a store we do not have. */
function other(item: JsonObject, _at: string, _context: Context, except: ReadonlySet<string> = ID): JsonObject {
  const clean = withoutNulls(item, except);
  const copy: JsonObject = {};
  for (const key in clean) {
    const member = clean[key];
    copy[key] = isObject(member) ? withoutNulls(member) : member;
  }
  return copy;
}

const RULES: Readonly<Record<string, Rule>> = {
  message,
  reasoning,
  item_reference: reference,
  function_call: functionCall,
  function_call_output: toolOutput,
  custom_tool_call: customCall,
  custom_tool_call_output: toolOutput,
  ...Object.fromEntries(Object.keys(HOSTED_PREFIX).map((type) => [type, hosted])),
};
const COMPACTIONS = new Set(['compaction', 'compaction_summary', 'context_compaction']);

function typeOf(item: JsonObject, at: string): string {
  if (item.type == null && 'role' in item) return 'message';
  if (typeof item.type !== 'string') throw missing(`${at}.type`);
  return item.type;
}

/** The client's `input` in the form the backend takes: order kept, nothing regrouped, deterministic. */
export function normaliseInput(input: unknown, codexClient: boolean, ignored: IgnoredFields): NormalisedInput {
  if (input == null) throw missing('input');
  if (typeof input === 'string') {
    const items = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }];
    return { items, compactions: [], liteTools: null };
  }
  const items: JsonObject[] = [];
  const compactions: string[] = [];
  let liteTools: unknown[] | null = null;
  arrayAt(input, 'input')!.forEach((item, i) => {
    const at = `input[${i}]`;
    if (!isObject(item)) throw invalidRequest(`Invalid type for '${at}': expected an object.`, at, 'invalid_type');
    const type = typeOf(item, at);
    const clean = (Object.hasOwn(RULES, type) ? RULES[type]! : other)(item, at, { codexClient, ignored });
    if (clean === null) return;
    if (COMPACTIONS.has(type) && typeof item.encrypted_content === 'string') compactions.push(sha256(item.encrypted_content));
    if (type === 'additional_tools') liteTools = [...(liteTools ?? []), ...(arrayAt(item.tools, `${at}.tools`) ?? [])];
    items.push(clean);
  });
  return { items, compactions, liteTools };
}
