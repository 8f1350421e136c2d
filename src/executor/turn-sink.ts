import type { GatewayError } from '../common/gateway-error.js';
import type { UpstreamEvent } from '../upstream/upstream-event.js';

/** What the client may learn of the attempt that answers it. */
export interface TurnHead {
  /** Lower-case response headers of upstream. */
  readonly upstreamHeaders: Readonly<Record<string, string>>;
  /** Fields and parameters that were left out (`x-gateway-ignored`). */
  readonly ignored: readonly string[];
  /** Opaque tag of the account that answers: ciphertext of one tag can only be read under the same one. */
  readonly scope: string;
}

/**
 * Where a turn goes: a stream encoder with its connection, or the fold of a JSON answer. The executor calls
 * `begin (accept* | …)` once per attempt; as long as `committed` is false the attempt may be thrown away and begun again.
 */
export interface TurnSink {
  /** True once output that cannot be taken back has been handed to the client. A fold commits with its whole answer. */
  readonly committed: boolean;
  /** A (further) attempt has been accepted by upstream: forget everything that was not sent. Ids and names that were sent stay. */
  begin(head: TurnHead): void;
  /** The events of one network chunk, in order; a terminal event is the last one. Synchronous. */
  accept(events: readonly UpstreamEvent[]): void;
  /** Whether nothing that may still come changes the answer, but for its usage. */
  readonly satisfied: boolean;
  /** Header hold: headers, preamble and a keep-alive go out now; output does not exist yet. A fold may ignore it. */
  hold(): void;
  /** Resolves when the client can take more; null when it can now. */
  drain(): Promise<void> | null;
  /** The turn ended well: everything is delivered. */
  end(): void;
  /** The turn failed. Returns false when nothing was sent yet: then the caller throws and the client gets a real status. */
  fail(error: GatewayError): boolean;
}
