import type { UpstreamEvent } from '../../upstream/upstream-event.js';
import { newCallId } from '../shared/call-id.js';
import { StopFilter } from '../shared/turn/stop-filter.js';
import { TurnNormaliser } from '../shared/turn/turn-normaliser.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';
import { CompletionDeltas, SHOWN } from './completion-deltas.js';
import type { DeltaOutput } from './delta-output.js';

interface Chain {
  readonly normaliser: TurnNormaliser;
  readonly stops: StopFilter | null;
}

/** One turn of Chat Completions: upstream's events → normaliser → stop sequences, if there are any → deltas → `out`. */
export class CompletionTurn {
  #chain: Chain | null = null;

  /** `callId`: makes the id of a call for which upstream has none. */
  constructor(
    private readonly reply: ChatCompletionsReply,
    private readonly out: DeltaOutput,
    private readonly callId: () => string = newCallId,
  ) {}

  restart(): void {
    this.#chain = null;
  }

  accept(events: readonly UpstreamEvent[]): void {
    this.#chain ??= this.#build();
    this.#chain.normaliser.accept(events);
  }

  get satisfied(): boolean {
    return this.#chain?.stops?.satisfied ?? false;
  }

  /** Ends a turn that is `satisfied` and of which upstream's end did not come. */
  finish(): void {
    this.#chain?.stops?.finish();
  }

  #build(): Chain {
    const { stops } = this.reply;
    const deltas = new CompletionDeltas(this.reply, this.out);
    const filter = stops.length > 0 ? new StopFilter(deltas, stops) : null;
    return { stops: filter, normaliser: new TurnNormaliser(filter ?? deltas, { shows: SHOWN, newCallId: this.callId }) };
  }
}
