import type { TurnHead, TurnSink } from '../../executor/turn-sink.js';
import type { UpstreamEvent } from '../../upstream/upstream-event.js';
import type { TurnFold } from './turn-fold.js';

/** A turn that is answered with one JSON body. Nothing leaves before the turn is complete, so any attempt may still be replaced. */
export class FoldSink implements TurnSink {
  readonly committed = false;
  #head: TurnHead = { upstreamHeaders: {}, ignored: [], scope: '' };

  constructor(
    private readonly fold: TurnFold,
    private readonly respond: (body: string, head: TurnHead) => void,
  ) {}

  begin(head: TurnHead): void {
    this.#head = head;
    this.fold.restart();
  }

  accept(events: readonly UpstreamEvent[]): void {
    this.fold.accept(events);
  }

  get satisfied(): boolean {
    return this.fold.satisfied;
  }

  hold(): void {
    // A JSON answer has no frame that could go out early.
  }

  drain(): null {
    return null;
  }

  /** Throws `GatewayError` where the turn cannot be told as a JSON body. */
  end(): void {
    this.respond(this.fold.json(), this.#head);
  }

  fail(): boolean {
    return false;
  }
}
