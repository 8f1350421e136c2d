import type { UpstreamEvent } from '../../upstream/upstream-event.js';
import type { TurnFold } from '../shared/turn-fold.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';
import { CompletionTurn } from './completion-turn.js';
import { DeltaJson } from './delta-json.js';

/** Chat Completions as one JSON document: the completion that the stream would have come to. */
export class ChatCompletionsFold implements TurnFold {
  readonly #completion: DeltaJson;
  readonly #turn: CompletionTurn;

  /** `callId`: makes the id of a call for which upstream has none. */
  constructor(reply: ChatCompletionsReply, callId?: () => string) {
    this.#completion = new DeltaJson(reply);
    this.#turn = new CompletionTurn(reply, this.#completion, callId);
  }

  restart(): void {
    this.#completion.restart();
    this.#turn.restart();
  }

  accept(events: readonly UpstreamEvent[]): void {
    this.#turn.accept(events);
  }

  get satisfied(): boolean {
    return this.#turn.satisfied;
  }

  json(): string {
    if (!this.#completion.ended && this.#turn.satisfied) this.#turn.finish();
    return this.#completion.json();
  }
}
