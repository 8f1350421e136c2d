import type { GatewayError } from '../../common/gateway-error.js';
import type { JsonAnswer } from '../../common/json-answer.js';
import type { TurnHead, TurnSink } from '../../executor/turn-sink.js';
import type { JsonObject, UpstreamEvent } from '../../upstream/upstream-event.js';
import type { TurnFold } from './turn-fold.js';

/** How a dialect dresses a JSON answer. */
export interface FoldDress {
  readonly headers: (head: TurnHead) => Record<string, string>;
  /** The dialect's error body, for a failure after status 200 has gone out with a blank. */
  readonly failure: (error: GatewayError) => JsonObject;
}

/**
 * A turn that is answered with one JSON body. Nothing of it leaves before the turn is complete, so any attempt may still be replaced.
 * Once upstream has accepted an attempt, blanks may go out; after the first one a failure is told as the body of that status 200,
 * because a connection that is cut would make clients repeat what has just failed without ever showing why.
 */
export class FoldSink implements TurnSink {
  readonly committed = false;

  constructor(
    private readonly fold: TurnFold,
    private readonly answer: JsonAnswer,
    private readonly dress: FoldDress,
  ) {}

  begin(head: TurnHead): void {
    this.fold.restart(head);
    this.answer.watch(() => this.dress.headers(head));
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
    this.answer.end(this.fold.json());
  }

  fail(error: GatewayError): boolean {
    this.answer.giveUp();
    if (!this.answer.begun) return false;
    if (error.kind === 'client_closed') this.answer.destroy();
    else this.answer.endBegun(JSON.stringify(this.dress.failure(error)));
    return true;
  }
}
