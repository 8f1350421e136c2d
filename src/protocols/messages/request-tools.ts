import type { JsonObject } from '../../upstream/upstream-event.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { isObject } from '../shared/json-body.js';
import type { ToolRepair } from '../shared/schema-repairs.service.js';
import type { ToolNames } from '../shared/tool-names.js';
import { repairParameters } from '../shared/tool-schema/repair-parameters.js';
import type { PlacedTool } from './added-tools.js';
import { CLIENT_TOOLS } from './client-tools.js';
import { booleanIn, listIn, refused, required, requiredString, stringIn, unknownTag } from './request-readers.js';
import { webSearchTool } from './web-search-tool.js';

/** The request's tools, as the backend takes them. */
export interface ReadTools {
  readonly tools: readonly JsonObject[];
  /** What a client's tool is called → what `tool_choice` of the backend says of it. */
  readonly choices: ReadonlyMap<string, JsonObject>;
  /** A web search tool was declared, so searches are shown. */
  readonly webSearch: boolean;
  /** Sentences for the instructions: what the backend's own tools have no member for. */
  readonly notes: readonly string[];
  readonly repairs: readonly ToolRepair[];
}

const WEB_SEARCH = /^web_search_\d{8}$/;
const WEB_FETCH = /^web_fetch_\d{8}$/;
const TOOL_SEARCH = /^tool_search_/;
/** Run at the vendor, or with a schema that only the vendor's models know. */
const REFUSED = /^(?:computer_|computer_toolset|browser_toolset|code_execution_|mcp_toolset)/;
const KNOWN_TYPES = [...CLIENT_TOOLS.keys(), 'custom', 'web_search_20250305', 'web_fetch_20250910'];

class ToolReader {
  readonly tools: JsonObject[] = [];
  readonly choices = new Map<string, JsonObject>();
  readonly notes: string[] = [];
  readonly repairs: ToolRepair[] = [];
  webSearch = false;
  #fetch = false;

  constructor(
    private readonly names: ToolNames,
    private readonly ignored: IgnoredFields,
  ) {}

  read(tool: unknown, at: string): void {
    if (!isObject(tool)) throw refused(at, 'Input should be a valid dictionary');
    const type = stringIn(tool.type, `${at}.type`) ?? 'custom';
    if (type === 'custom') this.#custom(tool, at);
    else if (CLIENT_TOOLS.has(type)) this.#client(tool, type, at);
    else if (WEB_SEARCH.test(type)) this.#search(tool, at);
    else if (WEB_FETCH.test(type)) this.#page(tool, at);
    else if (TOOL_SEARCH.test(type)) this.ignored.add(`tools.${type}`);
    else if (REFUSED.test(type)) throw refused(`${at}.type`, `Tools of the type '${type.slice(0, 64)}' cannot be run here`);
    else throw unknownTag(`${at}.type`, type, KNOWN_TYPES);
  }

  /** Reading a page is something that the hosted search does too. */
  finish(): void {
    if (this.#fetch && !this.webSearch) this.tools.push({ type: 'web_search' });
  }

  #custom(tool: JsonObject, at: string): void {
    const name = requiredString(tool.name, `${at}.name`);
    if (name === '') throw refused(`${at}.name`, 'String should have at least 1 character');
    const schema = tool.input_schema;
    if (schema == null) throw required(`${at}.input_schema`);
    if (!isObject(schema)) throw refused(`${at}.input_schema`, 'Input should be a valid dictionary');
    const strict = booleanIn(tool.strict, `${at}.strict`) ?? false;
    const { parameters, note, rules } = repairParameters(schema, strict);
    if (rules.length > 0) this.repairs.push({ tool: name, rules });
    const description = [stringIn(tool.description, `${at}.description`), note].filter(Boolean).join('\n\n');
    this.#function(name, description, parameters, strict);
    listIn(tool.allowed_callers, `${at}.allowed_callers`);
    booleanIn(tool.eager_input_streaming, `${at}.eager_input_streaming`);
    if (listIn(tool.input_examples, `${at}.input_examples`)) this.ignored.add('tools.input_examples');
    if (booleanIn(tool.defer_loading, `${at}.defer_loading`)) this.ignored.add('tools.defer_loading');
  }

  #client(tool: JsonObject, type: string, at: string): void {
    const { name, description, parameters } = CLIENT_TOOLS.get(type)!;
    this.#function(stringIn(tool.name, `${at}.name`) || name, description, parameters, false);
    if (tool.max_characters != null) this.ignored.add('tools.max_characters');
  }

  #function(name: string, description: string, parameters: JsonObject, strict: boolean): void {
    const coded = this.names.declare(name);
    this.#declare(name, { type: 'function', name: coded });
    // An explicit `strict`: where it is left out the backend makes every property a required one.
    this.tools.push({ type: 'function', name: coded, ...(description !== '' && { description }), parameters, strict });
  }

  #search(tool: JsonObject, at: string): void {
    this.#declare(stringIn(tool.name, `${at}.name`) || 'web_search', { type: 'web_search' });
    const { hosted, note } = webSearchTool(tool, at, this.ignored);
    if (note !== null) this.notes.push(note);
    if (!this.webSearch) this.tools.push(hosted);
    this.webSearch = true;
  }

  #page(tool: JsonObject, at: string): void {
    this.#declare(stringIn(tool.name, `${at}.name`) || 'web_fetch', { type: 'web_search' });
    this.ignored.add('tools.web_fetch');
    this.#fetch = true;
  }

  #declare(name: string, choice: JsonObject): void {
    if (this.choices.has(name)) throw refused('tools', `Tool names must be unique, but '${name.slice(0, 64)}' comes twice`);
    this.choices.set(name, choice);
  }
}

/** `added`: tools that stand elsewhere in the body; they come behind the others. */
export function readTools(given: unknown, added: readonly PlacedTool[], names: ToolNames, ignored: IgnoredFields): ReadTools {
  const reader = new ToolReader(names, ignored);
  listIn(given, 'tools')?.forEach((tool, i) => reader.read(tool, `tools.${i}`));
  for (const { tool, at } of added) reader.read(tool, at);
  reader.finish();
  return reader;
}
