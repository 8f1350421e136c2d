import { openToolOutputs } from '../conversation.js';
import { JsonObject } from '../json.js';
import { ScenarioContext, content } from '../scenario.js';
import { callOf, firstTool, shellTool, toolNamed } from '../tool-pick.js';
import { ToolCall, messageEvents, pieces, toolCallEvents } from '../turn-items.js';
import { plainText } from './text.js';

/** Calls until `rounds` (1) outputs are there, then text that quotes them: otherwise a marker in the prompt would call for ever. */
const round = (calls: (context: ScenarioContext) => ToolCall[]) =>
  content(function* (context): Generator<JsonObject, void, void> {
    const outputs = openToolOutputs(context.request.input).length;
    const made = outputs < context.params.number('rounds', 1) ? calls(context) : [];
    yield* made.length > 0 ? toolCallEvents(context.turn, made) : messageEvents(context.turn, pieces(plainText(context)));
  });

const INVENTED = { city: 'Oslo' };

function oneCall(context: ScenarioContext): ToolCall {
  const { request, params } = context;
  const name = params.text('name', '');
  const tool = name === '' ? firstTool(request, 'function') : toolNamed(request, name);
  const payload = params.has('args') ? params.text('args', '') : undefined;
  if (tool) return callOf(tool, payload);
  return { kind: 'function', name: name || 'get_weather', payload: payload ?? JSON.stringify(INVENTED) };
}

function severalCalls(context: ScenarioContext): ToolCall[] {
  const call = oneCall(context);
  return Array.from({ length: context.params.number('n', 2) }, () => call);
}

function customCall({ request, params }: ScenarioContext): ToolCall[] {
  const name = params.text('name', '');
  const tool = name === '' ? firstTool(request, 'custom') : toolNamed(request, name);
  const payload = params.has('input') ? params.text('input', '') : undefined;
  return [callOf(tool ?? { kind: 'custom', name: name || 'apply_patch', parameters: null }, payload)];
}

/** What a real agent can execute: one call of its shell with a harmless command; without a shell its first function; without tools text. */
function agentCall({ request, params }: ScenarioContext): ToolCall[] {
  const tool = shellTool(request) ?? firstTool(request, 'function');
  return tool ? [callOf(tool, params.has('args') ? params.text('args', '') : undefined)] : [];
}

export const TOOL_SCENARIOS = {
  tool: round((context) => [oneCall(context)]),
  tools: round(severalCalls),
  'custom-tool': round(customCall),
  'tool-turn': round(agentCall),
  'text-and-tool': content(function* (context) {
    yield* messageEvents(context.turn, pieces('I will use a tool.'));
    if (openToolOutputs(context.request.input).length === 0) yield* toolCallEvents(context.turn, [oneCall(context)]);
  }),
};
