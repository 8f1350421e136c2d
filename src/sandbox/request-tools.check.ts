import { JsonObject, isObject, listOf, objectsOf, textOf } from './json.js';
import { Refusal, detail, firstRefusal, invalid, invalidValue, missing, tooLong } from './refusal.js';
import { functionSchemaFault } from './schema-check.js';

const SERVED = ['function', 'custom', 'web_search', 'image_generation', 'namespace', 'tool_search'];
/** Public tool types that this backend does not run. */
const NOT_SERVED = [
  'file_search',
  'code_interpreter',
  'computer_use',
  'computer_use_preview',
  'mcp',
  'local_shell',
  'shell',
  'web_search_preview',
  'web_search_preview_2025_03_11',
];
const NAME = /^[a-zA-Z0-9_-]+$/;

export function* checkTools(request: JsonObject, plan: string): Generator<Refusal | null> {
  for (const [i, tool] of listOf(request.tools).entries()) yield checkTool(tool, `tools[${i}]`);
  yield checkToolChoice(request, plan);
}

export function nameFault(name: unknown, param: string): Refusal | null {
  if (typeof name !== 'string') return missing(param);
  if (name === '') {
    const message = `Invalid '${param}': empty string. Expected a string with minimum length 1, but got an empty string instead.`;
    return invalid(message, param, 'empty_string');
  }
  if (NAME.test(name)) return tooLong(param, name);
  const message = `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`;
  return invalid(message, param, 'invalid_value');
}

function checkTool(tool: unknown, at: string): Refusal | null {
  if (!isObject(tool)) return missing(`${at}.type`);
  const type = textOf(tool.type);
  if (NOT_SERVED.includes(type)) return detail(400, `Unsupported tool type: ${type}`);
  if (!SERVED.includes(type)) return type === '' ? missing(`${at}.type`) : invalidValue(type, SERVED, `${at}.type`);
  if (type === 'namespace') return checkNamespace(tool, at);
  if (type !== 'function' && type !== 'custom') return null;
  return nameFault(tool.name, `${at}.name`) ?? (type === 'function' ? checkParameters(tool, at) : null);
}

const checkNamespace = (tool: JsonObject, at: string): Refusal | null =>
  nameFault(tool.name, `${at}.name`) ?? firstRefusal(objectsOf(tool.tools).map((inner, i) => checkTool(inner, `${at}.tools[${i}]`)));

function checkParameters(tool: JsonObject, at: string): Refusal | null {
  const fault = functionSchemaFault(tool.parameters, tool.strict === true);
  if (!fault) return null;
  return invalid(`Invalid schema for function '${textOf(tool.name)}': ${fault}`, `${at}.parameters`, 'invalid_function_parameters');
}

function checkToolChoice(request: JsonObject, plan: string): Refusal | null {
  const choice = request.tool_choice;
  const tools = objectsOf(request.tools).filter((tool) => plan !== 'free' || tool.type !== 'image_generation');
  if (choice === undefined || choice === null || choice === 'auto' || choice === 'none') return null;
  if (choice === 'required') {
    return tools.length > 0 ? null : invalid("Tool choice 'required' must be specified with 'tools' parameter.", 'tool_choice');
  }
  if (!isObject(choice)) return invalidValue(choice, ['none', 'auto', 'required'], 'tool_choice');
  if ('function' in choice) return invalid("Unknown parameter: 'tool_choice.function'.", 'tool_choice.function', 'unknown_parameter');
  if (choice.type === 'allowed_tools') return null;
  const named = choice.type === 'function' || choice.type === 'custom';
  if (named && typeof choice.name !== 'string') return missing('tool_choice.name');
  const found = tools.some((tool) => tool.type === choice.type && (!named || tool.name === choice.name));
  const name = named ? textOf(choice.name) : textOf(choice.type);
  return found ? null : invalid(`Tool choice '${name}' not found in 'tools' parameter.`, 'tool_choice');
}
