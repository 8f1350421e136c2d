import { invalidRequest } from '../../../common/gateway-error.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';
import { withoutNulls } from '../content-parts.js';
import { arrayAt, choiceAt, missing } from '../field-readers.js';
import { isObject } from '../json-body.js';

const PREVIEW = /^web_search_preview/;
const MODES = ['auto', 'none', 'required'];

const currentType = (type: string): string => (PREVIEW.test(type) ? 'web_search' : type);

/** A function as Chat Completions nests it; its default is the lenient schema mode. */
function flattened(tool: JsonObject, nested: JsonObject, at: string): JsonObject {
  if (typeof nested.name !== 'string') throw missing(`${at}.function.name`);
  const { name, description, parameters, strict } = nested;
  return withoutNulls({
    type: tool.type,
    name,
    ...(description !== undefined && { description }),
    parameters: parameters ?? { type: 'object', properties: {} },
    strict: strict === true,
  });
}

function normaliseTool(tool: unknown, at: string): JsonObject {
  if (!isObject(tool)) throw invalidRequest(`Invalid type for '${at}': expected an object.`, at, 'invalid_type');
  if (typeof tool.type !== 'string' || tool.type === '') throw missing(`${at}.type`);
  if (tool.type === 'function' && isObject(tool.function)) return flattened(tool, tool.function, at);
  if ((tool.type === 'function' || tool.type === 'custom') && typeof tool.name !== 'string') throw missing(`${at}.name`);
  const type = currentType(tool.type);
  const clean = withoutNulls(tool);
  return type === clean.type ? clean : { ...clean, type };
}

/** Tools as the backend takes them; the client's `strict` and schemas are its own. Undefined where there is none. */
export function normaliseTools(tools: unknown): JsonObject[] | undefined {
  const list = arrayAt(tools, 'tools')?.map((tool, i) => normaliseTool(tool, `tools[${i}]`));
  return list?.length ? list : undefined;
}

const normaliseChoiceObject = (choice: JsonObject): JsonObject => {
  const type = typeof choice.type === 'string' ? currentType(choice.type) : choice.type;
  if (isObject(choice.function)) return { type: 'function', name: choice.function.name };
  if (isObject(choice.custom)) return { type: 'custom', name: choice.custom.name };
  const tools = Array.isArray(choice.tools)
    ? { tools: choice.tools.map((tool) => (isObject(tool) ? normaliseChoiceObject(tool) : (tool as unknown))) }
    : {};
  return { ...withoutNulls(choice), type, ...tools };
};

/** `tool_choice` as the backend takes it; `auto` and `none` go where there is nothing to choose from. */
export function normaliseToolChoice(choice: unknown, hasTools: boolean): string | JsonObject | undefined {
  if (choice == null) return undefined;
  if (isObject(choice)) {
    if (typeof choice.type !== 'string') throw missing('tool_choice.type');
    return normaliseChoiceObject(choice);
  }
  const mode = choiceAt(choice, 'tool_choice', MODES);
  return hasTools || mode === 'required' ? mode : undefined;
}
