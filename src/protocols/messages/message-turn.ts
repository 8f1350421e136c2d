import type { TurnHead } from '../../executor/turn-sink.js';
import type { UpstreamEvent } from '../../upstream/upstream-event.js';
import { newCallId } from '../shared/call-id.js';
import { encodeSignature } from '../shared/reasoning-signature.js';
import { StopFilter } from '../shared/turn/stop-filter.js';
import type { TurnSlot } from '../shared/turn/turn-listener.js';
import { TurnNormaliser } from '../shared/turn/turn-normaliser.js';
import type { BlockOutput } from './block-output.js';
import { MessageBlocks, shownKinds } from './message-blocks.js';
import type { MessagesReply } from './messages-reply.js';

interface Chain {
  readonly normaliser: TurnNormaliser;
  readonly stops: StopFilter | null;
}

/** One turn of the Messages dialect: upstream's events → normaliser → stop sequences, if there are any → content blocks → `out`. */
export class MessageTurn {
  #chain: Chain | null = null;
  #head: TurnHead | null = null;

  /** `callId`: makes the id of a call for which upstream has none. */
  constructor(
    private readonly reply: MessagesReply,
    private readonly out: BlockOutput,
    private readonly callId: () => string = newCallId,
  ) {}

  restart(head: TurnHead): void {
    this.#chain = null;
    this.#head = head;
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
    const { reply } = this;
    const blocks = new MessageBlocks(reply, this.out, this.#sign);
    const stops = reply.stops.length > 0 ? new StopFilter(blocks, reply.stops) : null;
    return { stops, normaliser: new TurnNormaliser(stops ?? blocks, { shows: shownKinds(reply), newCallId: this.callId }) };
  }

  /** Only the account that has answered can read its reasoning again. */
  readonly #sign = ({ itemId }: TurnSlot, encryptedContent: string): string =>
    encodeSignature({ encryptedContent, itemId, model: this.reply.slug, scope: this.#head?.scope ?? '' });
}
