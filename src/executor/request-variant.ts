import type { JsonObject } from '../upstream/upstream-event.js';
import type { CodexBody } from './codex-request.js';

/** Members the backend cannot do without: a refusal of one of them is the caller's answer, not something to leave out. */
const REQUIRED = new Set(['model', 'input', 'instructions', 'store', 'stream']);

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Said where the client says nothing and the backend refuses empty instructions. */
const NEUTRAL_INSTRUCTIONS = 'You are a helpful assistant.';
/** Without it nothing of a turn's reasoning survives to the next one. */
const KEPT_INCLUDE = 'reasoning.encrypted_content';
const INCLUDE_VALUE = /^include\[(?:(\d+)|([\w.]+))\]$/;

/** The value of `include` that `include[1]` or `include[file_search_call.results]` names, if the body has it and can do without. */
function includeValue({ include }: CodexBody, parameter: string): string | undefined {
  const [, index, name] = INCLUDE_VALUE.exec(parameter) ?? [];
  if (!Array.isArray(include)) return undefined;
  const values = include as readonly string[];
  const value = index === undefined ? values.find((each) => each === name) : values[Number(index)];
  return value === KEPT_INCLUDE ? undefined : value;
}

/**
 * Whether this body can do without `parameter`, as the backend names it: an optional member at the top, or by its path inside one
 * (`reasoning.summary`); a value of `include`; instructions that are empty. A place in another list has no name of its own.
 */
export function isRemovable(body: CodexBody, parameter: string): boolean {
  if (parameter === 'instructions') return body.instructions === '';
  if (includeValue(body, parameter) !== undefined) return true;
  const path = parameter.split('.');
  if (REQUIRED.has(path[0]!)) return false;
  let at: unknown = body;
  for (const name of path) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return false;
    at = at[name];
  }
  return true;
}

const carriesCiphertext = (item: JsonObject): boolean => item.type === 'reasoning' && typeof item.encrypted_content === 'string';

/** Whether leaving out reasoning would change anything. Compaction items are never left out: they are the conversation. */
export const hasReasoningCiphertext = (body: CodexBody): boolean => body.input.some(carriesCiphertext);

/** The body without reasoning that another account encrypted; the rest is shared, not copied. */
export const withoutReasoning = (body: CodexBody): CodexBody => ({ ...body, input: body.input.filter((item) => !carriesCiphertext(item)) });

/** The items that only accounts of another scope can read. */
export const ofOtherScopes = (scoped: ReadonlyMap<JsonObject, string>, scope: string): ReadonlySet<JsonObject> =>
  new Set([...scoped].filter(([, own]) => own !== scope).map(([item]) => item));

/** The body without some items of its input; the rest is shared, not copied. */
export const without = (body: CodexBody, items: ReadonlySet<JsonObject>): CodexBody => ({
  ...body,
  input: body.input.filter((item) => !items.has(item)),
});

/** A copy without what the path leads to, and without an object that is empty then. */
function withoutMember(object: JsonObject, [name, ...inner]: readonly string[]): JsonObject {
  const copy = { ...object };
  const member = copy[name!];
  const rest = inner.length > 0 && isObject(member) ? withoutMember(member, inner) : {};
  if (Object.keys(rest).length > 0) copy[name!] = rest;
  else delete copy[name!];
  return copy;
}

function withoutParameter(body: CodexBody, parameter: string): CodexBody {
  if (parameter === 'instructions') return { ...body, instructions: NEUTRAL_INSTRUCTIONS };
  const value = includeValue(body, parameter);
  if (value === undefined) return withoutMember(body, parameter.split('.')) as CodexBody;
  return { ...body, include: (body.include as readonly string[]).filter((each) => each !== value) };
}

/** The body without these parameters, as far as it has them and can do without. */
export function withoutParameters(body: CodexBody, parameters: Iterable<string>): CodexBody {
  let copy: CodexBody = body;
  for (const parameter of parameters) if (isRemovable(copy, parameter)) copy = withoutParameter(copy, parameter);
  return copy;
}
