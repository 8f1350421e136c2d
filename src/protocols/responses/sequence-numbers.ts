import { ByteString, toBytes } from '../../common/byte-string.js';
import type { JsonObject, UpstreamEvent } from '../../upstream/upstream-event.js';

const NUMBER = /"sequence_number":\d+/;
const MEMBER = '"sequence_number":';

const frameOf = (json: JsonObject): ByteString => `event: ${toBytes(String(json.type))}\ndata: ${toBytes(JSON.stringify(json))}\n\n`;

const isNumbered = (event: UpstreamEvent): boolean =>
  event.delta === null ? typeof event.json.sequence_number === 'number' : (event.delta.numbered ?? event.data.includes(MEMBER));

/** An event as a frame of the usual form; null where its own bytes are that. */
function wholeFrame(event: UpstreamEvent): ByteString | null {
  if (event.framed) return null;
  if (event.json.type !== event.type || event.data.includes('\n')) return frameOf({ ...event.json, type: event.type });
  return `event: ${toBytes(event.type)}\ndata: ${event.data}\n\n`;
}

/**
 * The numbering of a stream. Upstream's numbers are kept, and its frames copied, until an event is inserted or one comes
 * without a number; from then on every event gets the next number, so that they always rise.
 */
export class SequenceNumbers {
  #own = false;
  #next = 0;
  /** The last event that was passed with upstream's number; read only if somebody needs to know. */
  #last: UpstreamEvent | null = null;

  /** The frames so far were not sent: begin again. */
  reset(): void {
    this.#own = false;
    this.#next = 0;
    this.#last = null;
  }

  /** Continue our own numbers behind those that were sent. */
  takeOver(): void {
    if (this.#own) return;
    this.#own = true;
    const last = this.#last?.json.sequence_number;
    if (typeof last === 'number') this.#next = Math.max(this.#next, last + 1);
    this.#last = null;
  }

  /** The frame to send for an event of upstream's; null: its bytes as they came. */
  pass(event: UpstreamEvent): ByteString | null {
    const numbered = isNumbered(event);
    // Internal events may well have no number; that is no reason to number all others anew.
    if (!numbered && !event.type.startsWith('response.')) return wholeFrame(event);
    if (!this.#own) {
      if (numbered) {
        this.#last = event;
        return wholeFrame(event);
      }
      this.takeOver();
    }
    const { frame } = event;
    return event.delta === null || frame === null
      ? frameOf({ ...event.json, type: event.type, sequence_number: this.#next++ })
      : this.#renumbered(frame);
  }

  /** A hot delta: its members are known, so the number can be changed in its bytes (inside a string the quotes would be escaped). */
  #renumbered(frame: ByteString): ByteString {
    const member = `${MEMBER}${this.#next++}`;
    return frame.includes(MEMBER) ? frame.replace(NUMBER, member) : frame.replace('\ndata: {', `\ndata: {${member},`);
  }

  rewrite(json: JsonObject): ByteString {
    const given = json.sequence_number;
    if (!this.#own && typeof given === 'number') {
      this.#next = given + 1;
      this.#last = null;
      return frameOf(json);
    }
    return this.insert(json);
  }

  insert(json: JsonObject): ByteString {
    this.takeOver();
    return frameOf({ ...json, sequence_number: this.#next++ });
  }
}
