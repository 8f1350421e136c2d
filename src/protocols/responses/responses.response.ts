import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject, UpstreamEvent } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';
import type { TurnFold } from '../shared/turn-fold.js';
import { NO_OUTPUT } from './event-output.js';
import type { ResponsesReply } from './responses-reply.js';
import { ResponsesTranscript } from './responses-transcript.js';

/** The Responses dialect as one JSON document: the Response that the stream would have ended with. */
export class ResponsesFold implements TurnFold {
  readonly #transcript: ResponsesTranscript;

  readonly satisfied = false;

  constructor(reply: ResponsesReply) {
    this.#transcript = new ResponsesTranscript(reply, NO_OUTPUT);
  }

  restart(): void {
    this.#transcript.restart(false);
  }

  accept(events: readonly UpstreamEvent[]): void {
    for (const event of events) this.#transcript.accept(event);
  }

  /** The Response. Throws `GatewayError` when the turn failed or never ended: a failure is answered with an error status. */
  result(): JsonObject {
    const { final } = this.#transcript;
    if (final === null) throw new GatewayError('truncated', 'upstream closed the stream before it finished');
    if (final.status !== 'failed') return final;
    const error = isObject(final.error) ? final.error : {};
    const code = typeof error.code === 'string' ? error.code : undefined;
    throw new GatewayError('upstream_error', typeof error.message === 'string' ? error.message : 'the turn failed', { code });
  }

  json(): string {
    return JSON.stringify(this.result());
  }
}
