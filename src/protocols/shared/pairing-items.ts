import type { JsonObject } from '../../upstream/upstream-event.js';

/** Call items, and the type of their outputs. */
const OUTPUT_OF: ReadonlyMap<unknown, string> = new Map([
  ['function_call', 'function_call_output'],
  ['custom_tool_call', 'custom_tool_call_output'],
]);
const OUTPUTS: ReadonlySet<unknown> = new Set(OUTPUT_OF.values());
const ORPHAN_LABEL = 'Result of a tool call that is no longer part of this conversation:';
/** What the official client says of a call that was interrupted. */
const ABORTED = 'aborted';

export const isCall = ({ type }: JsonObject): boolean => OUTPUT_OF.has(type);
export const isOutput = ({ type }: JsonObject): boolean => OUTPUTS.has(type);

/** Two calls that say the same have the same print; their ids are not part of it. */
export const callPrint = ({ type, name, arguments: args, input }: JsonObject): string => JSON.stringify([type, name, args, input]);

/** An output as the one of this call; the same object where it is that already. */
export function outputFor(call: JsonObject, output: JsonObject): JsonObject {
  const type = OUTPUT_OF.get(call.type);
  return output.type === type && output.call_id === call.call_id ? output : { ...output, type, call_id: call.call_id };
}

/** The output of a call that was never answered: the backend takes no call without one. */
export const abortedOutput = (call: JsonObject): JsonObject => ({ type: OUTPUT_OF.get(call.type), call_id: call.call_id, output: ABORTED });

/** A result whose call is gone, as something that the user says. Pictures and files stay what they are. */
export function orphanMessage({ output }: JsonObject): JsonObject {
  const content = Array.isArray(output)
    ? [{ type: 'input_text', text: ORPHAN_LABEL }, ...(output as unknown[])]
    : [{ type: 'input_text', text: typeof output === 'string' && output !== '' ? `${ORPHAN_LABEL}\n${output}` : ORPHAN_LABEL }];
  return { type: 'message', role: 'user', content };
}
