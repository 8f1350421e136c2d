import type { JsonObject } from '../../upstream/upstream-event.js';
import type { TurnEnd } from '../shared/turn/turn-listener.js';

/** How a message ended, as `message_delta.delta` and the JSON answer show it. */
export interface StopReason {
  readonly stop_reason: 'end_turn' | 'tool_use' | 'max_tokens' | 'stop_sequence' | 'refusal' | 'model_context_window_exceeded';
  readonly stop_sequence: string | null;
  readonly stop_details: JsonObject | null;
}

/** What of the message was shown: the reason is derived from that, never from upstream's last event, whose output is often empty. */
export interface Shown {
  readonly text: boolean;
  readonly refusal: boolean;
  readonly toolUse: boolean;
}

const reason = (stop_reason: StopReason['stop_reason'], stop_sequence: string | null = null): StopReason => ({
  stop_reason,
  stop_sequence,
  stop_details: stop_reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null,
});

/** The stop reason of a turn that did not fail; the first row that fits. */
export function stopReason(end: TurnEnd, shown: Shown): StopReason {
  if (end.stopped !== null) return reason('stop_sequence', end.stopped);
  if (end.status === 'incomplete') return incomplete(end.incompleteReason ?? '');
  if (shown.toolUse) return reason('tool_use');
  return reason(shown.refusal && !shown.text ? 'refusal' : 'end_turn');
}

/** A cut turn never says `tool_use`: its last call may be cut, too, and must not be executed. */
function incomplete(why: string): StopReason {
  if (why === 'content_filter') return reason('refusal');
  return reason(/context/.test(why) ? 'model_context_window_exceeded' : 'max_tokens');
}
