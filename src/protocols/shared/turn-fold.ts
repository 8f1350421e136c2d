import type { TurnHead } from '../../executor/turn-sink.js';
import type { UpstreamEvent } from '../../upstream/upstream-event.js';

/** A dialect's JSON answer: the fold of the events that would have been streamed. Pure and synchronous; one instance a turn. */
export interface TurnFold {
  /** Another attempt begins: forget the last one. `head`: what is known of the one that begins. */
  restart(head: TurnHead): void;
  accept(events: readonly UpstreamEvent[]): void;
  /** Whether nothing that may still come changes the answer, but for its usage. `json` may then be asked for without upstream's last event. */
  readonly satisfied: boolean;
  /** The body of the answer. Throws `GatewayError` if the turn failed or never ended. */
  json(): string;
}
