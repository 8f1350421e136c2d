import type { JsonObject } from '../../upstream/upstream-event.js';
import { booleanIn, objectIn, refused, required, requiredString, stringIn, unknownTag } from './request-readers.js';
import type { ReadTools } from './request-tools.js';

export interface ReadToolChoice {
  /** `tool_choice` of the backend. */
  readonly choice?: string | JsonObject;
  /** `parallel_tool_calls` of the backend; it decides itself where nothing is sent. */
  readonly parallel?: false;
}

const MODES: Readonly<Record<string, string>> = { auto: 'auto', any: 'required', none: 'none' };

function chosen(given: JsonObject, type: string, { tools, choices }: ReadTools): string | JsonObject | undefined {
  if (Object.hasOwn(MODES, type)) {
    if (tools.length > 0) return MODES[type];
    if (type !== 'any') return undefined;
    throw refused('tool_choice', 'tool_choice.any may only be specified while providing tools');
  }
  if (type !== 'tool') throw unknownTag('tool_choice.type', type, [...Object.keys(MODES), 'tool']);
  const name = requiredString(given.name, 'tool_choice.name');
  const choice = choices.get(name);
  if (choice === undefined) throw refused('tool_choice.name', `Tool '${name.slice(0, 64)}' not found in provided tools`);
  return choice;
}

export function readToolChoice(given: unknown, tools: ReadTools): ReadToolChoice {
  const object = objectIn(given, 'tool_choice');
  if (!object) return {};
  const type = stringIn(object.type, 'tool_choice.type');
  if (type === undefined) throw required('tool_choice.type');
  const choice = chosen(object, type, tools);
  const single = booleanIn(object.disable_parallel_tool_use, 'tool_choice.disable_parallel_tool_use') ?? false;
  return { ...(choice !== undefined && { choice }), ...(single && tools.tools.length > 0 && { parallel: false }) };
}
