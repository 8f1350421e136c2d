import { JsonObject, isObject, objectsOf, textOf } from './json.js';
import { sampleOf } from './schema-sample.js';
import { ToolCall } from './turn-items.js';

interface DeclaredTool {
  readonly kind: 'function' | 'custom';
  readonly name: string;
  readonly namespace?: string;
  readonly parameters: unknown;
}

/** Names under which agents declare a shell, best first. */
const SHELLS = [
  'exec_command',
  'shell',
  'shell_command',
  'local_shell',
  'bash',
  'Bash',
  'run_shell_command',
  'execute_command',
  'run_command',
];
const SHELL_LIKE = /shell|bash|exec|command|terminal/i;
const PATCH = '*** Begin Patch\n*** Add File: sandbox.txt\n+hello from the sandbox\n*** End Patch\n';

/** Function and custom tools of a request, those inside namespaces and `additional_tools` items too. */
export function declaredTools(request: JsonObject): DeclaredTool[] {
  const carried = objectsOf(request.input).flatMap((item) => (item.type === 'additional_tools' ? objectsOf(item.tools) : []));
  return [...objectsOf(request.tools), ...carried].flatMap((tool) => flatten(tool));
}

function flatten(tool: JsonObject, namespace?: string): DeclaredTool[] {
  if (tool.type === 'namespace') return objectsOf(tool.tools).flatMap((inner) => flatten(inner, textOf(tool.name)));
  if (tool.type !== 'function' && tool.type !== 'custom') return [];
  return [{ kind: tool.type, name: textOf(tool.name), namespace, parameters: tool.parameters }];
}

/** The tool that the request forces (`tool_choice` names one, or says `required`); null if it leaves the choice. */
export function forcedTool(request: JsonObject): DeclaredTool | null {
  const choice = request.tool_choice;
  const tools = declaredTools(request);
  if (choice === 'required') return tools[0] ?? null;
  return isObject(choice) ? (tools.find((tool) => tool.name === choice.name) ?? null) : null;
}

export const toolNamed = (request: JsonObject, name: string): DeclaredTool | null =>
  declaredTools(request).find((tool) => tool.name === name) ?? null;

export const firstTool = (request: JsonObject, kind: 'function' | 'custom'): DeclaredTool | null =>
  declaredTools(request).find((tool) => tool.kind === kind) ?? null;

/** The tool with which an agent runs a command; null if none looks like one. */
export function shellTool(request: JsonObject): DeclaredTool | null {
  const tools = declaredTools(request).filter((tool) => tool.kind === 'function');
  for (const name of SHELLS) {
    const tool = tools.find((entry) => entry.name === name);
    if (tool) return tool;
  }
  return tools.find((tool) => SHELL_LIKE.test(tool.name)) ?? null;
}

/** A call with harmless arguments that fit the tool's schema, or with the given payload. */
export function callOf(tool: DeclaredTool, payload?: string): ToolCall {
  const made = tool.kind === 'custom' ? PATCH : JSON.stringify(sampleOf(tool.parameters));
  return { kind: tool.kind, name: tool.name, namespace: tool.namespace, payload: payload ?? made };
}
