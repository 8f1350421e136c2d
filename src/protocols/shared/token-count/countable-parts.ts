import type { CodexBody } from '../../../executor/codex-request.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import { base64ImageTokens, documentTokens, imageTokens, UNKNOWN_IMAGE_TOKENS } from './media-tokens.js';

/** Receives everything of a request that costs input tokens, once each, in the order of the request. */
export interface TokenTally {
  text(text: string): void;
  /** What the model reads as compact JSON. */
  json(value: unknown): void;
  /** What is known without reading: envelopes, pictures, ciphertext. */
  tokens(count: number): void;
}

/** What the vendor's own framing of each input item and tool comes to. */
const ITEM_TOKENS = 4;
const TOOL_TOKENS = 8;
/** Namespaces in namespaces: more than anybody sends. */
const MAX_NAMESPACES = 8;
const CHARACTERS_PER_CIPHER_TOKEN = 4;

/** Members that say what an item is, not what it says. */
const ENVELOPE = new Set(['type', 'id', 'call_id', 'status', 'role']);
/** Members of a tool that are counted on their own, or never shown to the model. */
const TOOL_MEMBERS = new Set(['type', 'name', 'description', 'parameters', 'strict', 'tools']);
const TEXT_MEMBERS = ['text', 'refusal'];

function textOf(value: unknown, tally: TokenTally): void {
  if (typeof value === 'string' && value !== '') tally.text(value);
}

function cipherOf(value: unknown, tally: TokenTally): void {
  if (typeof value === 'string') tally.tokens(value.length / CHARACTERS_PER_CIPHER_TOKEN);
}

/** Parts of unknown kinds count as JSON, pictures in them as pictures: in a member too, where computer calls have their screenshot. */
function other(value: JsonObject, tally: TokenTally, nested = false): void {
  const rest: JsonObject = {};
  let members = 0;
  for (const key in value) {
    const member = value[key];
    if (ENVELOPE.has(key)) continue;
    if (key === 'encrypted_content') cipherOf(member, tally);
    else if (key === 'image_url') tally.tokens(imageTokens(member));
    else if (!nested && isObject(member) && 'image_url' in member) other(member, tally, true);
    else {
      rest[key] = member;
      members++;
    }
  }
  if (members > 0) tally.json(rest);
}

function part(value: unknown, tally: TokenTally): void {
  if (!isObject(value)) return textOf(value, tally);
  if (value.type === 'input_image') return tally.tokens(imageTokens(value.image_url));
  if (value.type === 'input_file') {
    textOf(value.filename, tally);
    return tally.tokens(documentTokens(value.file_data));
  }
  const member = TEXT_MEMBERS.find((name) => typeof value[name] === 'string');
  if (member) textOf(value[member], tally);
  else other(value, tally);
}

function content(value: unknown, tally: TokenTally): void {
  if (Array.isArray(value)) for (const each of value) part(each, tally);
  else part(value, tally);
}

function item(value: JsonObject, tally: TokenTally): void {
  tally.tokens(ITEM_TOKENS);
  switch (value.type) {
    case 'message':
      return content(value.content, tally);
    case 'function_call':
    case 'custom_tool_call':
      textOf(value.name, tally);
      return textOf(value.arguments ?? value.input, tally);
    case 'function_call_output':
    case 'custom_tool_call_output':
      return content(value.output, tally);
    case 'reasoning':
    case 'compaction':
      // The summaries beside the ciphertext are for people; the model reads what is inside.
      return cipherOf(value.encrypted_content, tally);
    case 'additional_tools':
      return tools(value.tools, tally);
    case 'image_generation_call':
      return tally.tokens(typeof value.result === 'string' ? base64ImageTokens(value.result, 0) : UNKNOWN_IMAGE_TOKENS);
    default:
      return other(value, tally);
  }
}

function tool(value: JsonObject, tally: TokenTally, depth: number): void {
  tally.tokens(TOOL_TOKENS);
  // A hosted tool has no name, nothing but its type and options.
  textOf(value.name ?? value.type, tally);
  textOf(value.description, tally);
  if (value.parameters != null) tally.json(value.parameters);
  const options = Object.keys(value).filter((key) => !TOOL_MEMBERS.has(key));
  if (options.length > 0) tally.json(Object.fromEntries(options.map((key) => [key, value[key]])));
  // A namespace has tools of its own.
  tools(value.tools, tally, depth + 1);
}

function tools(value: unknown, tally: TokenTally, depth = 0): void {
  if (!Array.isArray(value) || depth > MAX_NAMESPACES) return;
  for (const each of value) if (isObject(each)) tool(each, tally, depth);
}

/** Everything of `body` that the model reads: instructions, items, tools, and the schema of the answer. Linear, pure. */
export function tallyBody(body: CodexBody, tally: TokenTally): void {
  textOf(body.instructions, tally);
  for (const each of body.input) item(each, tally);
  tools(body.tools, tally);
  if (isObject(body.text) && isObject(body.text.format) && body.text.format.schema !== undefined) tally.json(body.text.format.schema);
}
