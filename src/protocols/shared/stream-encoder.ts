import type { ByteString } from '../../common/byte-string.js';
import type { GatewayError } from '../../common/gateway-error.js';
import type { TurnHead } from '../../executor/turn-sink.js';
import type { UpstreamEvent } from '../../upstream/upstream-event.js';

/** The frames that the events of one network chunk came to. `preamble` goes out before `output`. */
export interface EncodedChunk {
  /** Frames without output (response.created, role chunk, …): sending them does not commit the turn. */
  readonly preamble: ByteString;
  /** Frames from the first one that carries output on; once they are sent the turn cannot be begun again. */
  readonly output: ByteString;
  /** The dialect's last frame is among them; whatever is encoded afterwards yields nothing. */
  readonly ended: boolean;
}

/** A dialect's streamed answer: upstream events in, frames out. Pure and synchronous; one instance a turn. */
export interface StreamEncoder {
  /**
   * Another attempt begins: output of the last one was not sent. `preambleSent`: its preamble was (header hold), so it is
   * not repeated, and the ids in it stay. `head`: what is known of the attempt that begins.
   */
  restart(preambleSent: boolean, head: TurnHead): void;
  encode(events: readonly UpstreamEvent[]): EncodedChunk;
  /** A frame that keeps the client's idle timer from running out and means nothing. */
  keepAlive(): ByteString;
  /** The header hold is over before any output came: what a stream of the dialect begins with if that was not encoded yet, and a keep-alive. They are sent whatever follows. */
  hold(): ByteString;
  /**
   * Whether nothing that may still come changes the answer, but for its usage (a stop sequence was met). Upstream is then read a little
   * longer; if its end does not come in that time, `finish` ends the stream.
   */
  readonly satisfied: boolean;
  /** The frames of a normal end without upstream's last event; called only when `satisfied`. */
  finish(): ByteString;
  /** The in-band failure that ends the stream, with whatever the dialect needs before it. Empty when the stream has ended. */
  fail(error: GatewayError): ByteString;
}
