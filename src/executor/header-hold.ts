import type { TurnSink } from './turn-sink.js';

/**
 * The end of the header hold: when it is over, headers and a keep-alive go out if upstream has accepted an attempt, or as soon
 * as it does. Output goes out whenever it comes; the hold only bounds how long an accepted but silent turn stays without headers,
 * because load balancers and clients give up on a connection that shows nothing.
 */
export class HeaderHold {
  #timer: NodeJS.Timeout | null;
  #over = false;
  #accepted = false;

  constructor(
    private readonly sink: TurnSink,
    holdMs: number,
  ) {
    this.#timer = setTimeout(() => this.#end(), holdMs);
  }

  /** Upstream answered an attempt with 2xx. */
  accepted(): void {
    this.#accepted = true;
    if (this.#over) this.sink.hold();
  }

  /** That attempt came to nothing; the next one has to be accepted first. */
  refused(): void {
    this.#accepted = false;
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #end(): void {
    this.#timer = null;
    this.#over = true;
    if (this.#accepted) this.sink.hold();
  }
}
