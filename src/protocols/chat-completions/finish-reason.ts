import type { TurnEnd } from '../shared/turn/turn-listener.js';

export type FinishReason = 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'function_call';

/** What the completion calls: nothing, tools, or a function of a request that used `functions`. */
export type Called = 'nothing' | 'tools' | 'legacy';

const CALLED: Readonly<Record<Called, FinishReason>> = { nothing: 'stop', tools: 'tool_calls', legacy: 'function_call' };

/**
 * The finish reason of a turn that did not fail; the first row that fits. It is derived from what was sent, never from the output list of
 * upstream's last event, which is often empty.
 */
export function finishReason({ stopped, status, incompleteReason }: TurnEnd, called: Called): FinishReason {
  // What upstream did behind the stop sequence is no part of the answer, nor is how that ended.
  if (stopped !== null) return 'stop';
  // A cut turn never says `tool_calls`: its last call may be cut, too, and must not be executed.
  if (status === 'incomplete') return incompleteReason === 'content_filter' ? 'content_filter' : 'length';
  return CALLED[called];
}
