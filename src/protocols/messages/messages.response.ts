import type { TurnHead } from '../../executor/turn-sink.js';
import type { UpstreamEvent } from '../../upstream/upstream-event.js';
import type { TurnFold } from '../shared/turn-fold.js';
import { BlockJson } from './block-json.js';
import { MessageTurn } from './message-turn.js';
import type { MessagesReply } from './messages-reply.js';

/** The Messages dialect as one JSON document: the message that the stream would have come to. */
export class MessagesFold implements TurnFold {
  readonly #message: BlockJson;
  readonly #turn: MessageTurn;

  /** `callId`: makes the id of a call for which upstream has none. */
  constructor(reply: MessagesReply, callId?: () => string) {
    this.#message = new BlockJson(reply);
    this.#turn = new MessageTurn(reply, this.#message, callId);
  }

  restart(head: TurnHead): void {
    this.#message.restart();
    this.#turn.restart(head);
  }

  accept(events: readonly UpstreamEvent[]): void {
    this.#turn.accept(events);
  }

  get satisfied(): boolean {
    return this.#turn.satisfied;
  }

  json(): string {
    if (!this.#message.ended && this.#turn.satisfied) this.#turn.finish();
    return this.#message.json();
  }
}
