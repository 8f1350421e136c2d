import type { JsonObject } from '../upstream/upstream-event.js';
import type { CodexBody } from './codex-request.js';

/** Members the backend cannot do without: a refusal of one of them is the caller's answer, not something to leave out. */
const REQUIRED = new Set(['model', 'input', 'instructions', 'store', 'stream']);

/** Whether `parameter` (as the backend names it) is an optional top-level member of this body. */
export const isRemovable = (body: CodexBody, parameter: string): boolean => !REQUIRED.has(parameter) && Object.hasOwn(body, parameter);

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

export function withoutParameters(body: CodexBody, parameters: Iterable<string>): CodexBody {
  const copy: CodexBody = { ...body };
  for (const parameter of parameters) if (!REQUIRED.has(parameter)) delete copy[parameter];
  return copy;
}
