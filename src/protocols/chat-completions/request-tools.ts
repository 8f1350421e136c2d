import { invalidRequest } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { arrayAt, booleanAt, choiceAt, invalidValue, missing, objectAt, stringAt, wrongType } from '../shared/field-readers.js';
import { isObject } from '../shared/json-body.js';
import type { ToolRepair } from '../shared/schema-repairs.service.js';
import type { ToolNames } from '../shared/tool-names.js';
import { repairParameters } from '../shared/tool-schema/repair-parameters.js';

/** Tools of a request in the backend's form. */
export interface ReadTools {
  /** Empty: none are sent. */
  readonly tools: JsonObject[];
  /** `function:name` and `custom:name` (the client's names), and the types of hosted tools: what `tool_choice` may name. */
  readonly declared: ReadonlySet<string>;
  readonly repairs: ToolRepair[];
  /** The request used `functions`: answers call one at a time, with `function_call`. */
  readonly legacy: boolean;
}

interface ToolContext {
  readonly names: ToolNames;
  readonly declared: Set<string>;
  readonly repairs: ToolRepair[];
}

const SEARCH = /^web_search(_preview.*|_\d{4}_\d{2}_\d{2})?$/;
const CONTEXT_SIZES = ['low', 'medium', 'high'];

/** The backend's name of a hosted tool; undefined: it has none of that name. */
export const hostedType = (type: string): string | undefined =>
  SEARCH.test(type) ? 'web_search' : type === 'image_generation' ? type : undefined;

/** The tool's members: nested as Chat Completions has them, or flat as Responses has them. */
function definitionOf(tool: JsonObject, kind: 'function' | 'custom', at: string): { definition: JsonObject; at: string } {
  const nested = objectAt(tool[kind], `${at}.${kind}`);
  if (nested) return { definition: nested, at: `${at}.${kind}` };
  if (tool.name === undefined) throw missing(`${at}.${kind}`);
  return { definition: tool, at };
}

function nameOf(definition: JsonObject, at: string): string {
  const name = stringAt(definition.name, `${at}.name`);
  if (!name) throw missing(`${at}.name`);
  return name;
}

/** Two tools of one name are refused by the backend. `at`: the tool's place in the list. */
function declare(kind: 'function' | 'custom', name: string, at: string, { names, declared }: ToolContext): string {
  if (declared.has(`function:${name}`) || declared.has(`custom:${name}`)) {
    throw invalidRequest(`Duplicate tool name '${name.slice(0, 64)}' in '${at}'.`, at, 'invalid_value');
  }
  declared.add(`${kind}:${name}`);
  return names.declare(name);
}

/** The description with what the repaired schema can no longer say. */
const described = (description: string | undefined, note: string | null): string | undefined =>
  note === null ? description : description ? `${description}\n\n${note}` : note;

/**
 * A function. The default of Chat Completions is the lenient schema mode; it is always said, since the backend reads a missing
 * `strict` as a wish to make every property required.
 */
function functionTool(definition: JsonObject, at: string, toolAt: string, context: ToolContext): JsonObject {
  const name = nameOf(definition, at);
  const strict = booleanAt(definition.strict, `${at}.strict`) ?? false;
  const given = stringAt(definition.description, `${at}.description`);
  const { parameters, note, rules } = repairParameters(definition.parameters, strict);
  if (rules.length > 0) context.repairs.push({ tool: name, rules });
  const description = described(given, note);
  const coded = declare('function', name, toolAt, context);
  return { type: 'function', name: coded, ...(description !== undefined && { description }), parameters, strict };
}

