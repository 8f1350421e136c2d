import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../common/gateway-error.js';
import { countValues } from '../common/json-structure.js';
import { type BodyBudget, type BodyShare, UNCOUNTED_BYTES } from './body-budget.js';
import { BodyCollector } from './body-collector.js';
import { contentCodings, decodeContent } from './content-decoding.js';

export interface BodyLimits {
  /** Bytes on the wire. */
  readonly maxBytes: number;
  /** Bytes after decompression. */
  readonly maxDecodedBytes: number;
  /** Members of arrays and objects, should it be JSON. */
  readonly maxValues: number;
  /** In each such period at least `minBytesPerPeriod` must arrive. */
  readonly periodMs: number;
  readonly minBytesPerPeriod: number;
}

/** What a value costs beside its text, once it is parsed. */
const VALUE_BYTES = 48;
/** JSON seldom shrinks to less than a sixteenth; what unpacks to more has to ask for all the room first. */
const USUAL_RATIO = 16;
const USUAL_DECODED_BYTES = 262_144;
/** As Node understands it: where it does, it leaves the `100 Continue` to us. */
const EXPECTED = /(?:^|\W)100-continue(?:$|\W)/i;

/**
 * A request body that has not been read yet. Nest awaits it where a controller asks for `@Body() body: Buffer`, which is after the guards:
 * nobody fills memory without a key. It can be had once. What it takes of the budget it gives back when the answer is over. Rejects with a
 * GatewayError (`too_large`, `invalid_request`, `overloaded`, `client_closed`).
 */
export class PendingBody implements PromiseLike<Buffer> {
  /** Whether the client keeps it back, because it was not asked for it: what comes next on the connection cannot be told then. */
  withheld: boolean;
  #taken = false;

  constructor(
    private readonly source: IncomingMessage,
    private readonly answer: ServerResponse,
    private readonly limits: BodyLimits,
    private readonly budget: BodyBudget,
  ) {
    this.withheld = source.httpVersion !== '1.0' && EXPECTED.test(source.headers.expect ?? '');
  }

  then<A = Buffer, B = never>(
    onBody?: ((body: Buffer) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    // Not kept: a request outlives its parsing by minutes.
    const reading = this.#taken ? Promise.reject<Buffer>(new Error('the body of a request can be had once')) : this.#read();
    this.#taken = true;
    return reading.then(onBody, onError);
  }

  /** The whole body, decompressed. A body that came in one piece is not copied. */
  async #read(): Promise<Buffer> {
    const encoding = this.source.headers['content-encoding'];
    const codings = encoding === undefined ? [] : contentCodings(encoding);
    const collector = new BodyCollector(this.source, this.limits, (tooSlow) => this.#share(tooSlow));
    const reading = collector.read();
    if (this.withheld && !collector.refused) this.#continue();
    let body = await reading;
    if (codings.length === 0 && body.length <= UNCOUNTED_BYTES) return body;
    const share = collector.share ?? this.#share();
    for (const coding of codings) body = await this.#decode(body, coding, share);
    await this.#weigh(body, share);
    return body;
  }

  /** Now that somebody wants it. */
  #continue(): void {
    this.withheld = false;
    this.answer.writeContinue();
  }

  #share(tooSlow?: () => void): BodyShare {
    const share = this.budget.share(tooSlow);
    if (this.answer.destroyed) share.release();
    else this.answer.once('close', () => share.release());
    return share;
  }

  async #decode(body: Buffer, coding: string, share: BodyShare): Promise<Buffer> {
    if (body.length === 0) return body;
    const { maxDecodedBytes } = this.limits;
    let room = Math.min(maxDecodedBytes, Math.max(USUAL_DECODED_BYTES, body.length * USUAL_RATIO));
    await share.take(room);
    let decoded = await decodeContent(body, coding, room);
    if (decoded === null && room < maxDecodedBytes) {
      await share.take(maxDecodedBytes - room);
      room = maxDecodedBytes;
      decoded = await decodeContent(body, coding, room);
    }
    share.give(room - (decoded?.length ?? 0));
    if (decoded === null) throw new GatewayError('too_large', `The decompressed request body exceeds ${maxDecodedBytes} bytes.`);
    return decoded;
  }

  /** What parsing it will cost. */
  async #weigh(body: Buffer, share: BodyShare): Promise<void> {
    const { maxValues } = this.limits;
    const values = countValues(body, maxValues);
    if (values > maxValues) throw new GatewayError('too_large', `The request body has more than ${maxValues} values.`);
    await share.take(values * VALUE_BYTES);
  }
}
