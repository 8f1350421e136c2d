import { JsonObject, isObject, listOf, objectsOf, textOf } from './json.js';
import { Refusal, apiError, detail, invalid, invalidValue, missing, tooLong, wrongType } from './refusal.js';
import { nameFault } from './request-tools.check.js';

/** Whether a ciphertext was issued by this backend for the calling account. */
export type CiphertextTest = (text: string) => boolean;

const ID_PREFIX: Record<string, string> = {
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  custom_tool_call: 'ctc',
  function_call_output: 'fc',
  custom_tool_call_output: 'ctc',
  web_search_call: 'ws',
  image_generation_call: 'ig',
  local_shell_call: 'lsh',
  local_shell_call_output: 'lsh',
  tool_search_call: 'tsc',
  tool_search_output: 'tso',
  compaction: 'cmp',
  compaction_summary: 'cmp',
  context_compaction: 'cmp',
  additional_tools: 'at',
  agent_message: 'amsg',
};
const ITEM_TYPES = [...Object.keys(ID_PREFIX), 'compaction_trigger', 'item_reference'];
const USER_PARTS = ['input_text', 'input_image', 'input_file', 'input_audio'];
const ASSISTANT_PARTS = ['output_text', 'refusal'];
const OUTPUT_PARTS = ['input_text', 'input_image', 'input_file', 'input_audio', 'encrypted_content'];
const CALLS: Record<string, string> = {
  function_call: 'function call',
  custom_tool_call: 'custom tool call',
  local_shell_call: 'local shell call',
  tool_search_call: 'tool search call',
};

export function* checkInput(input: readonly unknown[], opens: CiphertextTest): Generator<Refusal | null> {
  for (const [i, item] of input.entries()) {
    if (isObject(item) && item.role === 'system') yield detail(400, 'System messages are not allowed');
    yield checkItem(item, `input[${i}]`, opens);
  }
  yield checkPairs(objectsOf(input));
}

const typeOf = (item: JsonObject): string => (item.type === undefined && item.role !== undefined ? 'message' : textOf(item.type));

function checkItem(item: unknown, at: string, opens: CiphertextTest): Refusal | null {
  if (!isObject(item)) return wrongType(at, 'an object', item);
  const type = typeOf(item);
  if (type === '') return missing(`${at}.type`);
  if (!ITEM_TYPES.includes(type)) return invalidValue(type, ITEM_TYPES, at);
  if (type === 'item_reference') return notPersisted(textOf(item.id));
  return checkId(item, type, at) ?? checkKind(item, type, at, opens);
}

function checkId(item: JsonObject, type: string, at: string): Refusal | null {
  if (item.id === undefined || item.id === null) {
    return type === 'web_search_call' || type === 'image_generation_call' ? missing(`${at}.id`) : null;
  }
  const id = textOf(item.id);
  const prefix = ID_PREFIX[type];
  if (prefix && !id.startsWith(prefix)) {
    return invalid(`Invalid '${at}.id': '${id}'. Expected an ID that begins with '${prefix}'.`, `${at}.id`, 'invalid_value');
  }
  return tooLong(`${at}.id`, id);
}

function checkKind(item: JsonObject, type: string, at: string, opens: CiphertextTest): Refusal | null {
  switch (type) {
    case 'message':
      return checkMessage(item, at);
    case 'reasoning':
      return checkReasoning(item, at, opens);
    case 'compaction':
    case 'compaction_summary':
    case 'context_compaction':
      return typeof item.encrypted_content === 'string' ? checkCiphertext(item, opens) : missing(`${at}.encrypted_content`);
    case 'function_call':
      return checkCall(item, at, 'arguments');
    case 'custom_tool_call':
      return checkCall(item, at, 'input');
    case 'function_call_output':
    case 'custom_tool_call_output':
      return checkOutput(item, at);
    default:
      return null;
  }
}

function checkMessage(item: JsonObject, at: string): Refusal | null {
  const roles = ['assistant', 'developer', 'user'];
  if (!roles.includes(textOf(item.role))) return invalidValue(item.role, roles, `${at}.role`);
  if (typeof item.content === 'string') return null;
  if (!Array.isArray(item.content)) return wrongType(`${at}.content`, 'one of an array of objects or string', item.content);
  return checkParts(item.content, item.role === 'assistant' ? ASSISTANT_PARTS : USER_PARTS, `${at}.content`);
}

function checkParts(parts: readonly unknown[], allowed: readonly string[], at: string): Refusal | null {
  for (const [i, part] of parts.entries()) {
    if (!isObject(part)) return wrongType(`${at}[${i}]`, 'an object', part);
    if ('prompt_cache_breakpoint' in part) {
      return invalid('prompt_cache_breakpoint is not supported on this model', `${at}[${i}].prompt_cache_breakpoint`);
    }
    if (!allowed.includes(textOf(part.type))) return invalidValue(part.type, allowed, `${at}[${i}]`);
    const texts = part.type === 'input_text' || part.type === 'output_text';
    if (texts && typeof part.text !== 'string') return missing(`${at}[${i}].text`);
  }
  return null;
}

function checkReasoning(item: JsonObject, at: string, opens: CiphertextTest): Refusal | null {
  const sealed = typeof item.encrypted_content === 'string';
  if (!sealed && typeof item.id === 'string') return notPersisted(item.id);
  if (!Array.isArray(item.summary)) return missing(`${at}.summary`);
  return sealed ? checkCiphertext(item, opens) : null;
}

function checkCiphertext(item: JsonObject, opens: CiphertextTest): Refusal | null {
  const text = textOf(item.encrypted_content);
  if (opens(text)) return null;
  return invalid(`The encrypted content ${text.slice(0, 4)}...${text.slice(-4)} could not be verified.`, null, 'invalid_encrypted_content');
}

function notPersisted(id: string): Refusal {
  const message = `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`;
  return apiError(404, message, { param: 'input' });
}

function checkCall(item: JsonObject, at: string, payload: 'arguments' | 'input'): Refusal | null {
  if (typeof item.call_id !== 'string') return missing(`${at}.call_id`);
  if (typeof item[payload] !== 'string') return missing(`${at}.${payload}`);
  return tooLong(`${at}.call_id`, item.call_id) ?? nameFault(item.name, `${at}.name`);
}

function checkOutput(item: JsonObject, at: string): Refusal | null {
  if (typeof item.call_id !== 'string') return missing(`${at}.call_id`);
  const long = tooLong(`${at}.call_id`, item.call_id);
  if (long || typeof item.output === 'string') return long;
  if (!Array.isArray(item.output)) return wrongType(`${at}.output`, 'one of an array of objects or string', item.output);
  return checkParts(item.output, OUTPUT_PARTS, `${at}.output`);
}

/** Every call needs its output, every output a call before it. */
function checkPairs(items: readonly JsonObject[]): Refusal | null {
  const open = new Map<string, string>();
  for (const item of items) {
    const type = textOf(item.type);
    const callId = textOf(item.call_id);
    if (CALLS[type]) open.set(callId, CALLS[type]);
    else if (type.endsWith('_output') && !open.has(callId)) return orphan(type, callId);
  }
  const answered = new Set(listOf(items.filter((item) => textOf(item.type).endsWith('_output')).map((item) => item.call_id)));
  for (const [callId, words] of open) {
    if (!answered.has(callId)) return invalid(`No tool output found for ${words} ${callId}.`, 'input');
  }
  return null;
}

function orphan(type: string, callId: string): Refusal {
  const call = type.replace(/_output$/, '').replaceAll('_', ' ');
  return invalid(`No tool call found for ${call} output with call_id ${callId}.`, 'input');
}