/** `{type: grammar, grammar: {…}}` is flat upstream; Responses-style clients send it flat already. */
function customFormat(given: JsonObject, at: string): JsonObject {
  const type = choiceAt(given.type, `${at}.type`, ['text', 'grammar']);
  if (type === undefined) throw missing(`${at}.type`);
  if (type === 'text') return { type };
  const nested = objectAt(given.grammar, `${at}.grammar`);
  const where = nested ? `${at}.grammar` : at;
  const { syntax, definition } = nested ?? given;
  if (choiceAt(syntax, `${where}.syntax`, ['lark', 'regex']) === undefined) throw missing(`${where}.syntax`);
  if (stringAt(definition, `${where}.definition`) === undefined) throw missing(`${where}.definition`);
  return { type, syntax, definition };
}

function customTool(definition: JsonObject, at: string, toolAt: string, context: ToolContext): JsonObject {
  const name = nameOf(definition, at);
  const description = stringAt(definition.description, `${at}.description`);
  const format = objectAt(definition.format, `${at}.format`);
  const coded = declare('custom', name, toolAt, context);
  return {
    type: 'custom',
    name: coded,
    ...(description !== undefined && { description }),
    ...(format && { format: customFormat(format, `${at}.format`) }),
  };
}

/** Options of hosted tools are nested, and clients write null for those that they leave to the backend, which refuses it. */
function withoutDeepNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDeepNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutDeepNulls(member)]),
  );
}

function readTool(tool: unknown, at: string, context: ToolContext): JsonObject {
  if (!isObject(tool)) throw wrongType(at, 'an object', tool);
  const type = stringAt(tool.type, `${at}.type`);
  if (!type) throw missing(`${at}.type`);
  if (type === 'function' || type === 'custom') {
    const found = definitionOf(tool, type, at);
    return (type === 'function' ? functionTool : customTool)(found.definition, found.at, at, context);
  }
  const hosted = hostedType(type);
  if (!hosted) throw invalidValue(`${at}.type`, `'${type.slice(0, 64)}' is not a type of tool that is offered here`);
  context.declared.add(hosted);
  return { ...(withoutDeepNulls(tool) as JsonObject), type: hosted };
}

/** `web_search_options`: the search tool by another name. */
function searchTool(given: JsonObject): JsonObject {
  const at = 'web_search_options';
  const size = choiceAt(given.search_context_size, `${at}.search_context_size`, CONTEXT_SIZES);
  const location = objectAt(given.user_location, `${at}.user_location`);
  const tool: JsonObject = { type: 'web_search' };
  if (size !== undefined) tool.search_context_size = size;
  if (location) {
    const param = `${at}.user_location`;
    choiceAt(location.type, `${param}.type`, ['approximate']);
    const { city, country, region, timezone } = objectAt(location.approximate, `${param}.approximate`) ?? location;
    const place = { city, country, region, timezone };
    for (const name in place) stringAt(place[name as keyof typeof place], `${param}.approximate.${name}`);
    tool.user_location = withoutUndefined({ type: 'approximate', ...place });
  }
  return tool;
}

const withoutUndefined = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value != null));

/** The tools of the request: functions and custom tools with names and schemas that the backend takes, hosted tools, legacy functions. */
export function readTools(body: JsonObject, names: ToolNames): ReadTools {
  const context: ToolContext = { names, declared: new Set(), repairs: [] };
  const listed = arrayAt(body.tools, 'tools') ?? [];
  const functions = arrayAt(body.functions, 'functions') ?? [];
  if (listed.length > 0 && functions.length > 0) {
    throw invalidRequest("'functions' cannot be used together with 'tools'.", 'functions', 'invalid_value');
  }
  const tools = listed.map((tool, i) => readTool(tool, `tools[${i}]`, context));
  functions.forEach((entry, i) => {
    const at = `functions[${i}]`;
    if (!isObject(entry)) throw wrongType(at, 'an object', entry);
    tools.push(functionTool({ ...entry, strict: false }, at, at, context));
  });
  const search = objectAt(body.web_search_options, 'web_search_options');
  if (search) {
    const tool = searchTool(search);
    if (!context.declared.has('web_search')) tools.push(tool);
    context.declared.add('web_search');
  }
  return { tools, declared: context.declared, repairs: context.repairs, legacy: functions.length > 0 };
}
