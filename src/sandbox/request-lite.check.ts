import { JsonObject, isObject, objectsOf, textOf } from './json.js';
import { findModel } from './model-catalogue.js';
import { Refusal, invalid } from './refusal.js';

const HEADER = 'X-OpenAI-Internal-Codex-Responses-Lite';
const TOOLS = new Set(['function', 'custom', 'namespace', 'tool_search']);

/** Whether the call asks for the layout in which instructions and tools travel inside `input`. */
export const isLite = (headers: Readonly<Record<string, string | undefined>>): boolean => headers[HEADER.toLowerCase()] === 'true';

export function* checkLite(request: JsonObject): Generator<Refusal | null> {
  const model = findModel(textOf(request.model));
  yield model && !model.lite ? invalid(`This model is not supported when using ${HEADER}.`, 'model') : null;
  const context = isObject(request.reasoning) ? request.reasoning.context : undefined;
  yield context === 'all_turns'
    ? null
    : invalid(`${HEADER} requires reasoning.context to be all_turns`, 'reasoning.context', 'unsupported_value');
  yield request.parallel_tool_calls === false
    ? null
    : invalid(`${HEADER} requires parallel_tool_calls to be false`, 'parallel_tool_calls', 'unsupported_value');
  const carried = objectsOf(request.input).flatMap((item) => (item.type === 'additional_tools' ? objectsOf(item.tools) : []));
  yield [...objectsOf(request.tools), ...carried].every((tool) => TOOLS.has(textOf(tool.type)))
    ? null
    : invalid(`${HEADER} only supports function tools, custom tools, and client-executed tool search.`, 'tools');
}
