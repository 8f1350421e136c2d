import { invalidRequest } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { arrayAt, choiceAt, missing, objectAt, stringAt, invalidValue, wrongType } from '../shared/field-readers.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { isObject } from '../shared/json-body.js';
import type { ToolNames } from '../shared/tool-names.js';
import { hostedType, type ReadTools } from './request-tools.js';

const MODES = ['auto', 'none', 'required'];

type Declared = ReadTools['declared'];

const undeclared = (name: string, param: string): Error =>
  invalidRequest(`'${param}' names the tool '${name.slice(0, 64)}', which is not among the tools of this request.`, param, 'invalid_value');

/** One tool by name, nested (Chat Completions) or flat (Responses); hosted tools by type. `param`: where undeclared ones are reported. */
function toolReference(choice: JsonObject, at: string, param: string, declared: Declared, names: ToolNames): JsonObject {
  const type = stringAt(choice.type, `${at}.type`);
  if (!type) throw missing(`${at}.type`);
  if (type === 'function' || type === 'custom') {
    const nested = objectAt(choice[type], `${at}.${type}`);
    if (!nested && choice.name == null) throw missing(`${at}.${type}`);
    const where = nested ? `${at}.${type}.name` : `${at}.name`;
    const name = stringAt((nested ?? choice).name, where);
    if (!name) throw missing(where);
    if (!declared.has(`${type}:${name}`)) throw undeclared(name, param);
    return { type, name: names.code(name) };
  }
  const hosted = hostedType(type);
  if (!hosted) throw invalidValue(`${at}.type`, `'${type.slice(0, 64)}' is not a tool choice that is offered here`);
  if (!declared.has(hosted)) throw undeclared(type, param);
  return { type: hosted };
}

function allowedTools(choice: JsonObject, declared: Declared, names: ToolNames): JsonObject {
  const nested = objectAt(choice.allowed_tools, 'tool_choice.allowed_tools');
  const at = nested ? 'tool_choice.allowed_tools' : 'tool_choice';
  const { mode, tools } = nested ?? choice;
  if (!nested && mode == null && tools == null) throw missing('tool_choice.allowed_tools');
  const chosen = choiceAt(mode, `${at}.mode`, ['auto', 'required']);
  if (chosen === undefined) throw missing(`${at}.mode`);
  const list = arrayAt(tools, `${at}.tools`);
  if (!list) throw missing(`${at}.tools`);
  const references = list.map((entry, i) => {
    const where = `${at}.tools[${i}]`;
    if (!isObject(entry)) throw wrongType(where, 'an object', entry);
    return toolReference(entry, where, 'tool_choice', declared, names);
  });
  return { type: 'allowed_tools', mode: chosen, tools: references };
}

/** The legacy `function_call`: `none`, `auto` or the name of one of `functions`. */
function legacyChoice(
  given: unknown,
  { declared, legacy }: ReadTools,
  names: ToolNames,
  ignored: IgnoredFields,
): string | JsonObject | undefined {
  if (!isObject(given)) {
    const mode = choiceAt(given, 'function_call', ['auto', 'none']);
    if (!legacy && mode !== undefined) ignored.add('function_call');
    return legacy ? mode : undefined;
  }
  const name = stringAt(given.name, 'function_call.name');
  if (!name) throw missing('function_call.name');
  if (!legacy || !declared.has(`function:${name}`)) throw undeclared(name, 'function_call');
  return { type: 'function', name: names.code(name) };
}

/** `tool_choice` and `function_call` as the backend takes them; undefined: nothing is sent. */
export function readToolChoice(
  body: JsonObject,
  read: ReadTools,
  names: ToolNames,
  ignored: IgnoredFields,
): string | JsonObject | undefined {
  const legacy = legacyChoice(body.function_call, read, names, ignored);
  const choice = body.tool_choice;
  if (choice == null) return legacy;
  if (isObject(choice)) {
    if (choice.type === 'allowed_tools') return allowedTools(choice, read.declared, names);
    return toolReference(choice, 'tool_choice', 'tool_choice', read.declared, names);
  }
  const mode = choiceAt(choice, 'tool_choice', MODES);
  if (read.tools.length > 0) return mode;
  if (mode === 'required')
    throw invalidRequest("'tool_choice' is 'required', but the request has no tools.", 'tool_choice', 'invalid_value');
  return undefined;
}
