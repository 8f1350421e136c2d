import { decodeJsonBody, SseDecoder } from './sse-decoder.js';
import type { UpstreamEvent } from './upstream-event.js';
import { UpstreamFailure } from './upstream-failure.js';

/** The body of an answer to a streamed turn → events. */
export interface AnswerDecoder {
  /** Events that were dropped because their data is not a JSON object. */
  readonly malformed: number;
  /** The events that these bytes complete. Throws `UpstreamFailure('protocol')` for one that is too large. */
  push(chunk: Buffer): readonly UpstreamEvent[];
  end(): readonly UpstreamEvent[];
}

/** A JSON answer to a streamed request is an error or one Response object; neither is larger than what a stream may hold. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;
const BLANK: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const BRACES: ReadonlySet<number> = new Set([0x7b, 0x5b]);

/** A body is an event stream unless it calls itself JSON and begins so: there are edges that label every answer as JSON. */
export const answerDecoder = (contentType: string | undefined, maxJsonBytes = MAX_JSON_BYTES): AnswerDecoder =>
  /json/i.test(contentType ?? '') ? new LabelledJsonDecoder(maxJsonBytes) : new SseDecoder();

class LabelledJsonDecoder implements AnswerDecoder {
  #stream: SseDecoder | null = null;
  #isDocument = false;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(private readonly maxBytes: number) {}

  get malformed(): number {
    return this.#stream?.malformed ?? 0;
  }

  push(chunk: Buffer): readonly UpstreamEvent[] {
    if (this.#stream) return this.#stream.push(chunk);
    const first = this.#isDocument ? undefined : chunk.find((byte) => !BLANK.has(byte));
    if (first !== undefined) {
      if (!BRACES.has(first)) return this.#begin().push(chunk);
      this.#isDocument = true;
    }
    this.#collect(chunk);
    return [];
  }

  end(): readonly UpstreamEvent[] {
    if (this.#stream) return this.#stream.end();
    const event = decodeJsonBody(Buffer.concat(this.#pieces, this.#size).toString('utf8'));
    return event ? [event] : [];
  }

  /** Blank bytes before the first line of a stream mean nothing. */
  #begin(): SseDecoder {
    this.#pieces = [];
    return (this.#stream = new SseDecoder());
  }

  #collect(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#size += chunk.length;
    if (this.#size > this.maxBytes) throw new UpstreamFailure('protocol', `upstream sent a document of more than ${this.maxBytes} bytes`);
  }
}
